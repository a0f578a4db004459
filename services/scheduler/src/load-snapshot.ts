/** Begins with what another leader kept, when it is of this log; else with nothing, and the log tells everything. */
import { type AdmissionLimits, decodeState, SchedulerState } from '@millrace/domain';
import { logBounds, type LogConnection, logContradiction, openSnapshots, type StreamAnchor } from '@millrace/eventlog';
import { type Clock } from '@millrace/kernel';
import { type Logger } from '@millrace/runtime';
import { type Measures } from './request-store.ts';
import { parseSnapshotLog, type SnapshotLog } from './snapshot-log.ts';

/** Where the folding begins. */
export interface Beginning {
  readonly state: SchedulerState;
  /** The last commit that the state holds. */
  readonly anchor: StreamAnchor;
  readonly measures: Measures;
}

export interface LoadSnapshotDeps {
  readonly connection: LogConnection;
  readonly shard: number;
  readonly limits: AdmissionLimits;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Why the fold may not go on behind a snapshot; `undefined` when it may. */
const objectionTo = async (
  { connection, shard }: LoadSnapshotDeps,
  snapshotLog: SnapshotLog | undefined,
): Promise<string | undefined> => {
  if (snapshotLog?.shard !== shard) return 'it is of another shard';
  const { first } = await logBounds(connection, shard);
  if (first > snapshotLog.sequence + 1) return `the log begins behind it, at ${first}`;
  return logContradiction(connection, shard, snapshotLog);
};

const tryOne = async (deps: LoadSnapshotDeps, bytes: Uint8Array): Promise<Beginning | string> => {
  const { state, log } = decodeState(bytes, deps.limits);
  const snapshotLog = parseSnapshotLog(log);
  const objection = await objectionTo(deps, snapshotLog);
  if (objection !== undefined || snapshotLog === undefined) return objection ?? 'it does not say of which log it is';
  const { sequence, storedAt, requestBytes, endBytes } = snapshotLog;
  return { state, anchor: { sequence, storedAt }, measures: { requestBytes, endBytes } };
};

/** The newest one that can be used. */
const find = async (deps: LoadSnapshotDeps): Promise<Beginning | undefined> => {
  for await (const bytes of openSnapshots(deps.connection).load(deps.shard)) {
    const found = await tryOne(deps, bytes).catch(String);
    if (typeof found !== 'string') return found;
    deps.log.warn('passed by a snapshot', { reason: found });
  }
  return undefined;
};

/** Whatever is wrong with snapshots, the log is there to be read. */
export const loadSnapshot = async (deps: LoadSnapshotDeps): Promise<Beginning> => {
  const { limits, clock, log } = deps;
  const startMs = clock.monotonic();
  try {
    const found = await find(deps);
    if (found !== undefined) {
      const { anchor, state } = found;
      const ms = Math.round(clock.monotonic() - startMs);
      log.info('loaded a snapshot', { position: anchor.sequence, waiting: state.waiting, ms });
      return found;
    }
  } catch (error) {
    log.warn('could not load a snapshot', { err: error });
  }
  return {
    state: new SchedulerState(limits),
    anchor: { sequence: 0, storedAt: undefined },
    measures: { requestBytes: 0, endBytes: 0 },
  };
};
