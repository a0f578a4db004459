/**
 * Gaps between two side effects, by name, and what has happened when one is reached: the places where a process that dies, stops or hangs
 * could break a promise. Nothing happens there unless somebody has armed them, which only tests do; they go through all of them.
 */
export const FAILPOINTS = {
  'gateway.before-commit': 'a request is checked; nothing of it is written',
  'gateway.after-commit': 'a request is on disk; its caller has no answer',
  'gateway.after-keyed-commit': 'a request with a key is on disk; its caller has no answer',
  'scheduler.after-lease': 'the lease is taken; nothing is decided under it',
  'scheduler.before-dispatch': 'a slot is taken in memory; the dispatch is not written',
  'scheduler.after-dispatch': 'a dispatch is on disk; whoever waits for that word has none',
  'scheduler.after-decision': 'the loss or the end of a run is on disk; nobody is told',
  'executor.after-dispatch': 'an attempt is assigned and read; nothing is started',
  'executor.after-start': 'a process runs; nothing says so',
  'executor.before-ending': 'a run has ended; nothing says so',
  'executor.after-ending': 'the end of a run is on disk; whoever waits for it is not told',
  'projector.in-transaction': 'rows are written; their transaction is not committed',
  'projector.after-transaction': 'rows are committed; nobody is told how far they are',
  'projector.before-publish': 'events are read; the public stream does not have them',
  'projector.after-publish': 'events are in the public stream; the publisher has not taken note',
  'notifier.after-post': 'a receiver has taken a message; nothing says so',
} as const;

export type Failpoint = keyof typeof FAILPOINTS;

let onReached: ((name: Failpoint) => void) | undefined;

/** Marks a gap. Costs one comparison unless armed. */
export const failpoint = (name: Failpoint): void => onReached?.(name);

/** Has every {@link failpoint} of this process call `reached`; `undefined` disarms. */
export const armFailpoints = (reached: ((name: Failpoint) => void) | undefined): void => {
  onReached = reached;
};
