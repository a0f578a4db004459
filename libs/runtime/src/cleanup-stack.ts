import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '@millrace/kernel';
import { type Logger } from './logger.ts';

/** What has to be undone, in the reverse of the order in which it was done. */
export interface CleanupStack {
  /** @param name says in the log what is being undone */
  readonly defer: (name: string, undo: () => unknown) => void;
  /**
   * Undoes everything, last first, each after the one before it has ended. What fails is logged and does not stop the rest;
   * what takes longer than its part of `limitMs` is left behind.
   */
  readonly unwind: (limitMs: number) => Promise<void>;
}

export const makeCleanupStack = (log: Logger): CleanupStack => {
  const entries: { readonly name: string; readonly undo: () => unknown }[] = [];
  const undoOne = async (name: string, undo: () => unknown): Promise<void> => {
    try {
      await undo();
    } catch (error) {
      log.warn('could not clean up', { step: name, err: error, reason: messageOf(error) });
    }
  };
  return {
    defer: (name, undo) => void entries.push({ name, undo }),
    unwind: async (limitMs) => {
      const deadline = performance.now() + limitMs;
      for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) {
        const timeout = new AbortController();
        const step = entry.name;
        const leftMs = Math.max(0, deadline - performance.now());
        const late = delay(leftMs, undefined, { signal: timeout.signal, ref: true }).then(
          () => log.warn('gave up cleaning up', { step, afterMs: Math.round(leftMs) }),
          () => undefined,
        );
        await Promise.race([undoOne(step, entry.undo), late]);
        timeout.abort();
      }
    },
  };
};
