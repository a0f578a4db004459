/**
 * What was seen of the product from outside, one JSON object per line, in a folder with a file for each kind of observer. Nothing here was
 * read from the product's tables, logs or counters.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One request of a client: what it asked under which key, and what came back. */
export interface ClientSaw {
  readonly at: number;
  readonly key: string;
  /** `refused`: answered that nothing was taken. `unknown`: no answer, or one that says that nobody knows. */
  readonly outcome: 'acknowledged' | 'refused' | 'unknown';
  readonly status?: number;
  readonly code?: string;
  readonly runId?: string;
  /** Whether a refusal said when to come again. */
  readonly retryAfter?: boolean;
  readonly tookMs: number;
}

/** What a running script or module wrote down as its first and its last act. */
export interface WitnessSaw {
  readonly what: 'start' | 'end';
  readonly run: string;
  readonly attempt: number;
  readonly pid: number;
  readonly at: number;
}

/** A message of the public event stream, in its order. */
export interface SubscriberSaw {
  readonly name: string;
  readonly runId: string;
  readonly attempt: number;
  /** `<sequence>.<index>` */
  readonly position: string;
  /** Whose log the position is in; absent where there is one. */
  readonly shard?: string;
  readonly workflow: string;
  /** Of the client's request, where its input names it. */
  readonly key?: string;
}

/** The last that was asked of `GET /status/{id}`. */
export interface StatusSaw {
  readonly runId: string;
  readonly state: string;
  readonly attempt: number;
}

/** A server-sent event of `GET /runs/{id}/events`, over all connections that the client needed. */
export interface StreamSaw {
  readonly runId: string;
  readonly id: string;
  readonly type: string;
}

/** Live processes of runs, counted in `/proc`. */
export interface CensusSaw {
  readonly at: number;
  readonly live: number;
}

/** A message that a receiver of webhooks got. */
export interface ReceiverSaw {
  readonly at: number;
  readonly endpoint: string;
  readonly id: string;
  readonly runId: string;
  readonly event: string;
  readonly bodyHash: string;
  readonly isSigned: boolean;
}

/** What the experiment was. */
export interface Experiment {
  /** Runs at the same time at most; not checked when absent. */
  readonly limit?: number;
  /** Endpoints that want to hear of every end of a run. */
  readonly endpoints?: readonly string[];
}

export interface Observations {
  readonly experiment: Experiment;
  readonly clients: readonly ClientSaw[];
  readonly witness: readonly WitnessSaw[];
  readonly events: readonly SubscriberSaw[];
  readonly statuses: readonly StatusSaw[];
  readonly streams: readonly StreamSaw[];
  readonly census: readonly CensusSaw[];
  readonly receiver: readonly ReceiverSaw[];
}

export type Observer = Exclude<keyof Observations, 'experiment'>;

/** Workflows below this folder write down what they do. */
export const WITNESSES = 'witness/';

export const fileOf = (folder: string, observer: Observer): string => join(folder, `${observer}.jsonl`);
export const experimentFile = (folder: string): string => join(folder, 'experiment.json');

/** A writer that was killed may have left half a line at the end, and only there. */
const readLines = (folder: string, observer: Observer): readonly never[] => {
  const file = fileOf(folder, observer);
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as never);
};

export const readObservations = (folder: string): Observations => ({
  experiment: existsSync(experimentFile(folder))
    ? (JSON.parse(readFileSync(experimentFile(folder), 'utf8')) as Experiment)
    : {},
  clients: readLines(folder, 'clients'),
  witness: readLines(folder, 'witness'),
  events: readLines(folder, 'events'),
  statuses: readLines(folder, 'statuses'),
  streams: readLines(folder, 'streams'),
  census: readLines(folder, 'census'),
  receiver: readLines(folder, 'receiver'),
});
