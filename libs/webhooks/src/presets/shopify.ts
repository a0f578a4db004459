import { macOf, singleSignature, verifyMac } from '../mac.ts';
import { definePreset, JSON_HEADERS } from '../preset.ts';
import { optionalHeader } from '../request.ts';

const PLACE = { header: 'x-shopify-hmac-sha256', prefix: '', encoding: 'base64', algorithm: 'sha256' } as const;

/**
 * Shopify: SHA-256 as base64 over the body, with the client secret of the app.
 * @see https://shopify.dev/docs/apps/build/webhooks/subscribe/https
 */
export const shopify = definePreset({
  name: 'shopify',
  members: [],
  verify: (check) =>
    verifyMac(
      {
        algorithm: 'sha256',
        read: (request) => singleSignature(request, PLACE),
        messages: (request) => [[request.body]],
      },
      check,
    ),
  deliveryId: (request) => optionalHeader(request, 'x-shopify-webhook-id'),
  deliveryIdIsSigned: false,
  sign: ({ secret, body, deliveryId }) => ({
    'x-shopify-hmac-sha256': Buffer.from(macOf('sha256', secret, [body])).toString('base64'),
    'x-shopify-webhook-id': deliveryId,
  }),
  samples: {
    order: {
      headers: {
        ...JSON_HEADERS,
        'x-shopify-topic': 'orders/create',
        'x-shopify-shop-domain': 'example.myshopify.com',
        'x-shopify-api-version': '2026-10',
      },
      body: '{"id":820982911946154508,"name":"#9999","email":"jon@example.com","currency":"EUR","total_price":"234.00","financial_status":"paid","line_items":[{"id":866550311766439020,"title":"IPod Nano","quantity":1,"price":"199.00"}]}',
    },
  },
});
