import { parseTraceparent } from '@millrace/contracts';
import { describe, expect, test } from 'vitest';
import { startTelemetry } from './telemetry.ts';

describe('telemetry without a collector', () => {
  test('a span continues the trace of its parent', async () => {
    const telemetry = await startTelemetry({ service: 'gateway', env: {} });
    const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const span = telemetry.startSpan('accept', { parent });
    expect(telemetry.isExporting).toBe(false);
    expect(span.traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/);
    expect(span.traceparent).not.toBe(parent);
  });

  test.each([undefined, 'nonsense'])('a span with the parent %j begins a trace', async (parent) => {
    const telemetry = await startTelemetry({ service: 'gateway', env: { OTEL_EXPORTER_OTLP_ENDPOINT: '' } });
    const [one, two] = [telemetry.startSpan('a', { parent }), telemetry.startSpan('b', { parent })];
    expect(parseTraceparent(one.traceparent)).toMatchObject({ traceId: one.traceId, flags: '00' });
    expect(one.traceId).not.toBe(two.traceId);
  });
});
