import { isAnySame } from '../constant-time.ts';
import { signatureHeader } from '../mac.ts';
import { definePreset, JSON_HEADERS } from '../preset.ts';
import { jsonObjectOf } from '../request.ts';
import { refuse } from '../verdict.ts';

const HEADER = 'x-telegram-bot-api-secret-token';

/**
 * Telegram bots: the secret token that was given to `setWebhook` comes back in a header; nothing is signed.
 * @see https://core.telegram.org/bots/api#setwebhook
 */
export const telegram = definePreset({
  name: 'telegram',
  members: [],
  verify: ({ request, secrets }) => {
    const token = signatureHeader(request, HEADER);
    if (typeof token !== 'string') return token;
    return isAnySame([token], secrets) ? undefined : refuse('bad_signature', `the header ${HEADER} has another token`);
  },
  deliveryId: ({ body }) => {
    const id = jsonObjectOf(body)?.['update_id'];
    return Number.isSafeInteger(id) ? String(id) : undefined;
  },
  deliveryIdIsSigned: false,
  sign: ({ secret }) => ({ [HEADER]: secret }),
  samples: {
    message: {
      headers: JSON_HEADERS,
      body: '{"update_id":871346122,"message":{"message_id":1365,"from":{"id":1111111,"is_bot":false,"first_name":"Ada"},"chat":{"id":1111111,"type":"private"},"date":1795262400,"text":"/start"}}',
    },
  },
});
