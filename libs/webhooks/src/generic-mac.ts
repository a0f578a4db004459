import { AppError } from '@millrace/kernel';
import { type MacClaim, macOf, type Message, singleSignature, verifyMac, signatureHeader } from './mac.ts';
import { type Check, type SignInput } from './preset.ts';
import { optionalHeader, type SignedRequest } from './request.ts';
import { type RuleMembers } from './rule.ts';
import { piecesOf } from './template-boundaries.ts';
import { timestampIn } from './timestamp.ts';
import { isRefusal, type Refusal, refuse } from './verdict.ts';

interface Signed extends Pick<SignedRequest, 'method' | 'url' | 'body'> {
  readonly timestamp: string;
  readonly id: string;
}

const templateOf = (rule: RuleMembers): string =>
  rule.template ?? (rule.timestampHeader === undefined ? '{body}' : '{timestamp}.{body}');

const messageOf = (rule: RuleMembers, { method, url, body, timestamp, id }: Signed): Message => {
  const values: Readonly<Record<string, string | Uint8Array>> = {
    '{body}': body,
    '{timestamp}': timestamp,
    '{id}': id,
    '{method}': method,
    '{url}': url,
  };
  return piecesOf(templateOf(rule)).map((piece) => values[piece] ?? piece);
};

const placeOf = (rule: RuleMembers & { readonly header: string }) => ({
  header: rule.header.toLowerCase(),
  prefix: rule.prefix ?? '',
  encoding: rule.encoding ?? 'hex',
  algorithm: rule.algorithm ?? 'sha256',
});

const idHeaderOf = (rule: RuleMembers): string | undefined =>
  templateOf(rule).includes('{id}') ? rule.deliveryHeader?.toLowerCase() : undefined;

const reader =
  (rule: RuleMembers & { readonly header: string }) =>
  (request: SignedRequest): MacClaim | Refusal => {
    const claim = singleSignature(request, placeOf(rule));
    if (isRefusal(claim)) return claim;
    const idHeader = idHeaderOf(rule);
    const id = idHeader === undefined ? '' : signatureHeader(request, idHeader);
    if (typeof id !== 'string') return id;
    if (rule.timestampHeader === undefined) return claim;
    const timestamp = timestampIn(request, rule.timestampHeader.toLowerCase());
    return isRefusal(timestamp) ? timestamp : { ...claim, timestamp };
  };

/** Whether what is signed has the delivery id in it. */
export const signsGenericId = (rule: RuleMembers): boolean => idHeaderOf(rule) !== undefined;

const idIn = (request: SignedRequest, rule: RuleMembers): string => {
  const header = idHeaderOf(rule);
  return header === undefined ? '' : (optionalHeader(request, header) ?? '');
};

/** What the template names but the time: a sender that repeats a delivery signs it anew, with the time of then. */
export const genericContent = (request: SignedRequest, rule: RuleMembers): Message =>
  messageOf(rule, { ...request, timestamp: '', id: idIn(request, rule) });

/** Verifies as the rule says; without a header in it, nothing is good. */
export const verifyGeneric = (check: Check): Refusal | undefined => {
  const { rule } = check;
  if (rule.header === undefined) return refuse('missing_signature', 'the rule names no header');
  return verifyMac(
    {
      algorithm: rule.algorithm ?? 'sha256',
      read: reader({ ...rule, header: rule.header }),
      messages: (request, timestamp) => [messageOf(rule, { ...request, timestamp, id: idIn(request, rule) })],
    },
    check,
  );
};

/** @throws AppError `invalid` when the rule names no header. */
export const signGeneric = (input: SignInput, timestamp: string): Readonly<Record<string, string>> => {
  const { rule = {}, method = 'POST', url, body, deliveryId: id } = input;
  if (rule.header === undefined) {
    throw new AppError('invalid', 'webhooks.cannot_sign', 'the rule has to name the header of the signature');
  }
  const { header, prefix, encoding, algorithm } = placeOf({ ...rule, header: rule.header });
  const mac = macOf(algorithm, input.secret, messageOf(rule, { method, url, body, timestamp, id }));
  return {
    [header]: prefix + Buffer.from(mac).toString(encoding),
    ...(rule.timestampHeader === undefined ? {} : { [rule.timestampHeader.toLowerCase()]: timestamp }),
    ...(rule.deliveryHeader === undefined ? {} : { [rule.deliveryHeader.toLowerCase()]: id }),
  };
};
