import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseNetwork } from '../outbound/network.ts';
import { callerAddress, isWithin } from './caller-address.ts';

describe('networks', () => {
  test.each<[string, string, boolean]>([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['149.154.160.0/20', '149.154.175.255', true],
    ['149.154.160.0/20', '149.154.176.0', false],
  ])('%s contains %s: %s', (network, address, expected) => {
    expect(isWithin([parseNetwork(network)], address)).toBe(expected);
  });

  test('contain exactly the addresses that share their prefix', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const quad = fc.tuple(octet, octet, octet, octet);
    const bits = (parts: readonly number[]): string => parts.map((part) => part.toString(2).padStart(8, '0')).join('');
    fc.assert(
      fc.property(quad, quad, fc.integer({ min: 0, max: 32 }), (a, b, length) => {
        const expected = bits(b).startsWith(bits(a).slice(0, length));
        expect(isWithin([parseNetwork(`${a.join('.')}/${length}`)], b.join('.'))).toBe(expected);
      }),
    );
  });

  test('never contain what is no address', () => {
    const all = [parseNetwork('0.0.0.0/0'), parseNetwork('::/0')];
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^[\d.:a-fA-F[\]%]+/.test(text));
        expect(isWithin(all, text)).toBe(false);
      }),
    );
  });
});

describe('the address of a caller', () => {
  const trusted = [parseNetwork('10.0.0.0/8'), parseNetwork('::1')];
  test.each<readonly [string, string | undefined, string, string]>([
    ['203.0.113.9', '198.51.100.1', '203.0.113.9', 'a peer that is no proxy is not believed'],
    ['10.0.0.1', undefined, '10.0.0.1', 'a proxy that says nothing'],
    ['10.0.0.1', '198.51.100.1', '198.51.100.1', 'what a proxy says'],
    ['10.0.0.1', '198.51.100.1, 10.0.0.2', '198.51.100.1', 'two proxies'],
    ['10.0.0.1', '6.6.6.6, 198.51.100.1', '198.51.100.1', 'what the caller itself wrote before it does not count'],
    ['10.0.0.1', '198.51.100.1, nonsense', '10.0.0.1', 'an entry that cannot be read ends the chain'],
    ['10.0.0.1', '10.0.0.3', '10.0.0.3', 'only proxies'],
    ['10.0.0.1', '1.2.3.4:5555', '1.2.3.4', 'an address with a port'],
    ['10.0.0.1', '[2001:db8::1]:443', '2001:db8::1', 'an IPv6 address with a port'],
    ['10.0.0.1', '[2001:db8::1]', '2001:db8::1', 'an IPv6 address in brackets'],
    ['10.0.0.1', '2001:db8::1', '2001:db8::1', 'an IPv6 address, whose last group is no port'],
    ['10.0.0.1', '198.51.100.1:1, 10.0.0.2:80, [::1]:8080', '198.51.100.1', 'proxies with ports'],
    ['10.0.0.1', '1.2.3.4:', '10.0.0.1', 'no port behind the colon'],
    ['10.0.0.1', '1.2.3.4:123456', '10.0.0.1', 'a number that is no port'],
    ['10.0.0.1', '[1.2.3.4]:80', '10.0.0.1', 'brackets around what is no IPv6 address'],
  ])('%s with %s is %s: %s', (peer, header, expected) => {
    expect(callerAddress(peer, header, trusted)).toBe(expected);
  });
});
