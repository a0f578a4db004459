/** Headers that carry a credential: whoever holds one may act as the sender. */
const CREDENTIAL_HEADER = /auth|cookie|token|secret|passw(or)?d|credential|api-?key|^(?!idempotency-).*-key$/i;
/** Headers that show who signed a body. */
const SIGNATURE_HEADER = /signature|hmac|digest$/i;
const SECRET_PARAMETER = /token|secret|passw(or)?d|credential|api_?-?key|^key$|^sig(nature)?$|^auth/i;

/** What stands in the place of a secret. */
export const REDACTED = '***';

/** Whether a header may hold a credential, whatever the case of its name. */
export const isCredentialHeader = (name: string): boolean => CREDENTIAL_HEADER.test(name);

/** Whether a header may hold a credential or a signature. */
export const isSecretHeader = (name: string): boolean => isCredentialHeader(name) || SIGNATURE_HEADER.test(name);

/** Whether a query parameter may hold a credential. */
export const isSecretParameter = (name: string): boolean => SECRET_PARAMETER.test(name);

const decoded = (segment: string): string => {
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
