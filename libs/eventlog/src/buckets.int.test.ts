import { type CatalogEntry, type TokenRecord } from '@millrace/contracts';
import { startNats } from '@millrace/embedded';
import { eventually, makeTempFolder } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectLog, ensureTopology, openBundles, openCatalog, openTokens, type LogConnection } from './index.ts';

const dataDir = makeTempFolder('eventlog-buckets');
let nats: Awaited<ReturnType<typeof startNats>>;
let here: LogConnection;
let there: LogConnection;
beforeAll(async () => {
  nats = await startNats({ dataDir, durability: 'strict' });
  [here, there] = await Promise.all([
    connectLog({ url: nats.url, name: 'here' }),
    connectLog({ url: nats.url, name: 'there' }),
  ]);
  await ensureTopology(here, { logMaxBytes: 64 * 1024 * 1024 });
});
afterAll(async () => {
  await Promise.all([here.close(), there.close()]);
  await nats.stop();
});

const token = (id: string): TokenRecord => ({
  id,
  sha256: id.repeat(4),
  label: 'test',
  scopes: ['read'],
  createdAt: '2026-01-02T03:04:05.678Z',
});
const entry = (path: string): CatalogEntry => ({ workspace: 'default', path });

test('a token is known and revoked elsewhere well within a second', async () => {
  const [mine, theirs] = [openTokens(here), openTokens(there)];
  await Promise.all([mine.ready, theirs.ready]);
  await mine.put(token('one'));
  await eventually(() => expect(theirs.bySha256('oneoneoneone')).toEqual(token('one')), { timeoutMs: 500 });
  await mine.remove('one');
  await eventually(() => expect(theirs.list()).toEqual([]), { timeoutMs: 500 });
  expect(theirs.bySha256('oneoneoneone')).toBeUndefined();
  await Promise.all([mine.close(), theirs.close()]);
});

test('who writes reads at once what was written', async () => {
  const tokens = openTokens(here);
  await tokens.ready;
  for (const id of Array.from({ length: 50 }, (_, index) => `own${index}`)) {
    await tokens.put(token(id));
    expect(tokens.bySha256(id.repeat(4))).toEqual(token(id));
    await tokens.remove(id);
    expect(tokens.list()).toEqual([]);
  }
  await tokens.close();
});

test('a token with a new secret no longer answers to the old one', async () => {
  const tokens = openTokens(here);
  await tokens.ready;
  await tokens.put(token('two'));
  await tokens.put({ ...token('two'), sha256: 'fresh' });
  await eventually(() => expect(tokens.bySha256('fresh')?.id).toBe('two'));
  expect(tokens.bySha256('twotwotwotwo')).toBeUndefined();
  await tokens.close();
});

test('the catalog is complete once it is ready, and tells of changes', async () => {
  const catalog = openCatalog(here);
  await catalog.ready;
  for (let count = 0; count < 50; count += 1) await catalog.put(entry(`f/nested/w${count}`));
  const other = openCatalog(there);
  await other.ready;
  expect(other.entries().size).toBe(50);
  const changes: unknown[] = [];
  other.onChange((key, value) => changes.push([key, value]));
  await catalog.put(entry('f/new'));
  await catalog.remove('default', 'f/new');
  await eventually(() =>
    expect(changes).toEqual([
      ['default/f/new', entry('f/new')],
      ['default/f/new', undefined],
    ]),
  );
  await Promise.all([catalog.close(), other.close()]);
});

test('the catalog follows on after the server was killed', async () => {
  const catalog = openCatalog(here);
  await catalog.ready;
  nats.kill();
  await nats.exited;
  nats = await startNats({ dataDir, durability: 'strict', port: nats.port });
  const writer = openCatalog(there);
  await eventually(() => writer.put(entry('f/after')));
  await eventually(() => expect(catalog.get('default', 'f/after')).toEqual(entry('f/after')));
  expect(catalog.get('default', 'f/nested/w7')).toBeDefined();
  await Promise.all([catalog.close(), writer.close()]);
});

test('a bundle comes back byte for byte, and one that is not there is not found', async () => {
  const bundles = openBundles(here);
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
  await bundles.put('v1', bytes);
  await bundles.put('v1', bytes);
  expect(Buffer.compare(await openBundles(there).get('v1'), bytes)).toBe(0);
  expect([await bundles.has('v1'), await bundles.has('v2')]).toEqual([true, false]);
  await expect(bundles.get('v2')).rejects.toMatchObject({ kind: 'not_found', code: 'bundle.not_found' });
});
