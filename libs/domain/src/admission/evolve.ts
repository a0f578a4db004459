import {
  isSaidByExecutor,
  isSaidByOther,
  type Position,
  type RunEvent,
  type RunEventOf,
  type RunRequested,
} from '@millrace/contracts';
import { isAnsweredWithWord } from './awaits-word.ts';
import { debounce, enter, supersede } from './enter.ts';
import { scheduleKey } from '../schedule/schedule-key.ts';
import { type TerminalEvent } from '../run/evolve-run.ts';
import { FORGIVEN_LOSSES_MAX } from '../run/run-state.ts';
import { type Holding } from './executor-record.ts';
import { type Run, STANDING } from './run-table.ts';
import { type SchedulerState } from './scheduler-state.ts';

/** Where and when the log holds an event. */
interface Stored {
  readonly position: Position;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

type AttemptFailed = RunEventOf<'dev.millrace.run.attempt.failed.v1'>;
type AttemptLost = RunEventOf<'dev.millrace.run.attempt.lost.v1'>;

const onRequested = (state: SchedulerState, event: RunRequested, { position, atMs }: Stored): void => {
  const { subject, workspace, workflow, data } = event;
  if (state.runs.find(subject) !== undefined) return;
  noteFiring(state, event);
  const { policy, concurrencyKey: key, priority } = data;
  const run = state.add(subject, position, { workspace, workflow, policy, key, priority });
  if (state.leadingSinceMs !== undefined && isAnsweredWithWord(policy)) state.asking.add(run);
  if (data.notBefore !== undefined) state.sleep(run, timeOf(data.notBefore));
  else if (policy.debounce === undefined) enter(state, run);
  else debounce(state, run, { key: data.debounceKey ?? key ?? '', atMs });
};

/** What cannot be read as a time is now. */
const timeOf = (text: string): number => {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? 0 : ms;
};

const noteFiring = ({ fired }: SchedulerState, { workspace, workflow, data }: RunRequested): void => {
  if (data.scheduledFor === undefined || data.trigger === undefined) return;
  const key = scheduleKey({ workspace, workflow, trigger: data.trigger.id });
  fired.set(key, Math.max(fired.get(key) ?? 0, timeOf(data.scheduledFor)));
};

/** The echo of a dispatch that was decided here, or one that another leader decided. */
const onDispatched = (
  state: SchedulerState,
  run: Run,
  event: RunEventOf<'dev.millrace.run.dispatched.v1'>,
  atMs: number,
): void => {
  const own = state.holdings.get(run);
  if (own !== undefined) {
    if (event.attempt === state.runs.attempt.get(run) && event.data.executor === own.executor.id)
      recorded(state, own, atMs);
    return;
  }
  if (event.attempt !== state.runs.attempt.get(run) + 1) return;
  // a leader that is gone may have dispatched what was asked to be cancelled, or to give way, before it read that
  const ending = state.endings.get(run);
  const successor = state.successors.get(run);
  state.withdraw(run);
  state.successors.delete(run);
  const holding = state.hold(run, state.executor(event.data.executor));
  state.record(holding, atMs);
  if (ending === 'cancelled') askToEnd(state, holding);
  if (ending === 'superseded' && successor !== undefined) supersede(state, run, successor);
};

const askToEnd = (state: SchedulerState, holding: Holding): void => {
  holding.isCancelRequested = true;
  state.cancellations.delete(holding.run);
  state.depart(holding);
};

const recorded = (state: SchedulerState, holding: Holding, atMs: number): void => {
  state.record(holding, atMs);
  if (holding.lostReason !== undefined) state.losses.add(holding);
};

const onCancelRequested = (state: SchedulerState, run: Run): void => {
  const holding = state.holdings.get(run);
  if (holding !== undefined) askToEnd(state, holding);
  else if (state.runs.standing.get(run) !== STANDING.ending) {
    state.withdraw(run);
    state.end(run, 'cancelled');
  }
};

/** Whatever else became of the run meanwhile counts more. */
const onRetryScheduled = (
  state: SchedulerState,
  run: Run,
  { attempt, data }: RunEventOf<'dev.millrace.run.retry.scheduled.v1'>,
): void => {
  if (state.runs.standing.get(run) !== STANDING.retrying || attempt !== state.runs.attempt.get(run)) return;
  state.withdraw(run);
  state.sleep(run, timeOf(data.notBefore));
};

/** The attempt is over, the run is not: another attempt, or the end when none is left. */
const onAttemptOver = (state: SchedulerState, { run }: Holding, how: 'failed' | 'lost'): void => {
  const count = state.runs[how].get(run) + 1;
  state.runs[how].set(run, count);
  const { retries } = state.policyOf(run);
  if (count <= retries[how]) {
    if (how === 'failed' && retries.backoff !== undefined) state.retry(run);
    else state.enqueue(run);
  } else state.end(run, how === 'lost' ? 'executor_lost' : 'attempts_used_up');
};

/** Whether the loss of the current attempt may go uncounted. */
const isForgiven = (state: SchedulerState, { run }: Holding, { data }: AttemptLost): boolean => {
  if (data.counted !== false || state.policyOf(run).retries.lost === 0) return false;
  const { attempt, failed, lost } = state.runs;
  // Every attempt before this one failed, was lost, or was lost and forgiven.
  return attempt.get(run) - 1 - failed.get(run) - lost.get(run) < FORGIVEN_LOSSES_MAX;
};

const onAttemptEvent = (
  state: SchedulerState,
  holding: Holding | undefined,
  event: AttemptLost | AttemptFailed,
): void => {
  if (holding === undefined) return;
  const { run, isCancelRequested } = holding;
  state.release(holding);
  if (isCancelRequested) state.end(run, 'cancelled');
  else if (state.successors.has(run)) state.end(run, 'superseded');
  else if (event.type === 'dev.millrace.run.attempt.failed.v1') onAttemptOver(state, holding, 'failed');
  else if (isForgiven(state, holding, event)) state.enqueue(run);
  else onAttemptOver(state, holding, 'lost');
};

/** The attempt that the event speaks of, when it is going on and the event is not another executor's. */
const currentOf = (
  state: SchedulerState,
  run: Run,
  event: Pick<RunEvent, 'attempt' | 'source'>,
): Holding | undefined => {
  const holding = state.holdings.get(run);
  if (holding === undefined || event.attempt !== state.runs.attempt.get(run)) return undefined;
  return isSaidByOther(event, holding.executor.id) ? undefined : holding;
};

const onTerminal = (state: SchedulerState, run: Run, event: TerminalEvent): void => {
  if (state.holdings.has(run)) {
    const holding = currentOf(state, run, event);
    if (holding === undefined) return;
    state.release(holding);
  } else {
    if (event.attempt !== undefined || isSaidByExecutor(event)) return;
    state.withdraw(run);
  }
  state.forget(run);
};

const onEventOfRun = (state: SchedulerState, run: Run, event: Exclude<RunEvent, RunRequested>, atMs: number): void => {
  switch (event.type) {
    case 'dev.millrace.run.dispatched.v1':
      onDispatched(state, run, event, atMs);
      return;
    case 'dev.millrace.run.started.v1':
    case 'dev.millrace.run.progressed.v1':
    case 'dev.millrace.run.responded.v1':
      return;
    case 'dev.millrace.run.cancel.requested.v1':
      onCancelRequested(state, run);
      return;
    case 'dev.millrace.run.retry.scheduled.v1':
      onRetryScheduled(state, run, event);
      return;
    case 'dev.millrace.run.attempt.failed.v1':
    case 'dev.millrace.run.attempt.lost.v1':
      onAttemptEvent(state, currentOf(state, run, event), event);
      return;
    default:
      onTerminal(state, run, event);
  }
};

/**
 * Folds one event of the log into the state, in place. Superseded events change nothing (the same rules as `isSuperseded`), nor do events
 * of runs that are over or were never requested, so reading an event again is harmless.
 *
 * @param atMs when the log stored it, milliseconds since the epoch; without it, at the same time as the last one
 */
export const evolve = (state: SchedulerState, event: RunEvent, position: Position, atMs = state.queues.logMs): void => {
  state.queues.advance(atMs);
  if (event.type === 'dev.millrace.run.requested.v1') {
    onRequested(state, event, { position, atMs });
    return;
  }
  const run = state.runs.find(event.subject);
  if (run !== undefined) onEventOfRun(state, run, event, atMs);
};
