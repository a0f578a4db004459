import { expect, test } from 'vitest';
import { NATS_FLOOR, NATS_RELEASE } from './nats-release.ts';
import { releaseArchive } from './official-release.ts';
import { isAtLeast } from './server-version.ts';

test('the pinned release is new enough and every archive has a whole SHA-256 of its own', () => {
  expect(isAtLeast(NATS_RELEASE.version, NATS_FLOOR)).toBe(true);
  const sums = Object.values(NATS_RELEASE.sha256);
  expect(new Set(sums).size).toBe(sums.length);
  for (const sum of sums) expect(sum).toMatch(/^[0-9a-f]{64}$/);
});

test.each([
  ['linux', 'x64', 'linux-amd64.tar.gz'],
  ['linux', 'arm64', 'linux-arm64.tar.gz'],
  ['darwin', 'arm64', 'darwin-arm64.tar.gz'],
  ['win32', 'x64', 'windows-amd64.zip'],
])('%s on %s gets %s', (platform, arch, ending) => {
  expect(releaseArchive({ platform, arch })?.url).toBe(
    `https://github.com/nats-io/nats-server/releases/download/v${NATS_RELEASE.version}/nats-server-v${NATS_RELEASE.version}-${ending}`,
  );
});

test('a platform without a pinned checksum gets nothing', () => {
  expect(releaseArchive({ platform: 'aix', arch: 'ppc64' })).toBeUndefined();
});
