import { contains, type Network, parseAddress } from '../outbound/network.ts';

const IPV6_BYTES = 16;
const MAPPED_BYTES = 12;

/** An IPv4 address that is mapped into IPv6 counts as IPv4. */
const unmapped = (bytes: readonly number[]): readonly number[] => {
  const isMapped =
    bytes.length === IPV6_BYTES &&
    bytes.slice(0, MAPPED_BYTES).every((byte, index) => byte === (index < MAPPED_BYTES - 2 ? 0 : 0xff));
  return isMapped ? bytes.slice(MAPPED_BYTES) : bytes;
};

/** Whether any of the networks contains the address; false for what is no address. */
export const isWithin = (networks: readonly Network[], address: string): boolean => {
  const bytes = parseAddress(address);
  if (bytes === undefined) return false;
  const plain = unmapped(bytes);
  return networks.some((network) => contains(network, plain) || contains(network, bytes));
};

const BRACKETED = /^\[([\da-fA-F:.%]*:[^\]]*)\](?::\d{1,5})?$/;
const IPV4_WITH_PORT = /^([\d.]+):\d{1,5}$/;

/** The address of an entry, which some proxies write with a port: `192.0.2.1:5555`, `[2001:db8::1]:443`. */
const addressOfHop = (hop: string): string | undefined => {
  const address = (BRACKETED.exec(hop) ?? IPV4_WITH_PORT.exec(hop))?.[1] ?? hop;
  const isWritten = parseAddress(address) !== undefined && !address.startsWith('[');
  return isWritten ? address : undefined;
};

/**
 * The address of a caller. `X-Forwarded-For` counts only as far as it was written by proxies that are trusted: from the right, the
 * first address that is no trusted proxy. Ports are left out.
 *
 * @param peer Address of the other end of the connection.
 * @param forwardedFor Value of `X-Forwarded-For`, if there is one.
 */
export const callerAddress = (peer: string, forwardedFor: string | undefined, trusted: readonly Network[]): string => {
  if (forwardedFor === undefined || !isWithin(trusted, peer)) return peer;
  let caller = peer;
  for (const hop of forwardedFor.split(',').reverse()) {
    const address = addressOfHop(hop.trim());
    if (address === undefined) return caller;
    caller = address;
    if (!isWithin(trusted, address)) return caller;
  }
  return caller;
};

const NETWORK_BYTES = 8;

const hexOf = (byte: number): string => byte.toString(16).padStart(2, '0');

/**
 * Whom an address counts for where callers are counted: an IPv6 address for its network of 64 bits, of which whoever has one address
 * has all; any other for itself.
 */
export const callerNetwork = (address: string): string => {
  const bytes = unmapped(parseAddress(address) ?? []);
  if (bytes.length === 0) return address;
  return bytes.length === IPV6_BYTES ? `${bytes.slice(0, NETWORK_BYTES).map(hexOf).join('')}/64` : bytes.join('.');
};
