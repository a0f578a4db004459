import { type Milliseconds } from '@millrace/kernel';
import {
  collectDefaultMetrics,
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client';

export type Labels<Name extends string> = Readonly<Record<Name, string | number>>;

export interface Counter<Name extends string = never> {
  readonly inc: (labels: Labels<Name>, by?: number) => void;
}

export interface Gauge<Name extends string = never> {
  readonly set: (labels: Labels<Name>, value: number) => void;
}

export interface Histogram<Name extends string = never> {
  /** @param value in the unit that ends the metric's name, seconds or bytes */
  readonly observe: (labels: Labels<Name>, value: number) => void;
}

export interface MetricOptions<Name extends string> {
  /** With the prefix `millrace_` and the unit at the end: `millrace_accept_seconds`. */
  readonly name: string;
  readonly help: string;
  /** Every label the metric has; each with few values, never an id of a run. */
  readonly labels?: readonly Name[];
}

export interface HistogramOptions<Name extends string> extends MetricOptions<Name> {
  /** Upper bounds; from 0.5 ms to 10 s by default. */
  readonly buckets?: readonly number[];
}

/** What one process measures. */
export interface Metrics {
  readonly counter: <Name extends string = never>(options: MetricOptions<Name>) => Counter<Name>;
  readonly gauge: <Name extends string = never>(options: MetricOptions<Name>) => Gauge<Name>;
  readonly histogram: <Name extends string = never>(options: HistogramOptions<Name>) => Histogram<Name>;
  /** A gauge that is read when somebody looks. */
  readonly observed: (options: MetricOptions<never>, read: () => number) => void;
  /** As `observed`, with a value for each of some labels. */
  readonly observedEach: <Name extends string>(
    options: MetricOptions<Name>,
    read: () => readonly { readonly labels: Labels<Name>; readonly value: number }[],
  ) => void;
  /** Everything in the Prometheus text format. */
  readonly text: () => Promise<string>;
  readonly contentType: string;
}

/** How often the delay of the event loop is sampled. Each sample wakes the process: at the library's 10 ms that was nearly all it did at idle. */
const EVENT_LOOP_SAMPLE_MS: Milliseconds = 250;

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A registry with the metrics of the process (CPU, memory, event loop, garbage collection) already in it. */
export const makeMetrics = (service: string): Metrics => {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
  const base = <Name extends string>({ name, help, labels = [] }: MetricOptions<Name>) => ({
    name,
    help,
    labelNames: labels,
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counter: (options) => {
      const counter = new PromCounter(base(options));
      return { inc: (labels, by) => counter.inc(labels, by) };
    },
    gauge: (options) => {
      const gauge = new PromGauge(base(options));
      return { set: (labels, value) => gauge.set(labels, value) };
    },
    histogram: (options) => {
      const histogram = new PromHistogram({ ...base(options), buckets: [...(options.buckets ?? SECONDS)] });
      return { observe: (labels, value) => histogram.observe(labels, value) };
    },
    observedEach: (options, read) => {
      new PromGauge({
        ...base(options),
        collect() {
          this.reset();
          for (const { labels, value } of read()) this.set(labels, value);
        },
      });
    },
    observed: (options, read) => {
      new PromGauge({
        ...base(options),
        collect() {
          this.set(read());
        },
      });
    },
  };
};
