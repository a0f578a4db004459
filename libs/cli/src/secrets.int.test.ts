import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectLog, ensureTopology, type LogConnection, openSecrets } from '@millrace/eventlog';
import { changeSecret, openRecord, parseKeyRing } from '@millrace/secrets';
import { claimNats, makeTempFolder } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../testing/run-cli.ts';

const keyOf = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const folder = makeTempFolder('rekey');
const fileOf = (fill: number): string => {
  const path = join(folder, `key-${fill}`);
  writeFileSync(path, `${keyOf(fill)}\n`, { mode: 0o600 });
  return path;
};
const { url } = claimNats();

let connection: LogConnection;
beforeAll(async () => {
  connection = await connectLog({ url, name: 'rekey-test' });
  await ensureTopology(connection);
});
afterAll(() => connection.close());

const set = async (name: string, value: string, fill: number): Promise<void> => {
  const store = openSecrets(connection);
  const context = { place: { workspace: 'default', name }, ring: parseKeyRing(keyOf(fill), 'test'), now: 0 };
  await store.change('default', name, (current) => changeSecret(current, { value, add: true }, context));
  await store.close();
};
const valuesUnder = async (fill: number): Promise<Readonly<Record<string, readonly string[]>>> => {
  const store = openSecrets(connection);
  await store.ready;
  const ring = parseKeyRing(keyOf(fill), 'test');
  const values = Object.fromEntries(store.list().map((record) => [record.name, openRecord(record, ring).values]));
  await store.close();
  return values;
};

test('rekey seals everything under the new key, names what no key opens, and may be repeated', async () => {
  await set('ONE', 'first', 1);
  await set('ONE', 'second', 1);
  await set('TWO', 'third', 1);
  const rekey = ['secret', 'rekey', '--old-key-file', fileOf(1), '--key-file', fileOf(2), '--json'];
  const done = await runCli(rekey, { env: { NATS_URL: url } });
  expect([done.code, JSON.parse(done.stdout)]).toEqual([0, { key_id: '75877bb4', resealed: 3, unopened: [] }]);
  expect(await valuesUnder(2)).toEqual({ ONE: ['second', 'first'], TWO: ['third'] });
  expect(await valuesUnder(1)).toEqual({ ONE: [], TWO: [] });

  await set('LOST', 'fourth', 3);
  const again = await runCli(rekey, { env: { NATS_URL: url } });
  expect([again.code, JSON.parse(again.stdout)]).toEqual([1, { key_id: '75877bb4', resealed: 0, unopened: ['LOST'] }]);
  expect(await valuesUnder(3)).toMatchObject({ LOST: ['fourth'] });
});
