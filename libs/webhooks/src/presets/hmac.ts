import { SECOND } from '@millrace/kernel';
import { genericContent, signGeneric, signsGenericId, verifyGeneric } from '../generic-mac.ts';
import { definePreset, JSON_HEADERS } from '../preset.ts';
import { optionalHeader } from '../request.ts';

/** Any other sender: an HMAC in a header. The rule says which header, how it is written and what is signed. */
export const hmac = definePreset({
  name: 'hmac',
  members: [
    'header',
    'prefix',
    'algorithm',
    'encoding',
    'timestampHeader',
    'template',
    'deliveryHeader',
    'toleranceSeconds',
  ],
  required: ['header'],
  verify: verifyGeneric,
  deliveryId: (request, { deliveryHeader }) =>
    deliveryHeader === undefined ? undefined : optionalHeader(request, deliveryHeader.toLowerCase()),
  deliveryIdIsSigned: signsGenericId,
  signedContent: genericContent,
  sign: (input) => signGeneric(input, String(Math.floor(input.nowMs / SECOND))),
  samples: { event: { headers: JSON_HEADERS, body: '{"type":"build.finished","build":{"id":42,"status":"passed"}}' } },
});
