import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeTempFolder } from '@millrace/testkit';
import { debianSuites, downloadDebianPackages } from './debian-package.ts';
import { findNatsServer } from './find-nats-server.ts';
import { downloadRelease } from './official-release.ts';
import { isAtLeast, readServerVersion } from './server-version.ts';

/** A real program that says it is a nats-server of this version. */
const fakeServer = async (folder: string, version: string): Promise<string> => {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'nats-server');
  await writeFile(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  await chmod(path, 0o755);
  return path;
};

describe('the order of the search', () => {
  test('NATS_SERVER_BIN comes first', async () => {
    const folder = makeTempFolder('embedded');
    const chosen = await fakeServer(join(folder, 'chosen'), '2.14.0');
    await fakeServer(join(folder, 'path'), '2.99.0');
    const env = { NATS_SERVER_BIN: chosen, PATH: join(folder, 'path'), MILLRACE_CACHE_DIR: folder };
    expect(await findNatsServer({ env })).toEqual({ path: chosen, version: '2.14.0', origin: 'NATS_SERVER_BIN' });
  });

  test.each(['/nowhere/nats-server', '/bin/true', 'too old'])(
    'NATS_SERVER_BIN=%s is an error that names it, not a reason to look elsewhere',
    async (given) => {
      const folder = makeTempFolder('embedded');
      const path = given === 'too old' ? await fakeServer(folder, '2.13.9') : given;
      const env = { NATS_SERVER_BIN: path, PATH: '', MILLRACE_CACHE_DIR: folder };
      await expect(findNatsServer({ env })).rejects.toMatchObject({
        code: 'nats.bad_binary',
        message: expect.stringContaining(path),
      });
    },
  );

  test('PATH comes before the cache, and what is too old is passed over', async () => {
    const folder = makeTempFolder('embedded');
    await fakeServer(join(folder, 'old'), '2.10.27');
    const onPath = await fakeServer(join(folder, 'new'), '2.14.7');
    await fakeServer(join(folder, 'cache'), '2.15.0');
    const steps: string[] = [];
    const PATH = `${join(folder, 'old')}:${join(folder, 'absent')}:${join(folder, 'new')}`;
    const env = { PATH, MILLRACE_CACHE_DIR: join(folder, 'cache') };
    const found = await findNatsServer({ env, onStep: (line) => steps.push(line) });
    expect(found).toEqual({ path: onPath, version: '2.14.7', origin: 'PATH' });
    expect(steps).toEqual([expect.stringContaining('is 2.10.27, older than 2.14.0')]);
  });

  test('the cache serves when PATH has none', async () => {
    const folder = makeTempFolder('embedded');
    const cached = await fakeServer(folder, '2.15.1');
    const env = { PATH: '/nowhere', MILLRACE_CACHE_DIR: folder };
    expect(await findNatsServer({ env })).toEqual({ path: cached, version: '2.15.1', origin: 'cache' });
  });
});

describe('the official release', () => {
  test('an archive of another checksum is refused and nothing of it is unpacked', async () => {
    const server = createServer((_request, response) => response.end('not what was pinned'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const folder = makeTempFolder('embedded');
    const archive = { name: 'x', url: `http://127.0.0.1:${port}/x.tar.gz`, sha256: '00' };
    try {
      await expect(downloadRelease({ archive, folder, timeoutMs: 1_000 })).rejects.toMatchObject({
        code: 'nats.checksum',
      });
      expect(await readdir(folder)).toEqual([]);
    } finally {
      server.close();
    }
  });

  test('a host that does not answer is given up after the time-out', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const archive = { name: 'x', url: `http://127.0.0.1:${port}/x.tar.gz`, sha256: '00' };
    try {
      const download = downloadRelease({ archive, folder: makeTempFolder('embedded'), timeoutMs: 50 });
      await expect(download).rejects.toMatchObject({ code: 'nats.download_failed' });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

/** Precondition of the last tests: a Debian or Ubuntu that reaches its own archive. */
const suite = (await debianSuites())[0];

describe.skipIf(suite === undefined)('Debian (needs a Debian or Ubuntu whose archive can be reached)', () => {
  test('its archive has a package that is new enough', { timeout: 90_000 }, async () => {
    const packages = ['nats-server'];
    const root = await downloadDebianPackages({ folder: makeTempFolder('embedded'), suite: suite ?? '', packages });
    const path = join(root, 'usr/sbin/nats-server');
    const version = await readServerVersion(path);
    expect(version !== undefined && isAtLeast(version, '2.14.0')).toBe(true);
  });

  test(
    'several that start at once on an empty cache all end with a server that runs',
    { timeout: 90_000 },
    async () => {
      const folder = makeTempFolder('embedded');
      const env = { PATH: '/nowhere', MILLRACE_CACHE_DIR: folder };
      const found = await Promise.all([1, 2].map(() => findNatsServer({ env, releaseTimeoutMs: 500 })));
      for (const { path } of found) expect(path).toBe(join(folder, 'nats-server'));
      expect(await readdir(folder)).toEqual(['nats-server']);
      expect(await readServerVersion(join(folder, 'nats-server'))).toBe(found[0]?.version);
    },
  );

  test('an archive without the package is an error that says so', { timeout: 90_000 }, async () => {
    const aptRoot = makeTempFolder('embedded');
    const packages = ['nats-server'];
    const download = downloadDebianPackages({ folder: makeTempFolder('embedded'), suite: 'sid', packages, aptRoot });
    await expect(download).rejects.toMatchObject({ code: 'debian.download_failed' });
  });
});
