import { SECOND } from '@millrace/kernel';
import { hexMac, timedSignatures, verifyMac } from '../mac.ts';
import { definePreset, JSON_HEADERS } from '../preset.ts';
import { asShortText, jsonObjectOf } from '../request.ts';

/**
 * Stripe: `t=…,v1=…` over `<t>.<body>`, several `v1` while an endpoint's secret is rolled.
 * @see https://docs.stripe.com/webhooks/signature
 */
export const stripe = definePreset({
  name: 'stripe',
  members: ['toleranceSeconds'],
  verify: (check) =>
    verifyMac(
      {
        algorithm: 'sha256',
        read: (request) => timedSignatures(request, { header: 'stripe-signature', member: 'v1' }),
        messages: (request, timestamp) => [[`${timestamp}.`, request.body]],
      },
      check,
    ),
  deliveryId: ({ body }) => asShortText(jsonObjectOf(body)?.['id']),
  deliveryIdIsSigned: true,
  sign: ({ secret, olderSecrets = [], body, nowMs }) => {
    const timestamp = String(Math.floor(nowMs / SECOND));
    const signatures = [secret, ...olderSecrets].map((one) => `v1=${hexMac(one, [`${timestamp}.`, body])}`);
    return { 'stripe-signature': [`t=${timestamp}`, ...signatures].join(',') };
  },
  samples: {
    charge: {
      headers: { ...JSON_HEADERS, 'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)' },
      body: '{"id":"evt_1NG8Du2eZvKYlo2CUI79vXWy","object":"event","api_version":"2026-08-27.basil","created":1795262400,"data":{"object":{"id":"ch_3NG8Du2eZvKYlo2C0I0V4eUB","object":"charge","amount":2000,"currency":"eur","paid":true,"status":"succeeded"}},"livemode":false,"pending_webhooks":1,"type":"charge.succeeded"}',
    },
  },
});
