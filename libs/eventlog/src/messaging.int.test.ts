import { claimNats, eventually } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectLog, publish, request, respond, subscribe, type LogConnection } from './index.ts';

let connection: LogConnection;
beforeAll(async () => {
  connection = await connectLog({ url: claimNats().url, name: 'test' });
});
afterAll(() => connection.close());

test('a hint reaches who listens, until they stop', async () => {
  const heard: string[] = [];
  const listening = subscribe(connection, 'hint.*', (text, subject) => heard.push(`${subject} ${text}`));
  publish(connection, 'hint.a', 'one');
  await eventually(() => expect(heard).toEqual(['hint.a one']));
  listening.close();
  publish(connection, 'hint.a', 'two');
  const other = respond(connection, 'ping', async () => 'pong');
  await request(connection, 'ping', '', 1_000); // the server has passed on everything before this
  other.close();
  expect(heard).toEqual(['hint.a one']);
});

test('a request is answered', async () => {
  const responder = respond(connection, 'upper', async (text) => text.toUpperCase());
  expect(await request(connection, 'upper', 'grüße', 1_000)).toBe('GRÜSSE');
  responder.close();
});

test('a request that nobody listens to fails at once', async () => {
  await expect(request(connection, 'nobody', '', 5_000)).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'messaging.no_responders',
  });
});

test('a request that is not answered fails in time, also when the responder throws', async () => {
  const responder = respond(connection, 'broken', async () => {
    throw new Error('broken');
  });
  await expect(request(connection, 'broken', '', 200)).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'messaging.timeout',
  });
  responder.close();
});
