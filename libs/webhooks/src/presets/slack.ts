import { SECOND } from '@millrace/kernel';
import { type MacClaim, hexMac, type Message, singleSignature, verifyMac } from '../mac.ts';
import { type Answered, definePreset, JSON_HEADERS } from '../preset.ts';
import { asShortText, jsonObjectOf, type SignedRequest } from '../request.ts';
import { timestampIn } from '../timestamp.ts';
import { isRefusal, type Refusal } from '../verdict.ts';

const PLACE = { header: 'x-slack-signature', prefix: 'v0=', encoding: 'hex', algorithm: 'sha256' } as const;

const read = (request: SignedRequest): MacClaim | Refusal => {
  const claim = singleSignature(request, PLACE);
  if (isRefusal(claim)) return claim;
  const timestamp = timestampIn(request, 'x-slack-request-timestamp');
  return isRefusal(timestamp) ? timestamp : { ...claim, timestamp };
};

const message = (timestamp: string, body: Uint8Array): Message => [`v0:${timestamp}:`, body];

/** Slack signs this request like any other: unsigned ones need no answer. */
const challenge = ({ body }: SignedRequest): Answered | undefined => {
  const event = jsonObjectOf(body);
  const text = event?.['type'] === 'url_verification' ? asShortText(event['challenge']) : undefined;
  return text === undefined ? undefined : { status: 200, contentType: 'text/plain', body: text };
};

/**
 * Slack: events, slash commands and interactions.
 * @see https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
export const slack = definePreset({
  name: 'slack',
  members: ['toleranceSeconds'],
  verify: (check) =>
    verifyMac(
      { algorithm: 'sha256', read, messages: (request, timestamp) => [message(timestamp, request.body)] },
      check,
    ),
  deliveryId: ({ body }) => asShortText(jsonObjectOf(body)?.['event_id']),
  deliveryIdIsSigned: true,
  challenge: { proof: 'signature', answer: challenge },
  sign: ({ secret, body, nowMs }) => {
    const timestamp = String(Math.floor(nowMs / SECOND));
    return {
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${hexMac(secret, message(timestamp, body))}`,
    };
  },
  samples: {
    event: {
      headers: JSON_HEADERS,
      body: '{"team_id":"T123ABC456","api_app_id":"A123ABC456","event":{"type":"app_mention","user":"U123ABC456","text":"<@U0LAN0Z89> deploy","ts":"1795262400.000200","channel":"C123ABC456"},"type":"event_callback","event_id":"Ev123ABC456","event_time":1795262400}',
    },
    url_verification: {
      headers: JSON_HEADERS,
      body: '{"token":"unused","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}',
    },
    command: {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'command=%2Fdeploy&text=main&team_id=T123ABC456&channel_id=C123ABC456&user_id=U123ABC456&trigger_id=13345224609.738474920.8088930838d88f008e0',
    },
  },
});
