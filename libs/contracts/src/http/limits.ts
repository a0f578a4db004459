/** Longest synchronous wait, in seconds; more is cut to this. */
export const WAIT_SECONDS_MAX = 300;
/** Longest `Idempotency-Key`, in characters. */
export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;
/** Largest request body, in bytes. */
export const BODY_BYTES_MAX = 1_048_576;
export const PAGE_LIMIT_MAX = 200;
export const PAGE_LIMIT_DEFAULT = 50;
