import { type SecurityScheme } from '../route-description.ts';

/** Ways to show who calls that every dialect may name. */
export const SHARED_SCHEMES: Readonly<Record<string, SecurityScheme>> = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'A token of the server; where a trigger has keys of its own, one of them.',
  },
  signature: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Hub-Signature-256',
    description:
      'A signature of the sender over the raw bytes. The header is that of the preset: GitHub and Meta have this one, Stripe `Stripe-Signature`, ' +
      'Slack `X-Slack-Signature`; docs/signatures.md has all of them.',
  },
};

/** Ways that OpenAPI has no scheme for: the operation says what they are, and no header, query or cookie is needed. */
export const WITHOUT_SCHEME: ReadonlySet<string> = new Set(['public', 'path_key']);
