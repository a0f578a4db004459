import { claimDatabase, claimNats, eventually } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWebhookDeliveries, openWebhookEndpoints, type WebhookEndpoints } from '@millrace/eventlog';
import { startTestGateway, type TestGateway } from '../testing/start-test-gateway.ts';

let gateway: TestGateway;
let endpoints: WebhookEndpoints;
beforeAll(async () => {
  gateway = await startTestGateway({ natsUrl: claimNats().url, databaseUrl: (await claimDatabase()).url });
  endpoints = openWebhookEndpoints(gateway.connection);
  await endpoints.ready;
});
afterAll(async () => {
  await endpoints.close();
  await gateway.close();
});

interface Created {
  readonly id: string;
  readonly secret: string;
  readonly events: readonly string[];
}

const create = async (payload: object): Promise<Created> => {
  const answer = await gateway.call({ method: 'POST', url: '/webhooks', payload });
  expect(answer.statusCode).toBe(201);
  const created = answer.json<Created>();
  await eventually(() => expect(endpoints.get(created.id)).toBeDefined());
  return created;
};

test('the secret is shown once and kept sealed', async () => {
  const { id, secret } = await create({ url: 'https://example.org/hook?key=s3cret' });
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(JSON.stringify(endpoints.get(id))).not.toContain(secret.slice('whsec_'.length));
  const list = await gateway.call({ method: 'GET', url: '/webhooks' });
  expect(list.json()).toMatchObject({ webhooks: [{ id, url: 'https://example.org/hook?…', enabled: true }] });
  expect(list.body).not.toContain('s3cret');
});

test.each([
  [{ url: 'ftp://example.org/' }, 'webhook.url_refused'],
  [{ url: 'http://169.254.169.254/latest/meta-data' }, 'webhook.url_refused'],
  [{ url: 'https://user:password@example.org/' }, 'webhook.url_refused'],
  [{ url: 'https://example.org:22/' }, 'webhook.url_refused'],
  [{ url: 'https://example.org/', events: ['run.complete'] }, 'webhook.unknown_event'],
  [{ url: 'https://example.org/', events: ['run.*'], format: 'windmill' }, 'webhook.event_has_no_format'],
])('%j is refused', async (payload, code) => {
  const answer = await gateway.call({ method: 'POST', url: '/webhooks', payload });
  expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, code]);
});

test('a change keeps the secret, and begins now with what was not asked for before', async () => {
  const { id } = await create({ url: 'https://example.org/hook', events: ['run.completed', 'workflow.*'] });
  const before = endpoints.get(id);
  await gateway.deploy('tests/later');
  const change = (payload: object) => gateway.call({ method: 'PATCH', url: `/webhooks/${id}`, payload });
  const payload = {
    url: 'https://example.org/other?key=s3cret',
    events: ['workflow.*', 'token.*'],
    description: 'other',
  };
  const changed = await change(payload);
  expect([changed.statusCode, changed.json()]).toMatchObject([200, { id, events: payload.events, enabled: true }]);
  expect(changed.body).not.toContain('s3cret');
  const { secret, start, url, description } = (await eventually(() => {
    const now = endpoints.get(id);
    expect(now?.description).toBe('other');
    return now;
  })) ?? { start: undefined };
  expect({ secret, url, description }).toEqual({ secret: before?.secret, url: payload.url, description: 'other' });
  expect(start).toMatchObject({ events: before?.start.events, catalog: before?.start.catalog });
  expect(start?.tokens).toBeGreaterThanOrEqual(before?.start.tokens ?? 0);
  const again = await change({ events: ['run.completed'] });
  expect(again.statusCode).toBe(200);

  for (const [wrong, code] of [
    [{ url: 'http://169.254.169.254/' }, 'webhook.url_refused'],
    [{ events: ['run.complete'] }, 'webhook.unknown_event'],
    [{}, 'http.invalid_body'],
    [{ secret: 'mine' }, 'http.invalid_body'],
  ] as const) {
    const refused = await change(wrong);
    expect([refused.statusCode, refused.json<{ code: string }>().code]).toEqual([400, code]);
  }
  const missing = await gateway.call({
    method: 'PATCH',
    url: '/webhooks/wh_0000000000',
    payload: { description: 'x' },
  });
  expect(missing.statusCode).toBe(404);
});

test.each(['read', 'run', 'limited'] as const)('a token of scope %s may not look at webhooks', async (as) => {
  expect((await gateway.call({ method: 'GET', url: '/webhooks', as })).statusCode).toBe(403);
});

test('a test, a message that failed, and everything that failed are put on their way', async () => {
  const { id } = await create({ url: 'http://127.0.0.1:8080/hook' });
  const deliveries = openWebhookDeliveries(gateway.connection);
  const tested = await gateway.call({ method: 'POST', url: `/webhooks/${id}/test` });
  expect(tested.statusCode).toBe(202);
  const [sent] = await deliveries.list(id);
  expect(sent).toMatchObject({ id: tested.json<{ id: string }>().id, state: 'waiting', event: 'webhook.test' });
  await deliveries.put({ ...sent!, state: 'failed', failures: 8, attempts: 8, failedAt: Date.parse('2026-01-02') });
  const list = await gateway.call({ method: 'GET', url: `/webhooks/${id}/deliveries` });
  expect(list.json()).toMatchObject({ deliveries: [{ id: sent?.id, state: 'failed' }] });

  const resent = await gateway.call({ method: 'POST', url: `/webhooks/${id}/deliveries/${sent!.id}/resend` });
  expect(resent.statusCode).toBe(202);
  expect(await deliveries.find(id, sent!.id)).toMatchObject({ state: 'waiting', failures: 0, attempts: 8 });

  await deliveries.put({ ...sent!, state: 'failed', failedAt: Date.parse('2026-01-02') });
  const recover = (since: string) =>
    gateway.call({ method: 'POST', url: `/webhooks/${id}/recover`, payload: { since } });
  expect((await recover('2026-01-03T00:00:00Z')).json()).toEqual({ recovered: 0 });
  expect((await recover('2026-01-01T00:00:00Z')).json()).toEqual({ recovered: 1 });
});

test('a disabled webhook is enabled again from now on, and one that is removed is gone', async () => {
  const { id } = await create({ url: 'https://example.org/' });
  await endpoints.change(id, (current) => ({ ...current, enabled: false, disabledReason: 'why not' }));
  await eventually(async () => {
    const answer = await gateway.call({ method: 'POST', url: `/webhooks/${id}/test` });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([409, 'webhook.disabled']);
  });
  await gateway.call({ method: 'POST', url: `/webhooks/${id}/enable` });
  await eventually(() => expect(endpoints.get(id)).toMatchObject({ enabled: true }));
  expect(endpoints.get(id)?.disabledReason).toBeUndefined();
  expect((await gateway.call({ method: 'DELETE', url: `/webhooks/${id}` })).statusCode).toBe(204);
  await eventually(async () => {
    expect((await gateway.call({ method: 'DELETE', url: `/webhooks/${id}` })).statusCode).toBe(404);
  });
});
