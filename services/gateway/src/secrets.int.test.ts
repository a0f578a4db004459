import { type SecretView } from '@millrace/contracts';
import { openSecrets } from '@millrace/eventlog';
import { claimDatabase, claimNats, eventually } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestGateway, type TestGateway, type TokenName } from '../testing/start-test-gateway.ts';

const VALUE = 'correct-horse-battery-staple';
const natsUrl = claimNats().url;

let gateway: TestGateway;
let keyless: TestGateway;
beforeAll(async () => {
  const { url: databaseUrl } = await claimDatabase();
  gateway = await startTestGateway({ natsUrl, databaseUrl });
  keyless = await startTestGateway({ natsUrl, databaseUrl, masterKey: '' });
});
afterAll(() => Promise.all([gateway.close(), keyless.close()]));

const put = (name: string, payload: object, as: TokenName = 'admin') =>
  gateway.call({ method: 'PUT', url: `/secrets/${name}`, payload, as });

describe('PUT /secrets/{name}', () => {
  test('sets a value that is known to the gateway within a second, and never answers with it', async () => {
    const answer = await put('API_KEY', { value: VALUE });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toMatchObject({
      name: 'API_KEY',
      values: [
        { key_id: expect.stringMatching(/^[0-9a-f]{8}$/), fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/) },
      ],
    });
    expect(answer.body).not.toContain(VALUE);
    await eventually(() => expect(gateway.secretValues.valuesOf('API_KEY')).toEqual([VALUE]), { timeoutMs: 1_000 });
  });

  test('keeps the values before beside a new one until they are retired', async () => {
    await put('ROTATED', { value: 'the-old-one' });
    expect((await put('ROTATED', { value: 'the-new-one', add: true })).json().values).toHaveLength(2);
    await eventually(() => expect(gateway.secretValues.valuesOf('ROTATED')).toEqual(['the-new-one', 'the-old-one']));
    expect((await put('ROTATED', { retire: true })).json().values).toHaveLength(1);
    await eventually(() => expect(gateway.secretValues.valuesOf('ROTATED')).toEqual(['the-new-one']));
  });

  test('loses no value when several are added at once', async () => {
    await put('BUSY', { value: 'value-0' });
    await Promise.all([1, 2, 3, 4].map((n) => put('BUSY', { value: `value-${n}`, add: true })));
    await eventually(() =>
      expect([...gateway.secretValues.valuesOf('BUSY')].sort()).toEqual([0, 1, 2, 3, 4].map((n) => `value-${n}`)),
    );
    const sixth = await put('BUSY', { value: 'value-6', add: true });
    expect([sixth.statusCode, sixth.json().code]).toEqual([409, 'secret.too_many_values']);
  });

  test.each([
    ['lower', { value: VALUE }, 400, 'secret.name'],
    ['LD_PRELOAD', { value: VALUE }, 400, 'secret.reserved_name'],
    ['A', { value: 'a\0b' }, 400, 'secret.value'],
    ['A', { value: 'x'.repeat(65_537) }, 400, 'http.invalid_body'],
    ['A', { value: VALUE, extra: 1 }, 400, 'http.invalid_body'],
    ['A', {}, 400, 'secret.change'],
    ['NOT_THERE', { retire: true }, 404, 'secret.not_found'],
  ])('%s %j is answered %i %s, without the value', async (name, payload, status, code) => {
    const answer = await put(name, payload);
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(answer.body).not.toContain(VALUE);
  });

  test('needs a master key', async () => {
    const answer = await keyless.call({ method: 'PUT', url: '/secrets/A', payload: { value: VALUE } });
    expect([answer.statusCode, answer.json().code]).toEqual([409, 'secret.no_master_key']);
  });
});

describe('GET and DELETE', () => {
  test('list names, times and fingerprints, also of what cannot be opened', async () => {
    await put('LISTED', { value: VALUE, workflows: ['pay/*'] });
    const listOf = async (from: TestGateway) =>
      (await from.call({ method: 'GET', url: '/secrets' })).json<{ secrets: readonly SecretView[] }>().secrets;
    await eventually(() => expect(gateway.secretValues.valuesOf('LISTED')).toEqual([VALUE]));
    const ours = await listOf(gateway);
    const theirs = await eventually(async () => {
      const secrets = await listOf(keyless);
      expect(secrets.map(({ name }) => name)).toEqual(ours.map(({ name }) => name));
      return secrets;
    });
    const find = (secrets: readonly SecretView[]) => secrets.find(({ name }) => name === 'LISTED');
    expect(find(ours)).toMatchObject({ workflows: ['pay/*'], values: [{ fingerprint: expect.any(String) }] });
    expect(find(theirs)?.values[0]).not.toHaveProperty('fingerprint');
    expect(keyless.secretValues.valuesOf('LISTED')).toEqual([]);
    expect(keyless.secretValues.get('LISTED')).toMatchObject({ unopened: 1 });
  });

  test('remove a secret everywhere', async () => {
    await put('GONE', { value: VALUE });
    await eventually(() => expect(gateway.secretValues.valuesOf('GONE')).toEqual([VALUE]));
    expect((await gateway.call({ method: 'DELETE', url: '/secrets/GONE' })).statusCode).toBe(204);
    await eventually(() => expect(gateway.secretValues.get('GONE')).toBeUndefined(), { timeoutMs: 1_000 });
    expect((await gateway.call({ method: 'DELETE', url: '/secrets/GONE' })).statusCode).toBe(404);
  });

  test.each(['read', 'run', 'limited'] as const)('a %s token may use none of it', async (as) => {
    const calls = [
      put('A', { value: VALUE }, as),
      gateway.call({ method: 'GET', url: '/secrets', as }),
      gateway.call({ method: 'DELETE', url: '/secrets/API_KEY', as }),
    ];
    expect((await Promise.all(calls)).map(({ statusCode }) => statusCode)).toEqual([403, 403, 403]);
  });
});

test('a caller cannot set a variable that is a secret of the workflow', async () => {
  await gateway.deploy('tests/sealed', { secrets: ['API_KEY'] });
  await eventually(() => expect(gateway.catalog.get('default', 'tests/sealed')).toBeDefined());
  const payload = { env: { API_KEY: 'forged' } };
  const answer = await gateway.call({ method: 'POST', url: '/run/tests/sealed', payload });
  expect(answer.statusCode).toBe(400);
  expect(answer.body).toContain('API_KEY is a secret of this workflow');
});

test('the bucket holds nothing of a value', async () => {
  await put('STORED', { value: VALUE });
  const store = openSecrets(gateway.connection);
  await store.ready;
  const text = JSON.stringify(store.list());
  await store.close();
  expect(text).toContain('STORED');
  expect(text).not.toContain(VALUE);
  expect(text).not.toContain(Buffer.from(VALUE).toString('base64'));
});
