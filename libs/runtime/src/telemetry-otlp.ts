import {
  ROOT_CONTEXT,
  type Context,
  type HrTime,
  SpanKind as OtelSpanKind,
  SpanStatusCode,
  trace,
  type Span as OtelSpan,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { formatTraceparent, parseTraceparent } from '@millrace/contracts';
import { redactText } from './redaction.ts';
import { type Span, type SpanAttributes, type SpanKind, type Telemetry } from './telemetry.ts';

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

/** Seconds and nanoseconds: the SDK takes a plain number from before this process began for a time since it began. */
const timeOf = (epochMs: number): HrTime => {
  const seconds = Math.floor(epochMs / 1_000);
  return [seconds, Math.round((epochMs - seconds * 1_000) * 1_000_000)];
};

const withoutSecrets = (attributes: SpanAttributes): SpanAttributes =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, typeof value === 'string' ? redactText(value) : value]),
  );

const wrap = (span: OtelSpan): Span => {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceId,
    traceparent: formatTraceparent({ traceId, spanId, flags: traceFlags.toString(16).padStart(2, '0') }),
    setAttributes: (attributes) => void span.setAttributes(withoutSecrets(attributes)),
    setError: (message) => void span.setStatus({ code: SpanStatusCode.ERROR, message: redactText(message) }),
    end: (endTimeMs) => span.end(endTimeMs === undefined ? undefined : timeOf(endTimeMs)),
  };
};

const withinMs = async (work: Promise<void>, limitMs: number): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, limitMs, undefined);
  await Promise.race([work.catch(() => undefined), promise]);
  clearTimeout(timer);
};

export interface OtlpOptions {
  /** Whole address of the collector's endpoint for traces. */
  readonly url: string;
  /** `service.name` */
  readonly service: string;
  /** `service.instance.id` */
  readonly instance: string;
}

/** Tracing with the OpenTelemetry SDK; loaded only when spans have somewhere to go. Once in a process: the SDK is global. */
export const startOtlp = ({ url, service, instance }: OtlpOptions): Telemetry => {
  const sdk = new NodeSDK({
    serviceName: service,
    traceExporter: new OTLPTraceExporter({ url }),
    // Metrics are Prometheus', logs are stdout's; the SDK would export both to the same endpoint.
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [],
    resourceDetectors: [{ detect: () => ({ attributes: { 'service.instance.id': instance } }) }],
    // Contexts travel as texts, in events: nothing is injected or propagated behind our back.
    textMapPropagator: null,
  });
  sdk.start();
  const tracer = trace.getTracer('millrace');
  return {
    isExporting: true,
    startSpan: (name, { kind = 'internal', parent, startTimeMs, attributes = {} } = {}) => {
      const startTime = startTimeMs === undefined ? {} : { startTime: timeOf(startTimeMs) };
      const options = { kind: KINDS[kind], attributes: withoutSecrets(attributes), ...startTime };
      return wrap(tracer.startSpan(name, options, contextOf(parent)));
    },
    shutdown: () => withinMs(sdk.shutdown(), SHUTDOWN_MS),
  };
};
