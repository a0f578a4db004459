import { startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { EventSource } from 'eventsource';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRun } from './runs.ts';

const STEPS = '#!/bin/sh\nfor n in 25 50 75; do echo "::progress $n"; sleep 0.2; done\necho \'{"done":true}\'\n';
const SINK =
  'triggers:\n  - dialect: sink\n    app_id: shop\n    path: /steps\n    methods: [GET, POST]\n    auth_token: null\n';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({ workflows: { 'tests/steps.sh': STEPS, 'tests/steps.yaml': SINK } });
});
afterAll(() => platform.stop());

const open = (path: string): EventSource =>
  new EventSource(`${platform.url}${path}`, {
    fetch: (url, init) =>
      fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${platform.token}` } }),
  });

test('an EventSource follows a run to its end, and is told not to come back', async () => {
  const id = await startRun(platform.http, 'tests/steps');
  const source = open(`/runs/${id}/events`);
  const ids: string[] = [];
  const percents: number[] = [];
  source.addEventListener('progress', ({ data, lastEventId }) => {
    ids.push(lastEventId);
    percents.push((JSON.parse(String(data)) as { percent: number }).percent);
  });
  const complete = await new Promise<string>((resolve) =>
    source.addEventListener('complete', ({ data }) => resolve(String(data))),
  );
  expect(JSON.parse(complete)).toMatchObject({ run_id: id, status: 'completed', output: { done: true } });
  expect(percents).toEqual([25, 50, 75]);
  expect(new Set(ids).size).toBe(ids.length);
  // It connects again by itself, with Last-Event-ID, and gets 204: nothing is told twice.
  await new Promise<void>((resolve) =>
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) resolve();
    }),
  );
  expect(percents).toEqual([25, 50, 75]);
});

test('002: frames without an event line reach onmessage', async () => {
  const source = open('/sink/trigger/http/shop/steps');
  const frames: { readonly type: string; readonly progress?: number; readonly output?: unknown }[] = [];
  await new Promise<void>((resolve) => {
    source.onmessage = ({ data }) => {
      const frame = JSON.parse(String(data)) as (typeof frames)[number];
      frames.push(frame);
      if (frame.type === 'complete') resolve();
    };
  });
  source.close();
  expect(frames.map(({ type, progress }) => [type, progress])).toEqual([
    ['progress', 0],
    ['progress', 25],
    ['progress', 50],
    ['progress', 75],
    ['complete', undefined],
  ]);
  expect(frames.at(-1)?.output).toEqual({ done: true });
});
