import { createHash } from 'node:crypto';
import { isSame } from '../constant-time.ts';
import { type MacClaim, macOf, singleSignature, verifyMac } from '../mac.ts';
import { definePreset } from '../preset.ts';
import { hasMediaType, optionalHeader, queryOf, type SignedRequest, textOf } from '../request.ts';
import { isRefusal, type Refusal, refuse } from '../verdict.ts';

const PLACE = { header: 'x-twilio-signature', prefix: '', encoding: 'base64', algorithm: 'sha1' } as const;
const BODY_DIGEST = 'bodySHA256';

/** More than any sender has; anybody may send them, for they are sorted before it is known who did. */
const FIELDS_MAX = 10_000;

const hasTooManyFields = (body: Uint8Array): boolean => {
  let fields = 1;
  for (let at = body.indexOf(0x26); at !== -1 && fields <= FIELDS_MAX; at = body.indexOf(0x26, at + 1)) fields += 1;
  return fields > FIELDS_MAX;
};

/** The parameters of a form, sorted by name, each once per value, all written one after the other. */
const sortedForm = (body: Uint8Array): string => {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of new URLSearchParams(textOf(body) ?? '')) {
    const known = values.get(name);
    if (known === undefined) values.set(name, new Set([value]));
    else known.add(value);
  }
  return [...values.keys()]
    .sort()
    .flatMap((name) => [...(values.get(name) ?? [])].sort().map((value) => name + value))
    .join('');
};

/** As Twilio may have seen it: with its port, without one, or with the default one. */
const urlsOf = (url: string): readonly string[] => {
  const [, scheme = '', authority = '', rest = ''] = /^(https?):\/\/([^/?#]*)(.*)$/s.exec(url) ?? [];
  const host = authority.replace(/:\d+$/, '');
  const defaultPort = scheme === 'https' ? '443' : '80';
  const authorities = new Set([authority, host, `${host}:${defaultPort}`]);
  return scheme === '' ? [url] : [...authorities].map((one) => `${scheme}://${one}${rest}`);
};

/** The port is whatever the caller writes into `Host`, for the signature may leave it out: it tells no deliveries apart. */
const withoutPort = (url: string): string => url.replace(/^(https?:\/\/[^/?#]*?):\d+(?=[/?#]|$)/, '$1');

const digestsIn = (request: SignedRequest): readonly string[] => queryOf(request).getAll(BODY_DIGEST);

/** The URL is signed, and with it the body: as the parameters of a form, or as `bodySHA256` in the query. */
const read = (request: SignedRequest): MacClaim | Refusal => {
  const claim = singleSignature(request, PLACE);
  if (isRefusal(claim) || request.body.length === 0) return claim;
  const [digest, ...furtherDigests] = digestsIn(request);
  if (digest === undefined) {
    if (hasTooManyFields(request.body)) {
      return refuse('malformed_signature', `the form has more than ${FIELDS_MAX} fields`);
    }
    return hasMediaType(request, 'application/x-www-form-urlencoded') && textOf(request.body) !== undefined
      ? claim
      : refuse('missing_signature', `the body is no form, and its ${BODY_DIGEST} is not in the URL`);
  }
  const actual = createHash('sha256').update(request.body).digest('hex');
  return furtherDigests.length === 0 && isSame(actual, digest.toLowerCase())
    ? claim
    : refuse('bad_signature', `the body is not the one of ${BODY_DIGEST}`);
};

const signedForm = (request: SignedRequest): string => (digestsIn(request).length > 0 ? '' : sortedForm(request.body));

/**
 * Twilio: SHA-1 over the URL and the sorted form, with the auth token. The URL has to be the one that Twilio called.
 * @see https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
export const twilio = definePreset({
  name: 'twilio',
  members: [],
  verify: (check) =>
    verifyMac(
      {
        algorithm: 'sha1',
        read,
        messages: (request) => {
          const form = signedForm(request);
          return urlsOf(request.url).map((url) => [url, form]);
        },
      },
      check,
    ),
  deliveryId: (request) => optionalHeader(request, 'i-twilio-idempotency-token'),
  deliveryIdIsSigned: false,
  signedContent: (request) => [withoutPort(request.url), signedForm(request)],
  sign: ({ secret, url, body, method = 'POST', deliveryId }) => ({
    'x-twilio-signature': Buffer.from(
      macOf('sha1', secret, [url, signedForm({ method, url, headers: {}, body })]),
    ).toString('base64'),
    'i-twilio-idempotency-token': deliveryId,
  }),
  samples: {
    sms: {
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'TwilioProxy/1.1' },
      body: 'ToCountry=US&SmsMessageSid=SM2f0e0f4d6b8e4a7f9a1c2d3e4f506172&NumMedia=0&From=%2B14158675309&To=%2B18005551212&Body=Hello+there&MessageSid=SM2f0e0f4d6b8e4a7f9a1c2d3e4f506172&AccountSid=AC00000000000000000000000000000000&ApiVersion=2010-04-01',
    },
  },
});
