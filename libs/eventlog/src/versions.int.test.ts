import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CatalogEntry } from '@millrace/contracts';
import { claimNats, eventually } from '@millrace/testkit';
import { openCatalog } from './catalog.ts';
import { connectLog, type LogConnection } from './connection.ts';
import { openFiles } from './files.ts';
import { ensureTopology } from './topology.ts';
import { openVersions } from './versions.ts';

let connection: LogConnection;

beforeAll(async () => {
  const { url } = claimNats();
  connection = await connectLog({ url, name: 'versions test' });
  await ensureTopology(connection);
});
afterAll(() => connection.close());

const entry = (path: string, version: string): CatalogEntry => ({
  workspace: 'default',
  path,
  current: {
    version,
    kind: 'script',
    file: 'a.sh',
    description: '',
    methods: ['POST'],
    policy: { timeoutMs: 1_000, retries: { failed: 0, lost: 0 } },
    deployedAt: '2026-01-01T00:00:00.000Z',
    deployedFrom: `${path}.sh`,
  },
});

const OLD = 'a'.repeat(64);
const NEW = 'b'.repeat(64);

test('a version that was once in service is found by its hash for ever, also after it was replaced and its workflow removed', async () => {
  const catalog = openCatalog(connection);
  await catalog.ready;
  await catalog.put(entry('f/one', OLD));
  await catalog.put(entry('f/one', NEW));
  await catalog.put(entry('f/two', OLD));
  await catalog.put(entry('f/two', OLD));
  await catalog.remove('default', 'f/one');
  const versions = openVersions(connection);
  await versions.ready;
  const found = (hash: string) => versions.find('default', hash).map(({ workflow }) => workflow);
  expect(found(OLD)).toEqual(['f/one', 'f/two']);
  expect(found(OLD.slice(0, 16))).toEqual(['f/one', 'f/two']);
  expect(found(NEW)).toEqual(['f/one']);
  expect([found(OLD.slice(0, 15)), found(`${OLD.slice(0, 16)}b`), found('*'), found('A'.repeat(16))]).toEqual([
    [],
    [],
    [],
    [],
  ]);
  expect(versions.find('another', OLD)).toEqual([]);

  await catalog.put(entry('f/three', NEW));
  await eventually(() => expect(found(NEW)).toEqual(['f/one', 'f/three']));
  await versions.close();
  await catalog.close();
});

test('of workflows with equal files the first stays the first, also when it comes back to that version', async () => {
  const same = 'c'.repeat(64);
  const other = 'd'.repeat(64);
  const catalog = openCatalog(connection);
  const versions = openVersions(connection);
  await Promise.all([catalog.ready, versions.ready]);
  for (const [path, version] of [
    ['g/one', same],
    ['g/two', same],
    ['g/one', other],
    ['g/one', same],
    ['g/three', same],
  ] as const)
    await catalog.put(entry(path, version));
  const found = () => versions.find('default', same).map(({ workflow }) => workflow);
  await eventually(() => expect(found()).toEqual(['g/one', 'g/two', 'g/three']));
  await versions.close();
  await catalog.close();
});

test('a file that came with a request is kept until it is removed', async () => {
  const files = openFiles(connection);
  const bytes = new Uint8Array([0, 1, 2, 255]);
  await files.put('requests/one', bytes);
  expect(new Uint8Array((await files.get('requests/one')) ?? [])).toEqual(bytes);
  expect(await files.get('requests/two')).toBeUndefined();
  await files.remove('requests/one');
  expect(await files.get('requests/one')).toBeUndefined();
});
