/** `[dialects.serve] health = "token"`: document 000 leaves `/health` open, its source does not. */
import { claimDatabase, claimNats } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestGateway, type TestGateway, type TokenName } from '../testing/start-test-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  const urls = { natsUrl: claimNats().url, databaseUrl: (await claimDatabase()).url };
  gateway = await startTestGateway({ ...urls, settings: { dialects: { serve: { health: 'token' } } } });
});
afterAll(() => gateway.close());

test.each<TokenName>(['admin', 'read', 'limited'])('the token %s may ask', async (as) => {
  const answer = await gateway.call({ url: '/health', as });
  expect([answer.statusCode, answer.json()]).toMatchObject([200, { status: 'ok' }]);
});

test.each([{}, { authorization: 'Bearer wrong' }, { authorization: 'bearer admin-token' }])(
  '000: whoever shows %j is 401, in the words of the document',
  async (headers) => {
    const answer = await gateway.app.inject({ url: '/health', headers: { host: 'gateway.test', ...headers } });
    expect([answer.statusCode, answer.json()]).toEqual([401, { error: 'unauthorized' }]);
  },
);

test('the description says so', async () => {
  const { paths } = (await gateway.call({ url: '/openapi.json' })).json<{ paths: Record<string, unknown> }>();
  expect(paths['/health']).toMatchObject({ get: { security: [{ bearer: [] }] } });
});
