import { describe, expect, test } from 'vitest';
import { checkOutboundUrl, parseOutboundPolicy, parsePortRange } from './check-outbound-url.ts';
import { parseAddress, parseNetwork } from './network.ts';
import { refusalOfAddress } from './refuse-address.ts';

const POLICY = parseOutboundPolicy([], []);

/** Ways to write an address that a request must never reach; each also goes through the URL parser first, as in use. */
const REFUSED_HOSTS = [
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '017700000001',
  '127.255.255.254',
  '0',
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '169.254.169.254',
  '0xa9fea9fe',
  '2852039166',
  '169.254.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.1',
  '192.168.255.255',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.7',
  '203.0.113.7',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '１２７.0.0.1',
  '127。0。0。1',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::ffff:a9fe:a9fe]',
  '[0:0:0:0:0:ffff:10.0.0.1]',
  '[::127.0.0.1]',
  '[::7f00:1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b::a9fe:a9fe]',
  '[64:ff9b::10.0.0.1]',
  '[64:ff9b:1::1]',
  '[2002:7f00:1::]',
  '[2002:a9fe:a9fe::1]',
  '[2001:0:4136:e378:8000:63bf:3fff:fdd2]',
  '[2001:db8::1]',
  '[3fff::1]',
  '[100::1]',
  '[fc00::1]',
  '[fd12:3456:789a::1]',
  '[fe80::1]',
  '[fec0::1]',
  '[ff02::1]',
  '[5f00::1]',
];
const ALLOWED_HOSTS = ['93.184.216.34', '8.8.8.8', '[2606:4700:4700::1111]', '[::ffff:8.8.8.8]', '[64:ff9b::8.8.8.8]'];

describe('A22: addresses', () => {
  test.each(REFUSED_HOSTS)('http://%s/ is refused', (host) => {
    expect(() => checkOutboundUrl(`http://${host}/`, POLICY)).toThrow(/is not public/);
  });

  test.each([...ALLOWED_HOSTS, 'example.org', 'localhost'])('http://%s/ is not refused by its text', (host) => {
    expect(checkOutboundUrl(`http://${host}/`, POLICY).protocol).toBe('http:');
  });

  test('what is no address is refused', () => {
    expect(refusalOfAddress('')).toBe('not an address');
    expect(refusalOfAddress('example.org')).toBe('not an address');
    expect(refusalOfAddress('fe80::1%eth0')).toBe('link-local');
  });

  test('an allowed network counts for its mapped and translated forms, and for nothing else', () => {
    const allowed = [parseNetwork('127.0.0.0/8'), parseNetwork('fd00::/8')];
    const are = (...addresses: readonly string[]) => addresses.map((one) => refusalOfAddress(one, allowed));
    expect(are('127.0.0.1', '::ffff:127.0.0.1', 'fd00::1')).toEqual([undefined, undefined, undefined]);
    expect(are('10.0.0.1', '::1', 'fc00::1')).toEqual(['private', 'loopback', 'private']);
  });
});

describe('A22: URLs', () => {
  test.each([
    ['file:///etc/passwd', /only http and https/],
    ['ftp://example.org/', /only http and https/],
    ['gopher://example.org/', /only http and https/],
    ['javascript:alert(1)', /only http and https/],
    ['data:text/plain,x', /only http and https/],
    ['http://user@example.org/', /credentials/],
    ['http://user:password@example.org/', /credentials/],
    ['http://example.org:22/', /port 22/],
    ['http://example.org:25/', /port 25/],
    ['https://example.org:1023/', /port 1023/],
    ['http://example.org:0/', /port 0/],
    ['//example.org/', /not a URL/],
    ['http://', /not a URL/],
    ['http://[::1', /not a URL/],
    ['http://exa mple.org/', /not a URL/],
    ['', /not a URL/],
  ])('%s is refused', (url, reason) => {
    expect(() => checkOutboundUrl(url, POLICY)).toThrow(reason);
  });

  test.each(['http://example.org/', 'https://example.org:443/a?b=c', 'https://example.org:8443/'])(
    '%s is not',
    (url) => {
      expect(checkOutboundUrl(url, POLICY).href).toBe(url.replace(':443', ''));
    },
  );
});

test.each(['', 'x', '1.2.3', '1.2.3.4/33', '::/129', '1.2.3.4/x', ':::', '1::2::3', '12345::'])(
  '%j is no network',
  (text) => {
    expect(() => parseNetwork(text)).toThrow(/is not a network/);
  },
);

test.each(['0', '70000', '5-4', 'x', ''])('%j is no range of ports', (text) => {
  expect(() => parsePortRange(text)).toThrow(/is no port or range/);
});

test('an address is read as it is', () => {
  expect(parseAddress('1.2.3.4')).toEqual([1, 2, 3, 4]);
  expect(parseAddress('::ffff:1.2.3.4')?.slice(10)).toEqual([0xff, 0xff, 1, 2, 3, 4]);
  expect(parseAddress('1::')?.slice(0, 3)).toEqual([0, 1, 0]);
});
