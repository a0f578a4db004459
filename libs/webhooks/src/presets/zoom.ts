import { SECOND } from '@millrace/kernel';
import { hexMac, type MacClaim, type Message, singleSignature, verifyMac } from '../mac.ts';
import { type Answered, definePreset, JSON_HEADERS } from '../preset.ts';
import { asObject, jsonObjectOf, type SignedRequest } from '../request.ts';
import { timestampIn } from '../timestamp.ts';
import { isRefusal, type Refusal } from '../verdict.ts';

const PLACE = { header: 'x-zm-signature', prefix: 'v0=', encoding: 'hex', algorithm: 'sha256' } as const;

/** What Zoom sends as its plain token. Above all no colon: see `challenge`. */
const PLAIN_TOKEN = /^[A-Za-z0-9_+/=-]{1,256}$/;

const read = (request: SignedRequest): MacClaim | Refusal => {
  const claim = singleSignature(request, PLACE);
  if (isRefusal(claim)) return claim;
  const timestamp = timestampIn(request, 'x-zm-request-timestamp');
  return isRefusal(timestamp) ? timestamp : { ...claim, timestamp };
};

const message = (timestamp: string, body: Uint8Array): Message => [`v0:${timestamp}:`, body];

/**
 * The answer is made with the very key of the signatures. Answering anybody, or about any text, would sign whatever an
 * attacker wants signed: so only signed requests are answered, and only tokens that cannot be a signed message.
 */
const challenge = ({ body }: SignedRequest, [secret]: readonly string[]): Answered | undefined => {
  const event = jsonObjectOf(body);
  if (event?.['event'] !== 'endpoint.url_validation' || secret === undefined) return undefined;
  const plainToken = asObject(event['payload'])?.['plainToken'];
  if (typeof plainToken !== 'string' || !PLAIN_TOKEN.test(plainToken)) return undefined;
  const answer = { plainToken, encryptedToken: hexMac(secret, [plainToken]) };
  return { status: 200, contentType: 'application/json', body: JSON.stringify(answer) };
};

/**
 * Zoom, with the secret token of the app. With several active secrets the validation is answered with the first.
 * @see https://developers.zoom.us/docs/api/webhooks/
 */
export const zoom = definePreset({
  name: 'zoom',
  members: ['toleranceSeconds'],
  verify: (check) =>
    verifyMac(
      { algorithm: 'sha256', read, messages: (request, timestamp) => [message(timestamp, request.body)] },
      check,
    ),
  deliveryId: () => undefined,
  deliveryIdIsSigned: false,
  challenge: { proof: 'signature', answer: challenge },
  sign: ({ secret, body, nowMs }) => {
    const timestamp = String(Math.floor(nowMs / SECOND));
    return {
      'x-zm-request-timestamp': timestamp,
      'x-zm-signature': `v0=${hexMac(secret, message(timestamp, body))}`,
    };
  },
  samples: {
    meeting: {
      headers: JSON_HEADERS,
      body: '{"event":"meeting.started","event_ts":1795262400000,"payload":{"account_id":"AAAAAABBBB","object":{"id":"1234567890","uuid":"4444AAAiAAAAAiAiAiiAii==","host_id":"x1yCzABCDEfg23HiJKl4mN","topic":"Weekly","type":2,"start_time":"2026-11-21T12:00:00Z","timezone":"Europe/Berlin","duration":60}}}',
    },
    url_validation: {
      headers: JSON_HEADERS,
      body: '{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1795262400000,"event":"endpoint.url_validation"}',
    },
  },
});
