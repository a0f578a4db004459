import { AppError, SECOND } from '@millrace/kernel';
import { decode } from '../encoding.ts';
import { ED25519_KEY_BYTES, ED25519_SIGNATURE_BYTES, isSignedBy, signWith } from '../ed25519.ts';
import { signatureHeader } from '../mac.ts';
import { type Answered, type Check, definePreset, JSON_HEADERS } from '../preset.ts';
import { asShortText, jsonObjectOf, type SignedRequest } from '../request.ts';
import { checkWindow, timestampIn } from '../timestamp.ts';
import { isRefusal, type Refusal, refuse } from '../verdict.ts';

const HEADER = { signature: 'x-signature-ed25519', timestamp: 'x-signature-timestamp' };

const keyOf = (secret: string): readonly Uint8Array[] => {
  const bytes = decode(secret, 'hex');
  return bytes?.length === ED25519_KEY_BYTES ? [bytes] : [];
};

const messageOf = (timestamp: string, body: Uint8Array): Uint8Array => Buffer.concat([Buffer.from(timestamp), body]);

const verify = ({ request, secrets, rule, nowMs }: Check): Refusal | undefined => {
  const header = signatureHeader(request, HEADER.signature);
  if (typeof header !== 'string') return header;
  const signature = decode(header, 'hex');
  if (signature?.length !== ED25519_SIGNATURE_BYTES) {
    return refuse('malformed_signature', `the header ${HEADER.signature} is not 64 bytes as hex`);
  }
  const timestamp = timestampIn(request, HEADER.timestamp);
  if (isRefusal(timestamp)) return timestamp;
  const keys = secrets.flatMap(keyOf);
  if (keys.length === 0) return refuse('no_secret', 'no secret is a public key: 64 hex digits');
  const message = messageOf(timestamp.text, request.body);
  return keys.some((key) => isSignedBy(key, message, signature))
    ? checkWindow(timestamp, rule, nowMs)
    : refuse('bad_signature', 'the signature belongs to another key, or to another body');
};

/** Type 1 is the ping of interactions, type 0 the one of webhook events. Discord also tests with bad signatures. */
const challenge = ({ body }: SignedRequest): Answered | undefined => {
  const type = jsonObjectOf(body)?.['type'];
  if (type === 1) return { status: 200, contentType: 'application/json', body: '{"type":1}' };
  return type === 0 ? { status: 204, contentType: 'application/json', body: '' } : undefined;
};

/**
 * Discord: Ed25519; the secret is the application's public key.
 * @see https://docs.discord.com/developers/interactions/overview
 */
export const discord = definePreset({
  name: 'discord',
  members: ['toleranceSeconds'],
  verify,
  deliveryId: ({ body }) => asShortText(jsonObjectOf(body)?.['id']),
  deliveryIdIsSigned: true,
  challenge: { proof: 'signature', answer: challenge },
  sign: ({ secret, body, nowMs }) => {
    const [seed] = keyOf(secret);
    if (seed === undefined) {
      throw new AppError('invalid', 'webhooks.cannot_sign', 'sign with the private key: 64 hex digits');
    }
    const timestamp = String(Math.floor(nowMs / SECOND));
    return {
      [HEADER.timestamp]: timestamp,
      [HEADER.signature]: Buffer.from(signWith(seed, messageOf(timestamp, body))).toString('hex'),
    };
  },
  samples: {
    ping: {
      headers: JSON_HEADERS,
      body: '{"id":"1041","application_id":"1040","type":1,"token":"interaction-token","version":1}',
    },
    command: {
      headers: JSON_HEADERS,
      body: '{"id":"1042","application_id":"1040","type":2,"token":"interaction-token","version":1,"guild_id":"290926798626357999","data":{"id":"771825006014889984","name":"deploy","type":1}}',
    },
  },
});
