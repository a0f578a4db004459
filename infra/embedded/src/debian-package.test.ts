import { describe, expect, test } from 'vitest';
import { distributionOf, replaceDeb822Suites, replaceOneLineSuites } from './debian-package.ts';

describe('distributionOf', () => {
  test.each([
    ['ID=debian\nVERSION_ID="12"', 'debian'],
    ['ID=ubuntu\nID_LIKE=debian', 'ubuntu'],
    ['ID=linuxmint\nID_LIKE="ubuntu debian"', 'ubuntu'],
    ['ID=raspbian\nID_LIKE=debian', 'debian'],
    ['ID=fedora', undefined],
    ['', undefined],
  ])('of %j is %s', (text, expected) => {
    expect(distributionOf(text)).toBe(expected);
  });
});

const DEBIAN = `Types: deb deb-src
# a comment
URIs: http://debian.example.org/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://debian.example.org/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: https://deb.example.org/node_20.x
Suites: nodistro
Components: main
`;

test('of a deb822 file only the main archive is kept, with its suite replaced and its keyring as it was', () => {
  expect(replaceDeb822Suites(DEBIAN, 'sid')).toBe(`Types: deb
URIs: http://debian.example.org/debian
Suites: sid
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg`);
});

test('without a suite the sources keep their own', () => {
  expect(replaceDeb822Suites(DEBIAN, undefined)).toContain('Suites: bookworm bookworm-updates\n');
  const line = 'deb http://mirror.example.org/ubuntu noble main universe';
  expect(replaceOneLineSuites(line, undefined)).toBe('deb http://mirror.example.org/ubuntu noble main');
});

test('of one-line sources only the main archive is kept, once', () => {
  const text = `# deb http://old.example.org/debian buster main
deb [signed-by=/k.gpg arch=amd64] http://mirror.example.org/ubuntu noble main universe
deb http://mirror.example.org/ubuntu noble-updates main
deb-src http://mirror.example.org/ubuntu noble main
deb http://security.ubuntu.com/ubuntu noble-security main
deb https://packages.example.org/apt cloud-sdk-noble main`;
  expect(replaceOneLineSuites(text, 'devel')).toBe(
    'deb [signed-by=/k.gpg arch=amd64] http://mirror.example.org/ubuntu devel main universe',
  );
});
