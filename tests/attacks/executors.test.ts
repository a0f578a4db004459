import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node';
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRun, untilEnded } from '../e2e/runs.ts';
import { NO_RUN } from './platform.ts';

const LOOKS_FOR_NATS = `#!/bin/bash
env; cat /proc/self/environ | tr '\\0' '\\n'
exit 0
`;
const SLOW = '#!/bin/sh\nsleep 2\necho true > "$MILLRACE_OUTPUT"\n';

let platform: TestPlatform;
let address: URL;
const open: NatsConnection[] = [];
beforeAll(async () => {
  platform = await startTestPlatform({
    workflows: { 'attack/env.sh': LOOKS_FOR_NATS, 'attack/slow.sh': SLOW },
    mayViolatePermissions: true,
  });
  address = new URL(platform.natsUrl);
});
afterAll(async () => {
  for (const connection of open) await connection.close();
  await platform.stop();
});

const dial = async (credentials: ConnectionOptions): Promise<NatsConnection> => {
  const connection = await connect({ servers: address.host, reconnect: false, timeout: 5_000, ...credentials });
  open.push(connection);
  return connection;
};

describe('A4: who is no service writes nothing about a run', () => {
  test.each<[string, ConnectionOptions]>([
    ['nobody', {}],
    ['a wrong password', { user: 'millrace', pass: 'wrong' }],
    ['an empty password', { user: 'millrace', pass: '' }],
    ['a token of the HTTP interface', { token: 'mr_x_y' }],
    ['another user', { user: 'executor', pass: 'millrace' }],
  ])('%s is not let in', async (_name, credentials) => {
    await expect(dial(credentials)).rejects.toThrow(/authorization/i);
  });

  test('who may ask for the health of the server may do nothing else', async () => {
    const connection = await dial({ user: 'health', pass: decodeURIComponent(address.password) });
    const violations: string[] = [];
    void (async () => {
      for await (const { type, error } of connection.status() as AsyncIterable<{ type: string; error?: Error }>) {
        if (type === 'error') violations.push(String(error?.message));
      }
    })();
    const id = await startRun(platform.http, 'attack/slow');
    for (const subject of ['log.0.commit', 'scheduler.0.heartbeat', `reply.x.${id}`, '$JS.API.STREAM.DELETE.LOG_0']) {
      connection.publish(subject, '{"type":"dev.millrace.run.completed.v1"}');
    }
    await connection.flush();
    await eventually(() => expect(violations).toHaveLength(4));
    expect(await untilEnded(platform.http, id)).toMatchObject({ state: 'completed', output: true });
  });

  test('a run does not learn where the log is', async () => {
    const id = await startRun(platform.http, 'attack/env');
    await untilEnded(platform.http, id);
    const { text } = await platform.http.get(`/runs/${id}/logs`);
    expect(text).toContain('MILLRACE_');
    expect(text).not.toMatch(/nats:|postgres:|NATS_URL/i);
    expect(text).not.toContain(address.password);
  });
});

test('A4: an executor that nobody gave a run to is not believed about it', async () => {
  const connection = await dial({ user: address.username, pass: decodeURIComponent(address.password) });
  const id = await startRun(platform.http, 'attack/slow');
  const held = [id, NO_RUN].map((run_id) => ({ run_id, runId: run_id, attempt: 1 }));
  for (const text of [JSON.stringify({ executor: 'ex_forged', slots: 9, held, session: 1 }), '{', '', '[]', 'null']) {
    await connection.request('scheduler.0.heartbeat', text, { timeout: 1_000 }).catch(() => undefined);
  }
  expect(await untilEnded(platform.http, id)).toMatchObject({ state: 'completed', attempt: 1, output: true });
});
