/**
 * Room in the log for what runs still write. The log refuses everything at `max_bytes`, so two things are kept apart:
 *
 * I1 a run is dispatched only while the log has room for the most that it and every running one may still write. What has begun can end.
 * I2 gateways leave alone what `concurrentRunsMax` runs may write, and about what the other waiting runs will (`neededBytes`).
 *
 * I2 does not depend on how many runs are dispatched between two answers to a gateway, because it counts all slots, taken or not.
 */
import { ATTEMPT_LOG_BYTES_MAX } from '@millrace/contracts';
import { type Fill } from '@millrace/eventlog';

/** Of a small log all running runs together get at most this share; then a very large result may have to wait for room. */
const RUNNING_SHARE_MAX = 0.5;
/** Left for what is not counted: cancels, lost attempts, leases. At most the share of the log. */
const MARGIN_BYTES = 2 * 1_048_576;
const MARGIN_SHARE_MAX = 1 / 16;
/** What a message takes besides its text. */
const MESSAGE_BYTES = 256;
/** What the events of one run take, besides its input, which the dispatch repeats, and its result. */
export const RUN_EVENTS_BYTES = 4_096;

export interface RoomRules {
  readonly maxBytes: number;
  readonly concurrentRunsMax: number;
}

/** What is kept for one running run. */
export const attemptBytes = ({ maxBytes, concurrentRunsMax }: RoomRules): number =>
  Math.min(ATTEMPT_LOG_BYTES_MAX, Math.floor((maxBytes * RUNNING_SHARE_MAX) / concurrentRunsMax));

/** Whether the log is large enough for the most that all slots may write at the same time. */
export const isRoomy = (rules: RoomRules): boolean => attemptBytes(rules) === ATTEMPT_LOG_BYTES_MAX;

/** How many runs may run with this much used. */
export const runsThatFit = (rules: RoomRules, usedBytes: number): number => {
  const margin = Math.min(MARGIN_BYTES, rules.maxBytes * MARGIN_SHARE_MAX);
  return Math.max(0, Math.floor((rules.maxBytes - usedBytes - margin) / attemptBytes(rules)));
};

/** What gateways leave alone: all slots, and about what the runs beyond them will write. */
export const neededBytes = (rules: RoomRules, openRuns: number, meanRunBytes: number): number =>
  rules.concurrentRunsMax * attemptBytes(rules) +
  Math.max(0, openRuns - rules.concurrentRunsMax) * Math.ceil(meanRunBytes);

export interface LogRoom {
  /** Call it for every commit that is read, in order. */
  readonly onCommit: (commit: { readonly sequence: number; readonly bytes: number }) => void;
  /** Call it with what the log says of itself. */
  readonly onFill: (fill: Fill) => void;
  /** Runs that may run at the same time; unlimited until the log has said how full it is. */
  readonly runsMax: () => number;
  readonly rules: () => RoomRules;
}

/** Counts what was read since the log last said how full it is: slots become free by what is read, so this is never behind them. */
export const makeLogRoom = (concurrentRunsMax: number): LogRoom => {
  let fill: Fill = { bytes: 0, maxBytes: Number.POSITIVE_INFINITY, lastSequence: 0 };
  let newerBytes = 0;
  /** What was read, since the fill that is awaited may already count it: sequence and size, oldest first. */
  let newer: { readonly sequence: number; readonly bytes: number }[] = [];
  const rules = (): RoomRules => ({ maxBytes: fill.maxBytes, concurrentRunsMax });
  return {
    onCommit: ({ sequence, bytes }) => {
      if (sequence <= fill.lastSequence || fill.maxBytes === Number.POSITIVE_INFINITY) return;
      newer.push({ sequence, bytes: bytes + MESSAGE_BYTES });
      newerBytes += bytes + MESSAGE_BYTES;
    },
    onFill: (next) => {
      fill = next;
      newer = newer.filter(({ sequence }) => sequence > next.lastSequence);
      newerBytes = newer.reduce((sum, { bytes }) => sum + bytes, 0);
    },
    runsMax: () => runsThatFit(rules(), fill.bytes + newerBytes),
    rules,
  };
};
