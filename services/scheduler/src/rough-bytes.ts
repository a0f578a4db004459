const MEMBER_BYTES = 16;

/** About how much memory a JSON value takes, in bytes; stops counting beyond `max`, so that a large value costs no more than a small one. */
export const roughBytes = (value: unknown, max: number): number => {
  if (typeof value === 'string') return MEMBER_BYTES + 2 * value.length;
  if (typeof value !== 'object' || value === null) return MEMBER_BYTES;
  let bytes = MEMBER_BYTES;
  for (const [name, member] of Object.entries(value)) {
    bytes += name.length + roughBytes(member, max - bytes);
    if (bytes > max) break;
  }
  return bytes;
};
