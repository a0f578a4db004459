/** Headers that carry a credential: whoever holds one may act as the sender. */
const CREDENTIAL_HEADER = /auth|cookie|token|secret|passw(or)?d|credential|api-?key|^(?!idempotency-).*-key$/i;
/** Headers that show who signed a body. */
const SIGNATURE_HEADER = /signature|hmac|digest$/i;
const SECRET_PARAMETER = /token|secret|passw(or)?d|credential|api_?-?key|^key$|^sig(nature)?$|^auth/i;

/** What stands in the place of a secret. */
export const REDACTED = '***';

/** Verdicts that are remembered: senders use a few dozen names of headers, and each request asks about all of its own. */
const REMEMBERED_MAX = 1_024;
const REMEMBERED_LENGTH_MAX = 128;

const remembering = (verdictOn: (name: string) => boolean): ((name: string) => boolean) => {
  const verdicts = new Map<string, boolean>();
  return (name) => {
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    const verdict = verdictOn(name);
    if (verdicts.size >= REMEMBERED_MAX) verdicts.clear();
    if (name.length <= REMEMBERED_LENGTH_MAX) verdicts.set(name, verdict);
    return verdict;
  };
};

/** Whether a header may hold a credential, whatever the case of its name. */
export const isCredentialHeader = remembering((name) => CREDENTIAL_HEADER.test(name));

/** Whether a header may hold a credential or a signature. */
export const isSecretHeader = remembering((name) => CREDENTIAL_HEADER.test(name) || SIGNATURE_HEADER.test(name));

/** Whether a query parameter may hold a credential. */
export const isSecretParameter = (name: string): boolean => SECRET_PARAMETER.test(name);

const decoded = (segment: string): string => {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

/** A path in which no segment is one of the keys that were presented. */
export const withoutKeys = (path: string, keys: readonly string[]): string =>
  keys.length === 0
    ? path
    : path
        .split('/')
        .map((segment) => (segment !== '' && keys.includes(decoded(segment)) ? REDACTED : segment))
        .join('/');
