import { contains, type Network, parseAddress, parseNetwork } from './network.ts';

type Rule = readonly [network: Network, name: string];
const rules = (table: readonly (readonly [string, string])[]): readonly Rule[] =>
  table.map(([text, name]) => [parseNetwork(text), name]);

/** @see https://www.iana.org/assignments/iana-ipv4-special-registry */
const IPV4 = rules([
  ['0.0.0.0/8', 'this network'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'shared by carriers'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'protocol assignments'],
  ['192.0.2.0/24', 'documentation'],
  ['192.88.99.0/24', '6to4 relay'],
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'benchmarking'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
]);

/** @see https://www.iana.org/assignments/iana-ipv6-special-registry */
const IPV6 = rules([
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  ['64:ff9b:1::/48', 'local translation'],
  ['2001::/23', 'protocol assignments'],
  ['2001:db8::/32', 'documentation'],
  ['2002::/16', '6to4'],
  ['3fff::/20', 'documentation'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'site-local'],
  ['ff00::/8', 'multicast'],
]);
/** What is given out as public; everything outside is refused by default, whatever it will be one day. */
const IPV6_PUBLIC = parseNetwork('2000::/3');
const IPV4_BYTES_AT = 12;
/** IPv6 addresses that mean an IPv4 address, in their last four bytes. */
const MEANS_IPV4 = [parseNetwork('::ffff:0:0/96'), parseNetwork('64:ff9b::/96')];

const named = (table: readonly Rule[], bytes: readonly number[]): string | undefined =>
  table.find(([network]) => contains(network, bytes))?.[1];

const refusalOfBytes = (bytes: readonly number[], allowed: readonly Network[]): string | undefined => {
  if (allowed.some((network) => contains(network, bytes))) return undefined;
  if (bytes.length === 4) return named(IPV4, bytes);
  if (MEANS_IPV4.some((network) => contains(network, bytes)))
    return refusalOfBytes(bytes.slice(IPV4_BYTES_AT), allowed);
  return named(IPV6, bytes) ?? (contains(IPV6_PUBLIC, bytes) ? undefined : 'not public');
};

/**
 * Why no connection may be made to an address: the name of the range it lies in, or that it is no address.
 *
 * @param allowed ranges to which connections may be made although they are not public
 */
export const refusalOfAddress = (address: string, allowed: readonly Network[] = []): string | undefined => {
  const bytes = parseAddress(address);
  return bytes === undefined ? 'not an address' : refusalOfBytes(bytes, allowed);
};
