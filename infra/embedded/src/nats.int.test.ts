import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type CatalogEntry } from '@millrace/contracts';
import { connectLog, ensureTopology, logBytesWithin, openCatalog } from '@millrace/eventlog';
import { makeTempFolder } from '@millrace/testkit';
import { type RunningNats, startNats, type StartNatsOptions } from './nats.ts';
import { isProcessAlive } from './process-alive.ts';

const running: RunningNats[] = [];
const start = async (options: Partial<StartNatsOptions> & { readonly dataDir: string }): Promise<RunningNats> => {
  const nats = await startNats({ durability: 'strict', ...options });
  running.push(nats);
  return nats;
};
afterEach(async () => {
  await Promise.all(running.splice(0).map((nats) => nats.stop()));
});

const ENTRY: CatalogEntry = { workspace: 'default', path: 'a/b' };

const withCatalog = async <Result>(
  url: string,
  use: (catalog: ReturnType<typeof openCatalog>) => Promise<Result>,
): Promise<Result> => {
  const connection = await connectLog({ url, name: 'test' });
  try {
    await ensureTopology(connection, { logMaxBytes: 64 * 1024 * 1024 });
    const catalog = openCatalog(connection);
    await catalog.ready;
    return await use(catalog);
  } finally {
    await connection.close();
  }
};

describe('startNats', () => {
  test('answers as soon as it returns, on loopback, only with the password, which only its owner may read', async () => {
    const dataDir = makeTempFolder('nats');
    const { url, port } = await start({ dataDir });
    expect(url).toMatch(/^nats:\/\/millrace:[0-9a-f]{48}@127\.0\.0\.1:\d+$/);
    await withCatalog(url, (catalog) => catalog.put(ENTRY));
    await expect(connectLog({ url: `nats://127.0.0.1:${port}`, name: 'stranger' })).rejects.toThrow();
    await expect(connectLog({ url: `nats://millrace:wrong@127.0.0.1:${port}`, name: 'stranger' })).rejects.toThrow();
    for (const file of ['password', 'nats.conf']) expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['strict', 'sync_interval: always'],
    ['relaxed', 'sync_interval: "2m"'],
  ] as const)('%s is %s in the configuration that it runs on', async (durability, line) => {
    const dataDir = makeTempFolder('nats');
    await start({ dataDir, durability });
    expect(readFileSync(join(dataDir, 'nats.conf'), 'utf8')).toContain(line);
  });

  test('after a kill the next start has the data, the password and, when asked, the port', async () => {
    const dataDir = makeTempFolder('nats');
    const first = await start({ dataDir });
    await withCatalog(first.url, (catalog) => catalog.put(ENTRY));
    first.kill();
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const second = await start({ dataDir, port: first.port });
    expect(second.url).toBe(first.url);
    expect(second.pid).not.toBe(first.pid);
    const found = await withCatalog(second.url, async (catalog) => catalog.get('default', 'a/b'));
    expect(found).toEqual(ENTRY);
  });

  test('stop ends it in order and leaves no process', async () => {
    const nats = await start({ dataDir: makeTempFolder('nats') });
    expect(await nats.stop()).toEqual({ code: 0, signal: null });
    expect(isProcessAlive(nats.pid)).toBe(false);
  });

  test('accounts are isolated from each other', async () => {
    const nats = await start({ dataDir: makeTempFolder('nats'), accounts: ['a', 'b'] });
    await withCatalog(nats.urlOf('a'), (catalog) => catalog.put(ENTRY));
    const seen = await withCatalog(nats.urlOf('b'), async (catalog) => catalog.entries().size);
    expect(seen).toBe(0);
  });

  test('a port that is taken is an error with the end of the log', async () => {
    const first = await start({ dataDir: makeTempFolder('nats') });
    await expect(start({ dataDir: makeTempFolder('nats'), port: first.port })).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/address already in use/),
    });
  });

  test('all streams fit on a small disk', async () => {
    const nats = await start({ dataDir: makeTempFolder('nats'), maxFileStoreBytes: 1024 ** 3 });
    const connection = await connectLog({ url: nats.url, name: 'test' });
    await ensureTopology(connection, { logMaxBytes: logBytesWithin(nats.maxFileStoreBytes) });
    await connection.close();
    await nats.stop();
  });

  test('a disk that has less room than before does not stop the next start', async () => {
    const dataDir = makeTempFolder('nats');
    const GIB = 1024 ** 3;
    for (const maxFileStoreBytes of [8 * GIB, GIB]) {
      const nats = await start({ dataDir, maxFileStoreBytes });
      const connection = await connectLog({ url: nats.url, name: 'test' });
      await ensureTopology(connection, { logMaxBytes: logBytesWithin(maxFileStoreBytes) });
      await connection.close();
      expect(nats.maxFileStoreBytes).toBe(maxFileStoreBytes);
      await nats.stop();
    }
  });

  test('a store in memory is reported', async ({ skip }) => {
    const { isInMemory } = await import('./nats-config.ts');
    if (!(await isInMemory('/dev/shm').catch(() => false))) skip('needs a tmpfs at /dev/shm');
    const { mkdtempSync, rmSync } = await import('node:fs');
    const dataDir = mkdtempSync('/dev/shm/millrace-test-');
    const warnings: string[] = [];
    try {
      const nats = await start({ dataDir, onWarning: (line) => warnings.push(line) });
      await nats.stop();
    } finally {
      rmSync(dataDir, { recursive: true });
    }
    expect(warnings).toEqual([expect.stringContaining('lives in memory')]);
  });
});
