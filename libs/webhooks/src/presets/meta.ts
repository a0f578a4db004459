import { isAnySame } from '../constant-time.ts';
import { hexMac, singleSignature, verifyMac } from '../mac.ts';
import { type Answered, definePreset, JSON_HEADERS } from '../preset.ts';
import { asShortText, queryOf, type SignedRequest } from '../request.ts';

const PLACE = { header: 'x-hub-signature-256', prefix: 'sha256=', encoding: 'hex', algorithm: 'sha256' } as const;

/**
 * Begins the verify token, which the user chooses. It travels in a URL, so it must never be a key of signatures:
 * the prefix keeps the two kinds of secret apart.
 */
const VERIFY_TOKEN_PREFIX = 'verify_';

const isVerifyToken = (secret: string): boolean => secret.startsWith(VERIFY_TOKEN_PREFIX);

const challenge = (request: SignedRequest, secrets: readonly string[]): Answered | undefined => {
  const query = queryOf(request);
  const text = asShortText(query.get('hub.challenge'));
  if (request.method !== 'GET' || query.get('hub.mode') !== 'subscribe' || text === undefined) return undefined;
  const known = isAnySame([query.get('hub.verify_token') ?? ''], secrets.filter(isVerifyToken));
  return known
    ? { status: 200, contentType: 'text/plain', body: text }
    : { status: 403, contentType: 'text/plain', body: 'the verify token is another' };
};

/**
 * Meta: WhatsApp, Messenger, Instagram. Secrets: the app secret, and the verify token, which has to begin with `verify_`.
 * @see https://developers.facebook.com/docs/graph-api/webhooks/getting-started
 */
export const meta = definePreset({
  name: 'meta',
  members: [],
  verify: (check) =>
    verifyMac(
      {
        algorithm: 'sha256',
        read: (request) => singleSignature(request, PLACE),
        messages: (request) => [[request.body]],
      },
      { ...check, secrets: check.secrets.filter((secret) => !isVerifyToken(secret)) },
    ),
  deliveryId: () => undefined,
  deliveryIdIsSigned: false,
  challenge: { proof: 'verify_token', answer: challenge },
  sign: ({ secret, body }) => ({ 'x-hub-signature-256': `sha256=${hexMac(secret, [body])}` }),
  samples: {
    message: {
      headers: JSON_HEADERS,
      body: '{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},"messages":[{"from":"16505551234","id":"wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=","timestamp":"1795262400","type":"text","text":{"body":"Hello"}}]}}]}]}',
    },
  },
});
