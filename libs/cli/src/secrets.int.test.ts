import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { webhookSecretPlace } from '@millrace/contracts';
import { connectLog, ensureTopology, type LogConnection, openSecrets, openWebhookEndpoints } from '@millrace/eventlog';
import { changeSecret, openRecord, openValue, parseKeyRing, sealValue } from '@millrace/secrets';
import { claimNats, eventually, makeTempFolder } from '@millrace/testkit';
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

test('rekey seals the secrets of webhooks as well, and names those that no key opens', async () => {
  const endpoints = openWebhookEndpoints(connection);
  await endpoints.ready;
  const add = async (id: string, fill: number): Promise<void> => {
    const key = parseKeyRing(keyOf(fill), 'test').current;
    if (key === undefined) throw new Error('no key');
    const createdAt = '2026-01-02T03:04:05.678Z';
    const secret = sealValue(key, webhookSecretPlace(id), `whsec_${id}`, createdAt);
    const rest = { url: 'https://example.org/', description: '', events: ['run.*'], format: 'millrace' } as const;
    const start = { events: 1, catalog: 1, tokens: 1 };
    await endpoints.put({ ...rest, events: [...rest.events], id, secret, createdAt, enabled: true, start });
  };
  await add('wh_0aaaaaaa', 5);
  await add('wh_0bbbbbbb', 6);
  const rekey = ['secret', 'rekey', '--old-key-file', fileOf(5), '--key-file', fileOf(7), '--json'];
  const done = await runCli(rekey, { env: { NATS_URL: url } });
  expect([done.code, JSON.parse(done.stdout)]).toMatchObject([1, { resealed: 1, unopened: ['wh_0bbbbbbb'] }]);
  await eventually(() => {
    const sealed = endpoints.get('wh_0aaaaaaa')?.secret;
    expect(sealed && openValue(parseKeyRing(keyOf(7), 'test'), webhookSecretPlace('wh_0aaaaaaa'), sealed)).toEqual({
      outcome: 'opened',
      value: 'whsec_wh_0aaaaaaa',
    });
  });
  for (const id of ['wh_0aaaaaaa', 'wh_0bbbbbbb']) await endpoints.remove(id);
  await endpoints.close();
});

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
