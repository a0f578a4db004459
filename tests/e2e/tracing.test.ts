import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.ts';
import { startRun, untilEnded } from './runs.ts';

let receiver: OtlpReceiver;
let platform: TestPlatform;
beforeAll(async () => {
  receiver = await startOtlpReceiver();
  platform = await startTestPlatform({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint },
    workflows: { 'tests/trace.sh': '#!/bin/sh\nprintf \'{"traceparent":"%s"}\' "$TRACEPARENT"\n' },
  });
});
afterAll(async () => {
  await platform.stop();
  await receiver.close();
});

test("a run is one trace that begins at the caller's span: accept > commit, wait > run > project", async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const callerSpan = '00f067aa0ba902b7';
  const id = await startRun(platform.http, 'tests/trace', {}, { traceparent: `00-${traceId}-${callerSpan}-01` });
  const ended = await untilEnded(platform.http, id);
  expect(ended.trace_id).toBe(traceId);

  const spans = await eventually(
    () => {
      const byName = new Map(
        receiver
          .spans()
          .filter((span) => span.traceId === traceId)
          .map((span) => [span.name.split(' ')[0], span]),
      );
      expect([...byName.keys()].sort()).toEqual(['accept', 'commit', 'project', 'run', 'wait']);
      return byName;
    },
    { timeoutMs: 30_000, intervalMs: 200 },
  );
  const parentOf = (name: string): string | undefined => spans.get(name)?.parentSpanId;
  const idOf = (name: string): string | undefined => spans.get(name)?.spanId;
  expect(parentOf('accept')).toBe(callerSpan);
  expect(parentOf('commit')).toBe(idOf('accept'));
  expect(parentOf('wait')).toBe(idOf('accept'));
  expect(parentOf('run')).toBe(idOf('wait'));
  expect(parentOf('project')).toBe(idOf('run'));
  expect(ended.output).toEqual({ traceparent: `00-${traceId}-${idOf('run') ?? ''}-01` });
});
