import { formatTraceparent, parseTraceparent, type TraceContext } from '@millrace/contracts';
import { type Environment } from './config.ts';
import { type Ids, makeIds } from './ids.ts';

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** `internal` by default. */
  readonly kind?: SpanKind;
  /** `traceparent` text of the parent; without a usable one the span begins a trace of its own. */
  readonly parent?: string | undefined;
  /** When it began, in milliseconds since the epoch; now by default. */
  readonly startTimeMs?: number;
  readonly attributes?: SpanAttributes;
}

/** A span that has begun. It is exported once it has ended. */
export interface Span {
  /** Names this span as the parent of others. */
  readonly traceparent: string;
  readonly traceId: string;
  readonly setAttributes: (attributes: SpanAttributes) => void;
  readonly setError: (message: string) => void;
  /** @param endTimeMs milliseconds since the epoch; now by default */
  readonly end: (endTimeMs?: number) => void;
}

export interface Telemetry {
  /** Whether spans go anywhere. */
  readonly isExporting: boolean;
  readonly startSpan: (name: string, options?: SpanOptions) => Span;
  /** Sends what has not been sent yet, within a bounded time. Spans after this are lost. */
  readonly shutdown: () => Promise<void>;
}

export interface TelemetryOptions {
  /** `service.name` becomes `millrace-<service>`. */
  readonly service: string;
  /** `service.instance.id`; a random one by default. */
  readonly instance?: string;
  readonly ids?: Ids;
  readonly env?: Environment;
}

const nothing = (): void => undefined;
const NOT_SAMPLED = '00';

/** Context of a new span under `parent`: the same trace, or one that begins here. */
const childContext = (ids: Ids, parent: string | undefined): TraceContext => {
  const above = parseTraceparent(parent);
  return {
    traceId: above?.traceId ?? ids.traceId(),
    spanId: ids.spanId(),
    flags: above?.flags ?? NOT_SAMPLED,
  };
};

/** Ids only: what an event carries is the same whether anyone collects spans or not. */
const idsOnly = (ids: Ids): Telemetry => ({
  isExporting: false,
  startSpan: (_name, options) => {
    const context = childContext(ids, options?.parent);
    return {
      traceparent: formatTraceparent(context),
      traceId: context.traceId,
      setAttributes: nothing,
      setError: nothing,
      end: nothing,
    };
  },
  shutdown: async () => undefined,
});

/** Where spans go: the variable for traces is a whole address, the general one gets the path of traces. */
const tracesUrl = (env: Environment): string | undefined => {
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? '';
  if (own !== '') return own;
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  return base === '' ? undefined : `${base.replace(/\/+$/, '')}/v1/traces`;
};

/**
 * Starts tracing for this process. With `OTEL_EXPORTER_OTLP_ENDPOINT` (or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`) in the environment the
 * OpenTelemetry SDK is loaded and spans are sent in batches over OTLP/HTTP; without it nothing is loaded and a span costs its ids.
 * The SDK's own variables (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_…`, `OTEL_EXPORTER_OTLP_HEADERS`) apply.
 */
export const startTelemetry = async ({
  service,
  instance,
  ids = makeIds(),
  env = process.env,
}: TelemetryOptions): Promise<Telemetry> => {
  const url = tracesUrl(env);
  if (url === undefined) return idsOnly(ids);
  const { startOtlp } = await import('./telemetry-otlp.ts');
  return startOtlp({ url, service: `millrace-${service}`, instance: instance ?? ids.shortId() });
};
