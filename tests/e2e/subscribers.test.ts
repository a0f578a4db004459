import { connect } from '@nats-io/transport-node';
import { startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRun, untilEnded } from './runs.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({
    workflows: { 'f/ops/deploy.sh': '#!/bin/sh\necho \'{"deployed":true}\'\n', 'other/job.sh': '#!/bin/sh\ntrue\n' },
  });
});
afterAll(() => platform.stop());

test('a subscriber with nothing but a NATS client gets run.completed of the workflow it asked for, as binary CloudEvents', async () => {
  const { host, username, password } = new URL(platform.natsUrl);
  const nats = await connect({ servers: host, user: username, pass: password });
  try {
    const subscription = nats.subscribe('run.completed.default.f/ops.deploy', { max: 1, timeout: 20_000 });
    await nats.flush();
    const other = await startRun(platform.http, 'other/job');
    await untilEnded(platform.http, other);
    const id = await startRun(platform.http, 'f/ops/deploy');
    for await (const message of subscription) {
      const header = (name: string): string | undefined => message.headers?.get(name);
      expect(header('ce-specversion')).toBe('1.0');
      expect(header('ce-type')).toBe('dev.millrace.run.completed.v1');
      expect(header('ce-subject')).toBe(id);
      expect(header('ce-workflow')).toBe('f/ops/deploy');
      expect(header('Millrace-Position')).toMatch(/^\d+\.\d+$/);
      expect(message.json()).toMatchObject({ output: { deployed: true }, exitCode: 0 });
    }
  } finally {
    await nats.close();
  }
});
