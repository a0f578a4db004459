import { SECOND } from '@millrace/kernel';
import { hexMac, timedSignatures, verifyMac } from '../mac.ts';
import { definePreset, JSON_HEADERS } from '../preset.ts';

/**
 * TikTok for Developers: `t=…,s=…` over `<t>.<body>`, with the client secret.
 * @see https://developers.tiktok.com/doc/webhooks-verification
 */
export const tiktok = definePreset({
  name: 'tiktok',
  members: ['toleranceSeconds'],
  verify: (check) =>
    verifyMac(
      {
        algorithm: 'sha256',
        read: (request) => timedSignatures(request, { header: 'tiktok-signature', member: 's' }),
        messages: (request, timestamp) => [[`${timestamp}.`, request.body]],
      },
      check,
    ),
  deliveryId: () => undefined,
  deliveryIdIsSigned: false,
  sign: ({ secret, body, nowMs }) => {
    const timestamp = String(Math.floor(nowMs / SECOND));
    return { 'tiktok-signature': `t=${timestamp},s=${hexMac(secret, [`${timestamp}.`, body])}` };
  },
  samples: {
    upload: {
      headers: JSON_HEADERS,
      body: '{"client_key":"bwo2m45353a6k85","event":"video.publish.completed","create_time":1795262400,"user_openid":"act.example12345","content":"{\\"share_id\\":\\"video.6974245311675353080.VDCxrcMJ\\"}"}',
    },
  },
});
