import { messagingSubject } from '@millrace/contracts';
import { type LogConnection, publish, subscribe } from '@millrace/eventlog';
import { type Milliseconds, SECOND } from '@millrace/kernel';

const SAY_INTERVAL_MS: Milliseconds = SECOND;
/** Who has said nothing for so long is gone. */
const SILENCE_MAX_MS: Milliseconds = 3.5 * SECOND;

/** How many scheduler processes there are, as far as one can hear; a hint by which they share the shards. */
export interface LiveSchedulers {
  /** This one included. */
  readonly count: () => number;
  readonly close: () => void;
}

/** Says once a second that this one lives, and listens to the others. */
export const watchSchedulers = (connection: LogConnection, instance: string): LiveSchedulers => {
  const heardMs = new Map<string, number>();
  const say = (): void => publish(connection, messagingSubject.schedulers, instance);
  const listening = subscribe(connection, messagingSubject.schedulers, (name) => {
    heardMs.set(name, performance.now());
  });
  const timer = setInterval(say, SAY_INTERVAL_MS);
  say();
  return {
    count: () => {
      const since = performance.now() - SILENCE_MAX_MS;
      for (const [name, atMs] of heardMs) if (atMs < since) heardMs.delete(name);
      return heardMs.has(instance) ? heardMs.size : heardMs.size + 1;
    },
    close: () => {
      clearInterval(timer);
      listening.close();
    },
  };
};
