import { AppError } from '@millrace/kernel';

/** A range of addresses: 4 bytes for IPv4, 16 for IPv6, and how many leading bits count. */
export interface Network {
  readonly bytes: readonly number[];
  readonly prefix: number;
}

const parseIpv4 = (text: string): readonly number[] | undefined => {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const bytes = match?.slice(1).map(Number);
  return bytes?.every((byte) => byte <= 255) === true ? bytes : undefined;
};

const groupBytes = (groups: string): readonly number[] | undefined => {
  if (groups === '') return [];
  const parts = groups.split(':').map((group) => {
    if (/^[0-9a-f]{1,4}$/i.test(group)) return [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff];
    return parseIpv4(group);
  });
  return parts.some((part) => part === undefined) ? undefined : parts.flatMap((part) => part ?? []);
};

const IPV6_BYTES = 16;

const parseIpv6 = (text: string): readonly number[] | undefined => {
  const [head = '', tail, ...more] = text.split('::');
  if (!text.includes(':') || more.length > 0) return undefined;
  const before = groupBytes(head);
  const after = groupBytes(tail ?? '');
  if (before === undefined || after === undefined) return undefined;
  const missing = IPV6_BYTES - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 0) return undefined;
  return [...before, ...Array.from({ length: missing }, () => 0), ...after];
};

/** Bytes of an address as resolvers and the WHATWG URL parser write it; `undefined` for anything else. */
export const parseAddress = (text: string): readonly number[] | undefined =>
  parseIpv4(text) ?? parseIpv6(text.replace(/^\[|\]$/g, '').replace(/%.*$/, ''));

/** @throws AppError `invalid` `network.invalid` when the text is neither an address nor `<address>/<bits>`. */
export const parseNetwork = (text: string): Network => {
  const [address = '', bits] = text.trim().split('/');
  const bytes = parseAddress(address);
  const prefix = bits === undefined ? (bytes?.length ?? 0) * 8 : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
  if (bytes !== undefined && prefix <= bytes.length * 8) return { bytes, prefix };
  throw new AppError('invalid', 'network.invalid', `"${text}" is not a network: write 10.0.0.0/8 or fd00::/8`);
};

/** Whether an address lies in a network of its own family. */
export const contains = ({ bytes, prefix }: Network, address: readonly number[]): boolean => {
  if (bytes.length !== address.length) return false;
  return bytes.every((byte, index) => {
    const bits = Math.max(0, Math.min(8, prefix - index * 8));
    const mask = (0xff << (8 - bits)) & 0xff;
    return (byte & mask) === ((address[index] ?? 0) & mask);
  });
};
