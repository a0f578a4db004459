import { AppError } from '@millrace/kernel';
import { decodeEvent, messagingSubject, type RunEvent, WAITING_WORD } from '@millrace/contracts';
import { type LogConnection, subscribe } from '@millrace/eventlog';
import { WAITERS_MAX } from '../limits.ts';

/** An event of the run, or that it waits. */
export type ReplyWord = RunEvent | typeof WAITING_WORD;

/** Word about one run, as it comes on this gateway's reply subject. */
export interface Expectation {
  /** The next word about the run that comes after the ones taken before. Never rejects; undecided until one comes or the wait is closed. */
  readonly next: () => Promise<ReplyWord>;
  /** Frees everything. Safe to repeat. */
  readonly close: () => void;
}

/** Callers of this gateway that wait for word about a run. */
export interface ReplyWaiters {
  /**
   * Expect before recording the request, so that no reply can come too early.
   *
   * @throws AppError `over_limit` `wait.too_many`.
   */
  readonly expect: (runId: string) => Expectation;
  /** @throws AppError `over_limit` `wait.too_many` when the next `expect` would be one too many. */
  readonly checkRoom: () => void;
  readonly count: () => number;
  readonly close: () => void;
}

interface Waiter {
  readonly arrived: ReplyWord[];
  wake: (() => void) | undefined;
}

const parseReply = (text: string): ReplyWord | undefined => {
  if (text === WAITING_WORD) return text;
  try {
    const decoded = decodeEvent(JSON.parse(text));
    return decoded.known ? decoded.event : undefined;
  } catch {
    // A hint that cannot be read is as good as one that got lost: the read model will tell.
    return undefined;
  }
};

export const makeReplyWaiters = (connection: LogConnection, gatewayId: string): ReplyWaiters => {
  const waiting = new Map<string, Waiter>();

  const listening = subscribe(connection, messagingSubject.replies(gatewayId), (text, subject) => {
    const waiter = waiting.get(subject.slice(subject.lastIndexOf('.') + 1));
    const event = waiter === undefined ? undefined : parseReply(text);
    if (waiter === undefined || event === undefined) return;
    waiter.arrived.push(event);
    waiter.wake?.();
  });

  const next = async (waiter: Waiter): Promise<ReplyWord> => {
    for (;;) {
      const event = waiter.arrived.shift();
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => {
        waiter.wake = resolve;
      });
    }
  };

  const checkRoom = (): void => {
    if (waiting.size < WAITERS_MAX) return;
    throw new AppError('over_limit', 'wait.too_many', 'too many callers wait for results: ask for the status instead');
  };

  return {
    checkRoom,
    expect: (runId) => {
      checkRoom();
      const waiter: Waiter = { arrived: [], wake: undefined };
      waiting.set(runId, waiter);
      return { next: () => next(waiter), close: () => void waiting.delete(runId) };
    },
    count: () => waiting.size,
    close: () => {
      listening.close();
      waiting.clear();
    },
  };
};
