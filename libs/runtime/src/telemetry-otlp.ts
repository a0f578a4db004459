import {
  ROOT_CONTEXT,
  type Context,
  SpanKind as OtelSpanKind,
  SpanStatusCode,
  trace,
  type Span as OtelSpan,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { formatTraceparent, parseTraceparent } from '@millrace/contracts';
import { type Span, type SpanKind, type Telemetry } from './telemetry.ts';

/** A collector that is away must not hold up a process that wants to end. */
const SHUTDOWN_MS = 3_000;

const KINDS: Readonly<Record<SpanKind, OtelSpanKind>> = {
  internal: OtelSpanKind.INTERNAL,
  server: OtelSpanKind.SERVER,
  client: OtelSpanKind.CLIENT,
  producer: OtelSpanKind.PRODUCER,
  consumer: OtelSpanKind.CONSUMER,
};

const contextOf = (parent: string | undefined): Context => {
  const above = parseTraceparent(parent);
  if (above === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, flags } = above;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  });
};

const wrap = (span: OtelSpan): Span => {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceId,
    traceparent: formatTraceparent({ traceId, spanId, flags: traceFlags.toString(16).padStart(2, '0') }),
    setAttributes: (attributes) => void span.setAttributes(attributes),
    setError: (message) => void span.setStatus({ code: SpanStatusCode.ERROR, message }),
    end: (endTimeMs) => span.end(endTimeMs),
  };
};

const withinMs = async (work: Promise<void>, limitMs: number): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, limitMs, undefined);
  await Promise.race([work.catch(() => undefined), promise]);
  clearTimeout(timer);
};

/** Tracing with the OpenTelemetry SDK; loaded only when spans have somewhere to go (266 ms and 42 MB). */
export const startOtlp = (options: { readonly service: string; readonly instance: string }): Telemetry => {
  const sdk = new NodeSDK({
    serviceName: `millrace-${options.service}`,
    traceExporter: new OTLPTraceExporter(),
    // Metrics are Prometheus', logs are stdout's; the SDK would export both to the same endpoint.
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [],
    resourceDetectors: [],
    textMapPropagator: null,
  });
  sdk.start();
  const tracer = trace.getTracer('millrace');
  return {
    isExporting: true,
    startSpan: (name, { kind = 'internal', parent, startTimeMs, attributes = {} } = {}) =>
      wrap(
        tracer.startSpan(
          name,
          {
            kind: KINDS[kind],
            attributes: { ...attributes, 'service.instance.id': options.instance },
            ...(startTimeMs === undefined ? {} : { startTime: startTimeMs }),
          },
          contextOf(parent),
        ),
      ),
    shutdown: () => withinMs(sdk.shutdown(), SHUTDOWN_MS),
  };
};
