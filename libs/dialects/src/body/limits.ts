/** Deeper or longer JSON is answered 400. */
export const JSON_DEPTH_MAX = 64;
export const JSON_KEYS_MAX = 10_000;
