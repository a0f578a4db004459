import { signGeneric, verifyGeneric } from '../generic-mac.ts';
import { definePreset, JSON_HEADERS } from '../preset.ts';
import { type RuleMembers } from '../rule.ts';

const withDefaults = (rule: RuleMembers = {}): RuleMembers => ({
  ...rule,
  header: rule.header ?? 'X-Signature-256',
  prefix: rule.prefix ?? 'sha256=',
});

/** The generic adapter of Bifrost: SHA-256 as hex over the body. */
export const bifrostGeneric = definePreset({
  name: 'bifrost-generic',
  members: ['header', 'prefix'],
  verify: (check) => verifyGeneric({ ...check, rule: withDefaults(check.rule) }),
  deliveryId: () => undefined,
  deliveryIdIsSigned: false,
  sign: (input) => signGeneric({ ...input, rule: withDefaults(input.rule) }, ''),
  samples: {
    event: { headers: JSON_HEADERS, body: '{"event":"ticket.created","ticket":{"id":4711,"subject":"Printer"}}' },
  },
});
