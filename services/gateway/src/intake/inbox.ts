/**
 * The requests inbox: what reached a trigger and started no run of its own. A request that started one is in the log already, and is
 * not written a second time. Nobody waits for what is written here, and nothing fails because of it.
 */
import { type FastifyRequest } from 'fastify';
import { type AppError, type Clock, invariant } from '@millrace/kernel';
import { DELETED, INBOX_BODY_BYTES_MAX, type InboxOutcome, type InboxRecord } from '@millrace/contracts';
import { isSecretHeader, isSecretParameter, type Pair, REDACTED, withoutKeys } from '@millrace/dialects';
import { type PackingWriter } from '@millrace/eventlog';
import { type Ids, redactRegistered, redactText } from '@millrace/runtime';
import { type GatewayMetrics } from '../metrics.ts';
import { type Sighting } from './sighting.ts';

export interface InboxDeps {
  readonly writer: Pick<PackingWriter<InboxRecord>, 'append'>;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'runId'>;
  readonly metrics: Pick<GatewayMetrics, 'inbox'>;
}

export interface InboxNote extends Pick<InboxRecord, 'code' | 'reason' | 'delivery' | 'run'> {
  readonly outcome: InboxOutcome;
  /** What showed who sent it; by default what its entry says. */
  readonly verified?: string;
  /** False for one of several parts of a body. Default true. */
  readonly keepsBody?: boolean;
}

export interface Inbox {
  /** Records a request that was sighted at a trigger; any other is none of the inbox's business. */
  readonly record: (request: FastifyRequest, note: InboxNote) => void;
  /** Records a refusal, unless it is one of somebody who has no valid token, or who guesses too much. */
  readonly refused: (request: FastifyRequest, error: AppError) => void;
}

/** Whoever cannot show a token has not reached the trigger; a wrong key of a trigger has. */
const isForeign = (error: AppError, { candidates }: Sighting): boolean => {
  if (error.code === 'auth.unauthorized') return candidates.every(({ trigger }) => trigger.auth === 'token');
  return error.code.startsWith('auth.');
};

/** How a refused request was verified by the time it was refused. */
const verifiedOf = ({ admission, verified = 'none' }: Sighting): string =>
  // A signature shows something only once it was checked.
  admission === undefined || admission.bound.trigger.signature !== undefined ? verified : admission.verified;

/** Takes out what was presented as a credential, wherever it stands. */
const makeHide = ({ credentials }: Sighting): ((text: string) => string) => {
  const presented = [...credentials.tokens.map(({ text }) => text), ...credentials.keys].filter((text) => text !== '');
  return (text) => presented.reduce((left, secret) => left.replaceAll(secret, REDACTED), text);
};

const hiddenPairs = (
  pairs: readonly Pair[],
  isSecret: (name: string) => boolean,
  hide: (text: string) => string,
): [string, string][] => pairs.map(([name, value]) => [name, isSecret(name) ? REDACTED : redactText(hide(value))]);

const TEXT = new TextDecoder('utf-8', { fatal: true });

/** Ways in which bytes that are no UTF-8 may hold a secret: byte by byte, with broken characters between, in UTF-16. */
const VIEWS: readonly ((bytes: Buffer) => string)[] = [
  (bytes) => bytes.toString('latin1'),
  (bytes) => bytes.toString('utf8'),
  (bytes) => bytes.toString('latin1').replaceAll('\0', ''),
];

/** Nothing is taken out of the middle of bytes that nobody understands: what may hold a secret is not kept at all. */
const bytesOf = (bytes: Uint8Array, redact: (text: string) => string): Buffer => {
  const kept = Buffer.from(bytes);
  const holdsSecret = VIEWS.some((view) => {
    const text = view(kept);
    return redact(text) !== text;
  });
  return holdsSecret ? Buffer.from(REDACTED) : kept;
};

/** The body, with what is registered as secret taken out; what is cut is cut between characters. */
const bodyOf = (bytes: Uint8Array, hide: (text: string) => string): InboxRecord['body'] => {
  if (bytes.length === 0) return undefined;
  const cut = bytes.length > INBOX_BODY_BYTES_MAX;
  const kept = cut ? bytes.subarray(0, INBOX_BODY_BYTES_MAX) : bytes;
  const redact = (text: string): string => redactRegistered(hide(text));
  try {
    const text = TEXT.decode(kept, { stream: cut });
    return { text: redact(text), encoding: 'utf8', cut };
  } catch {
    return { text: bytesOf(kept, redact).toString('base64'), encoding: 'base64', cut };
  } finally {
    TEXT.decode(); // forgets a character that was cut
  }
};

const signatureHeaderOf = ({ candidates }: Sighting): string => {
  const header = candidates[0]?.trigger.signature?.rule['header'];
  return typeof header === 'string' ? header.toLowerCase() : '';
};

/** The trigger that was meant; only the workflow when several share the address and none of them was entered. */
const triggerOf = ({ candidates, admission }: Sighting) => {
  const [first, ...others] = candidates;
  const bound = admission?.bound ?? first;
  invariant(bound, 'a sighting has candidates');
  const { workspace, workflow, trigger } = bound;
  return { workspace, workflow, trigger: admission === undefined && others.length > 0 ? '*' : trigger.id };
};

/** What is deleted after use is not kept here either: who asked, and why nothing came of it, is all there is. */
const isDeletedAfterUse = ({ candidates }: Sighting): boolean =>
  candidates.some(({ version }) => version.policy.deleteAfterUse === true);

const strippedRequestOf = ({ inbound }: Sighting) => ({
  method: inbound.method,
  path: DELETED,
  params: {},
  query: [],
  headers: [],
  bodyBytes: inbound.body.length,
  from: inbound.from,
});

const hiddenParams = ({ inbound, credentials }: Sighting): Record<string, string> =>
  Object.fromEntries(
    Object.entries(inbound.params).map(([name, value]) => [name, withoutKeys(value, credentials.keys)]),
  );

const requestOf = (sighting: Sighting, keepsBody: boolean) => {
  if (isDeletedAfterUse(sighting)) return strippedRequestOf(sighting);
  const { inbound, credentials } = sighting;
  const hide = makeHide(sighting);
  const own = signatureHeaderOf(sighting);
  const isSecret = (name: string): boolean => isSecretHeader(name) || name.toLowerCase() === own;
  const body = keepsBody ? bodyOf(inbound.body, hide) : undefined;
  return {
    method: inbound.method,
    path: redactText(withoutKeys(inbound.path, credentials.keys)),
    params: hiddenParams(sighting),
    query: hiddenPairs(inbound.queryPairs(), isSecretParameter, hide),
    headers: hiddenPairs(inbound.headerPairs(), isSecret, hide),
    ...(body === undefined ? {} : { body }),
    bodyBytes: inbound.body.length,
    from: inbound.from,
  };
};

/** The caller is told that there is nothing, whoever owns the trigger should know better. */
const DISABLED = { code: 'trigger.disabled', reason: 'the trigger is disabled' };

export const makeInbox = ({ writer, clock, ids, metrics }: InboxDeps): Inbox => {
  const record: Inbox['record'] = (request, { verified, keepsBody = true, reason, ...note }) => {
    const { sighting } = request;
    if (sighting === null || sighting === undefined) return;
    metrics.inbox.inc({ outcome: note.outcome });
    writer.append({
      id: ids.runId(),
      time: new Date(clock.now()).toISOString(),
      dialect: sighting.dialect.name,
      ...triggerOf(sighting),
      ...note,
      // A reason may name what is wrong with the input.
      reason: isDeletedAfterUse(sighting) ? note.code : redactText(makeHide(sighting)(reason)),
      verified: verified ?? verifiedOf(sighting),
      ...requestOf(sighting, keepsBody),
      route: request.routeOptions.url ?? '',
    });
  };
  return {
    record,
    refused: (request, error) => {
      const { sighting } = request;
      // Undefined where the framework itself refused the address: nothing of ours has seen the request.
      if (sighting === null || sighting === undefined || isForeign(error, sighting)) return;
      const refusal = sighting.isDisabled === true ? DISABLED : { code: error.code, reason: error.message };
      record(request, { outcome: 'refused', ...refusal });
    },
  };
};
