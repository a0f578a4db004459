import { definePreset, JSON_HEADERS } from '../preset.ts';
import { optionalHeader } from '../request.ts';
import { signStandard, verifyStandard } from '../standard-signature.ts';

/**
 * Standard Webhooks: `v1` (HMAC, `whsec_…`) and `v1a` (Ed25519, `whpk_…`); also what Millrace itself sends.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const standardWebhooks = definePreset({
  name: 'standard-webhooks',
  members: ['toleranceSeconds'],
  verify: verifyStandard,
  deliveryId: (request) => optionalHeader(request, 'webhook-id'),
  deliveryIdIsSigned: true,
  sign: signStandard,
  samples: {
    event: {
      headers: JSON_HEADERS,
      body: '{"type":"user.created","timestamp":"2026-11-21T12:00:00Z","data":{"id":"usr_2KWPBgLl","email":"ada@example.com"}}',
    },
  },
});
