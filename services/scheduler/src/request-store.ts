/**
 * The requests of open runs, for whoever dispatches or ends them: small ones are kept in bounded memory, the others are read back from the
 * log where they stand. Runs start about in the order in which they were requested, so the first ones are kept and later ones wait in the log.
 */
import { type Position, type RunRequested } from '@millrace/contracts';
import { type Commit } from '@millrace/eventlog';
import { roughBytes } from './rough-bytes.ts';

/** Input, environment and event attributes of a request that is kept in memory. */
export const KEPT_REQUEST_BYTES_MAX = 4 * 1024;
/** All requests that are kept in memory. */
export const KEPT_BYTES_MAX = 32 * 1024 * 1024;
/** A larger payload is counted as if it were of this size, so that looking at it costs no more. */
const MEASURED_BYTES_MAX = 64 * 1024;
/** Weight of one request in the mean. */
const MEAN_WEIGHT = 1 / 64;
/** Results that grow are believed sooner: what they take is missing for others. */
const MEAN_RISE_WEIGHT = 1 / 4;
const RESULT_MEASURED_BYTES_MAX = 1024 * 1024;
/** What the envelope and the policy of a request take, about. */
const ENVELOPE_BYTES = 1_024;
/** Commits that were read back lately: their other requests are due next. */
export const READ_COMMITS_MAX = 32;
/** A larger commit holds one large request, and nobody asks for it again. */
const READ_COMMIT_BYTES_MAX = 1024 * 1024;

/** About how large requests and results are, in the mean of the latest ones. */
export interface Measures {
  readonly requestBytes: number;
  readonly endBytes: number;
}
const NOTHING_MEASURED: Measures = { requestBytes: 0, endBytes: 0 };

export interface RequestStore {
  /** Call it for every request of the log, in order, with what it takes there. */
  readonly keep: (event: RunRequested, storedBytes?: number) => void;
  /** The run is over. */
  readonly forget: (runId: string) => void;
  readonly find: (runId: string) => RunRequested | undefined;
  /** The request from the log; `undefined` when the log holds it no more. @throws AppError `unavailable` when the log is away. */
  readonly load: (runId: string, position: Position) => Promise<RunRequested | undefined>;
  readonly keptBytes: () => number;
  /** Call it for every run that ended, with its result or error. */
  readonly measureEnd: (data: unknown) => void;
  /** About how large the input, the environment and the result of the latest runs are, in the mean. */
  readonly meanBytes: () => number;
  readonly measures: () => Measures;
}

interface Kept {
  readonly event: RunRequested;
  readonly bytes: number;
}

const pick = (commit: Commit | undefined, { index }: Position): RunRequested | undefined => {
  const decoded = commit?.events[index];
  if (decoded?.known !== true || decoded.event.type !== 'dev.millrace.run.requested.v1') return undefined;
  return decoded.event;
};

/** Commits that were read back lately, each asked for once. */
const makeCommitCache = (readCommit: (sequence: number) => Promise<Commit | undefined>) => {
  const commits = new Map<number, Promise<Commit | undefined>>();
  return (sequence: number): Promise<Commit | undefined> => {
    const known = commits.get(sequence);
    if (known !== undefined) return known;
    const reading = readCommit(sequence);
    commits.set(sequence, reading);
    reading.then(
      (commit) => (commit?.bytes ?? 0) <= READ_COMMIT_BYTES_MAX || commits.delete(sequence),
      () => commits.delete(sequence), // the next one asks again
    );
    for (const oldest of commits.keys()) {
      if (commits.size <= READ_COMMITS_MAX) break;
      commits.delete(oldest);
    }
    return reading;
  };
};

export const makeRequestStore = (
  readCommit: (sequence: number) => Promise<Commit | undefined>,
  measures = NOTHING_MEASURED,
): RequestStore => {
  const kept = new Map<string, Kept>();
  const readOnce = makeCommitCache(readCommit);
  let keptBytes = 0;
  let meanRequestBytes = measures.requestBytes;
  let meanEndBytes = measures.endBytes;

  return {
    keep: (event, storedBytes) => {
      const { input, env, cloudEvent } = event.data;
      const payload = roughBytes([input, env, cloudEvent], MEASURED_BYTES_MAX);
      meanRequestBytes += ((storedBytes ?? payload) - meanRequestBytes) * MEAN_WEIGHT;
      const bytes = ENVELOPE_BYTES + payload;
      if (payload > KEPT_REQUEST_BYTES_MAX || keptBytes + bytes > KEPT_BYTES_MAX || kept.has(event.subject)) return;
      kept.set(event.subject, { event, bytes });
      keptBytes += bytes;
    },
    forget: (runId) => {
      const entry = kept.get(runId);
      if (entry === undefined) return;
      kept.delete(runId);
      keptBytes -= entry.bytes;
    },
    find: (runId) => kept.get(runId)?.event,
    load: async (runId, position) => {
      const event = pick(await readOnce(position.sequence), position);
      return event?.subject === runId ? event : undefined;
    },
    keptBytes: () => keptBytes,
    measureEnd: (data) => {
      const bytes = roughBytes(data, RESULT_MEASURED_BYTES_MAX);
      meanEndBytes += (bytes - meanEndBytes) * (bytes > meanEndBytes ? MEAN_RISE_WEIGHT : MEAN_WEIGHT);
    },
    meanBytes: () => meanRequestBytes + meanEndBytes,
    measures: () => ({ requestBytes: meanRequestBytes, endBytes: meanEndBytes }),
  };
};
