import { AppError } from '@millrace/kernel';
import { isAnySame } from '../constant-time.ts';
import { type Answered, definePreset, JSON_HEADERS } from '../preset.ts';
import { asObject, asShortText, jsonObjectOf, queryOf, type SignedRequest } from '../request.ts';
import { type Refusal, refuse } from '../verdict.ts';

/** Notifications of one request; Graph sends far fewer. */
const NOTIFICATIONS_MAX = 1_000;

const notificationsOf = (body: Uint8Array): readonly Readonly<Record<string, unknown>>[] | undefined => {
  const value = jsonObjectOf(body)?.['value'];
  if (!Array.isArray(value) || value.length === 0 || value.length > NOTIFICATIONS_MAX) return undefined;
  const notifications = value.map(asObject);
  return notifications.includes(undefined) ? undefined : notifications.filter((one) => one !== undefined);
};

/** Every notification has to show it: one that does not could have been slipped in among real ones. */
const verifyClientState = (body: Uint8Array, secrets: readonly string[]): Refusal | undefined => {
  const notifications = notificationsOf(body);
  if (notifications === undefined) return refuse('malformed_signature', 'the body is no list of notifications');
  const states = notifications.map((notification) => asShortText(notification['clientState']));
  if (states.includes(undefined)) return refuse('missing_signature', 'a notification has no clientState');
  return states.every((state) => isAnySame([state ?? ''], secrets))
    ? undefined
    : refuse('bad_signature', 'a notification has another clientState');
};

const challenge = (request: SignedRequest): Answered | undefined => {
  const text = asShortText(queryOf(request).get('validationToken'));
  return request.method === 'POST' && text !== undefined
    ? { status: 200, contentType: 'text/plain', body: text }
    : undefined;
};

/**
 * Microsoft Graph: nothing is signed; each notification repeats the `clientState` of its subscription, so here alone the
 * body is parsed before it is believed.
 * @see https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
 */
export const microsoftGraph = definePreset({
  name: 'microsoft-graph',
  members: [],
  verify: ({ request, secrets }) => verifyClientState(request.body, secrets),
  deliveryId: ({ body }) => {
    const [first, ...others] = notificationsOf(body) ?? [];
    return others.length === 0 ? asShortText(first?.['id']) : undefined;
  },
  deliveryIdIsSigned: false,
  challenge: { proof: 'none', answer: challenge },
  sign: ({ secret, body }) => {
    if (verifyClientState(body, [secret]) === undefined) return {};
    throw new AppError('invalid', 'webhooks.cannot_sign', 'write the secret as clientState into every notification');
  },
  samples: {
    created: {
      headers: JSON_HEADERS,
      body: '{"value":[{"id":"lsgTZMr9KwAAA","subscriptionId":"7f105c7d-2dc5-4530-97cd-4e7ae6534c07","subscriptionExpirationDateTime":"2026-11-23T12:00:00Z","clientState":"client-state","changeType":"created","resource":"users/ada@example.com/messages/AAMkAGUwNjQ4","tenantId":"84bd8158-6d4d-4958-8b9f-9d6445542f95"}]}',
    },
  },
});
