import { hexMac, type MacClaim, singleSignature, verifyMac, signatureHeader } from '../mac.ts';
import { type Answered, definePreset, JSON_HEADERS } from '../preset.ts';
import { asShortText, jsonObjectOf, optionalHeader, type SignedRequest } from '../request.ts';
import { parseTime, timestampIn } from '../timestamp.ts';
import { isRefusal, type Refusal } from '../verdict.ts';

const HEADER = {
  id: 'twitch-eventsub-message-id',
  timestamp: 'twitch-eventsub-message-timestamp',
  signature: 'twitch-eventsub-message-signature',
  type: 'twitch-eventsub-message-type',
};
const PLACE = { header: HEADER.signature, prefix: 'sha256=', encoding: 'hex', algorithm: 'sha256' } as const;

const read = (request: SignedRequest): MacClaim | Refusal => {
  const claim = singleSignature(request, PLACE);
  if (isRefusal(claim)) return claim;
  const id = signatureHeader(request, HEADER.id);
  if (typeof id !== 'string') return id;
  const timestamp = timestampIn(request, HEADER.timestamp, parseTime);
  return isRefusal(timestamp) ? timestamp : { ...claim, timestamp };
};

const challenge = (request: SignedRequest): Answered | undefined => {
  if (optionalHeader(request, HEADER.type) !== 'webhook_callback_verification') return undefined;
  const text = asShortText(jsonObjectOf(request.body)?.['challenge']);
  return text === undefined ? undefined : { status: 200, contentType: 'text/plain', body: text };
};

const subscription = (status: string) =>
  `"subscription":{"id":"f1c2a387-161a-49f9-a165-0f21d7a4e1c4","status":"${status}","type":"channel.follow","version":"2","condition":{"broadcaster_user_id":"12826"},"created_at":"2026-11-21T12:00:00Z"}`;

/**
 * Twitch EventSub: over message id, time and body, one after the other.
 * @see https://dev.twitch.tv/docs/eventsub/handling-webhook-events/
 */
export const twitch = definePreset({
  name: 'twitch',
  members: ['toleranceSeconds'],
  verify: (check) =>
    verifyMac(
      {
        algorithm: 'sha256',
        read,
        messages: (request, timestamp) => [[optionalHeader(request, HEADER.id) ?? '', timestamp, request.body]],
      },
      check,
    ),
  deliveryId: (request) => optionalHeader(request, HEADER.id),
  deliveryIdIsSigned: true,
  challenge: { proof: 'signature', answer: challenge },
  sign: ({ secret, body, deliveryId, nowMs }) => {
    const timestamp = new Date(nowMs).toISOString();
    return {
      [HEADER.id]: deliveryId,
      [HEADER.timestamp]: timestamp,
      [HEADER.signature]: `sha256=${hexMac(secret, [deliveryId, timestamp, body])}`,
    };
  },
  samples: {
    follow: {
      headers: {
        ...JSON_HEADERS,
        [HEADER.type]: 'notification',
        'twitch-eventsub-subscription-type': 'channel.follow',
      },
      body: `{${subscription('enabled')},"event":{"user_id":"1337","user_login":"awesome_user","broadcaster_user_id":"12826","followed_at":"2026-11-21T12:00:00Z"}}`,
    },
    verification: {
      headers: { ...JSON_HEADERS, [HEADER.type]: 'webhook_callback_verification' },
      body: `{"challenge":"pogchamp-kappa-360noscope-vohiyo",${subscription('webhook_callback_verification_pending')}}`,
    },
  },
});
