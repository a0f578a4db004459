const MEMBER_BYTES = 16;

/** About how much memory a JSON value takes, in bytes; stops counting beyond `max`, so that a large value costs no more than a small one. */
export const roughBytes = (value: unknown, max: number): number => {
  if (typeof value === 'string') return MEMBER_BYTES + 2 * value.length;
  if (typeof value !== 'object' || value === null) return MEMBER_BYTES;
  return Array.isArray(value) ? ofItems(value, max) : ofMembers(value as Readonly<Record<string, unknown>>, max);
};

const ofItems = (items: readonly unknown[], max: number): number => {
  let bytes = MEMBER_BYTES;
  for (const item of items) {
    bytes += roughBytes(item, max - bytes);
    if (bytes > max) break;
  }
  return bytes;
};

const ofMembers = (members: Readonly<Record<string, unknown>>, max: number): number => {
  let bytes = MEMBER_BYTES;
  for (const name in members) {
    bytes += name.length + roughBytes(members[name], max - bytes);
    if (bytes > max) break;
  }
  return bytes;
};
