import { redactRegistered } from './registered-secrets.ts';

/** Nothing deeper than this is written: a line is for reading. */
const DEPTH_MAX = 6;
const REDACTED = '[redacted]';

const SECRET_KEY = /authorization|cookie|secret|password|passwd|api[-_]?key|^token$|[-_]token$|Token$/i;
/** A token of ours (`mr_<id>_<secret>`): the id may be seen, the secret never. */
const TOKEN = /\bmr_([A-Za-z0-9]+)_[A-Za-z0-9_-]{8,}/g;
const BEARER = /\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{4,}/gi;
/** Userinfo and query of a URL with a scheme. */
const URL_USERINFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]+@/gi;
const URL_QUERY = /\b([a-z][a-z0-9+.-]*:\/\/[^\s?#"'<>]*)\?[^\s"'<>#]+/gi;

/** A text without what may be secret in it: registered values, tokens, credentials, userinfo and query of URLs. */
export const redactText = (text: string): string => redactLooks(redactRegistered(text));

const redactLooks = (text: string): string =>
  text.includes(':') || text.includes('mr_') || text.includes(' ')
    ? text
        .replace(URL_USERINFO, `$1${REDACTED}@`)
        .replace(URL_QUERY, `$1?${REDACTED}`)
        .replace(TOKEN, `mr_$1_${REDACTED}`)
        .replace(BEARER, `$1 ${REDACTED}`)
    : text;

const isUrlKey = (key: string): boolean => /^(url|path|href|originalUrl)$/i.test(key);

const redactError = (error: Error, depth: number): Record<string, unknown> => ({
  // Own members (code, kind, details) come first, so that they cannot replace the three below.
  ...redactMembers(Object.fromEntries(Object.entries(error)), depth),
  type: error.name,
  message: redactText(error.message),
  ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
  ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, depth + 1) }),
});

const redactMembers = (fields: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([key, value]) => {
      if (SECRET_KEY.test(key) && value !== undefined && value !== null) return [key, REDACTED];
      if (isUrlKey(key) && typeof value === 'string') return [key, redactText(value).replace(/\?.*$/s, `?${REDACTED}`)];
      return [key, redactValue(value, depth + 1)];
    }),
  );

const redactValue = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEPTH_MAX) return '[deeper]';
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  return redactMembers(value as Record<string, unknown>, depth);
};

/** A copy of the members without secrets: by the name of a key, and by what texts look like. */
export const redact = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> => redactMembers(fields, 0);
