import { isAnySame } from '../constant-time.ts';
import { type Check, definePreset, JSON_HEADERS } from '../preset.ts';
import { headerOf, optionalHeader } from '../request.ts';
import { signatureHeader } from '../mac.ts';
import { SYMMETRIC_PREFIX } from '../standard-keys.ts';
import { signStandard, verifyStandard } from '../standard-signature.ts';
import { type Refusal, refuse } from '../verdict.ts';

const isSigningToken = (secret: string): boolean => secret.startsWith(SYMMETRIC_PREFIX);

const verifyToken = ({ request, secrets }: Check): Refusal | undefined => {
  const token = signatureHeader(request, 'x-gitlab-token');
  if (typeof token !== 'string') return token;
  // A signing token never travels: were it accepted here, whoever signs could be asked for less than a signature.
  const tokens = secrets.filter((secret) => !isSigningToken(secret));
  if (tokens.length === 0) {
    return refuse('no_secret', 'only signing tokens are active, and the request is not signed');
  }
  return isAnySame([token], tokens)
    ? undefined
    : refuse('bad_signature', 'the header x-gitlab-token has another token');
};

/**
 * GitLab: the signing token (`whsec_…`, signs as Standard Webhooks do), or the older secret token that is sent as it is.
 * A signed request is believed for its signature alone, as long as a signing token is active.
 * @see https://docs.gitlab.com/user/project/integrations/webhooks/
 */
export const gitlab = definePreset({
  name: 'gitlab',
  members: ['toleranceSeconds'],
  verify: (check) => {
    const signed = typeof headerOf(check.request, 'webhook-signature') === 'string';
    const secrets = check.secrets.filter(isSigningToken);
    return signed && secrets.length > 0 ? verifyStandard({ ...check, secrets }) : verifyToken(check);
  },
  deliveryId: (request) => optionalHeader(request, 'webhook-id') ?? optionalHeader(request, 'idempotency-key'),
  // Of a request that shows only a token nothing is signed.
  deliveryIdIsSigned: false,
  sign: (input) =>
    isSigningToken(input.secret)
      ? { ...signStandard(input), 'idempotency-key': input.deliveryId }
      : { 'x-gitlab-token': input.secret, 'idempotency-key': input.deliveryId },
  samples: {
    push: {
      headers: { ...JSON_HEADERS, 'user-agent': 'GitLab/18.6.0', 'x-gitlab-event': 'Push Hook' },
      body: '{"object_kind":"push","event_name":"push","before":"95790bf891e76fee5e1747ab589903a6a1f80f22","after":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7","ref":"refs/heads/main","user_username":"jsmith","project":{"id":15,"name":"Diaspora","path_with_namespace":"mike/diaspora","default_branch":"main"},"commits":[],"total_commits_count":0}',
    },
  },
});
