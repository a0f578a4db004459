import { isTerminal } from '@millrace/contracts';
import { isSuperseded, type RunGate, type RunStatus } from '@millrace/domain';
import { type RunEventRecord, type RunProgressRecord, type RunRecord } from '@millrace/read-model';
import { birthOf } from './birth.ts';
import { eventRecordOf } from './event-record.ts';
import { changeOf } from './evolve-run-record.ts';
import { type RecordedEvent } from './recorded-event.ts';

/** What a stretch of the log makes of rows: at most one for each run. */
export interface FoldedRuns {
  readonly born: readonly RunRecord[];
  readonly changed: readonly RunProgressRecord[];
  readonly events: readonly RunEventRecord[];
  /** What ended a run. */
  readonly ended: readonly RecordedEvent[];
}

const gateOf = ({ state, attempt, executor }: RunProgressRecord): RunGate => ({
  status: state as RunStatus,
  attempt,
  executor: executor ?? undefined,
});

/** Folds a stretch of the log of a shard (the first by default), in its order, over the rows that were there before it. Pure: the same stretch gives the same rows. */
export const foldRuns = (
  known: readonly RunProgressRecord[],
  recorded: readonly RecordedEvent[],
  shard?: number,
): FoldedRuns => {
  const before = new Map(known.map((row) => [row.id, row]));
  const born = new Map<string, RunRecord>();
  const changed = new Map<string, RunProgressRecord>();
  const events: RunEventRecord[] = [];
  const ended: RecordedEvent[] = [];
  for (const entry of recorded) {
    const { event, position, time } = entry;
    const newborn = born.get(event.subject);
    const row = newborn ?? changed.get(event.subject) ?? before.get(event.subject);
    if (isSuperseded(row && gateOf(row), event)) continue;
    events.push(eventRecordOf(entry));
    if (isTerminal(event.type)) ended.push(entry);
    if (row === undefined) {
      if (event.type === 'dev.millrace.run.requested.v1')
        born.set(event.subject, birthOf(event, time, position, shard));
      continue;
    }
    const change = { ...changeOf(event, time, row), last_sequence: position.sequence, last_index: position.index };
    if (newborn === undefined) changed.set(event.subject, { ...row, ...change });
    else born.set(event.subject, { ...newborn, ...change });
  }
  return { born: [...born.values()], changed: [...changed.values()], events, ended };
};
