import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { type AddressInfo } from 'node:net';
import { parseTraceparent } from '@millrace/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTelemetry } from './telemetry.ts';

interface ReceivedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly attributes: readonly { readonly key: string; readonly value: unknown }[];
}

interface ReceivedTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: ReceivedSpan['attributes'] };
    readonly scopeSpans: readonly { readonly spans: readonly ReceivedSpan[] }[];
  }[];
}

/** OTLP/HTTP with JSON: what a collector would take. */
const received: { readonly path: string; readonly body: ReceivedTraces }[] = [];
const collector = createServer((request, response) => {
  void text(request).then((body) => {
    received.push({ path: request.url ?? '', body: JSON.parse(body) as ReceivedTraces });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
});
let endpoint = '';

beforeAll(async () => {
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
});
afterAll(() => collector.close());

describe('telemetry with a collector', () => {
  test('spans arrive with their ids, parents, times, and only spans', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/` };
    const telemetry = await startTelemetry({ service: 'gateway', instance: 'gw_1', env });
    expect(telemetry.isExporting).toBe(true);
    const caller = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const accept = telemetry.startSpan('accept', { kind: 'server', parent: caller, attributes: { workflow: 'a/b' } });
    const commit = telemetry.startSpan('commit', { kind: 'producer', parent: accept.traceparent, startTimeMs: 1_000 });
    commit.setError('no answer');
    commit.end(1_250);
    accept.end();
    telemetry.startSpan('root', { parent: 'nonsense' }).end();
    await telemetry.shutdown();

    expect(received.map(({ path }) => path)).toEqual(['/v1/traces']);
    const [resource] = received.flatMap(({ body }) => body.resourceSpans);
    expect(resource?.resource.attributes).toEqual(
      expect.arrayContaining([
        { key: 'service.name', value: { stringValue: 'millrace-gateway' } },
        { key: 'service.instance.id', value: { stringValue: 'gw_1' } },
      ]),
    );
    const spans = new Map(resource?.scopeSpans.flatMap((scope) => scope.spans).map((span) => [span.name, span]));
    expect([...spans.keys()].sort()).toEqual(['accept', 'commit', 'root']);
    const trace = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736' };
    expect(spans.get('accept')).toMatchObject({ ...trace, kind: 2, parentSpanId: '00f067aa0ba902b7' });
    expect(spans.get('accept')?.attributes).toEqual([{ key: 'workflow', value: { stringValue: 'a/b' } }]);
    expect(spans.get('accept')?.spanId).toBe(parseTraceparent(accept.traceparent)?.spanId);
    expect(spans.get('commit')).toMatchObject({
      ...trace,
      kind: 4,
      parentSpanId: spans.get('accept')?.spanId,
      startTimeUnixNano: '1000000000',
      endTimeUnixNano: '1250000000',
      status: { code: 2, message: 'no answer' },
    });
    expect(spans.get('root')?.parentSpanId ?? '').toBe('');
    expect(spans.get('root')?.traceId).not.toBe(trace.traceId);
  });
});
