/**
 * One notifier delivers, others stand by. Whoever delivers answers on a subject of its own; when nobody does, the lease is free. A notifier
 * that was cut off from NATS may find that another has taken it: it ends, and its supervisor starts it anew to stand by.
 *
 * Two that deliver at the same moment do no harm but send a message twice, under the same id.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { messagingSubject } from '@millrace/contracts';
import { type Listening, type LogConnection, request, respond, takeNotifierLease } from '@millrace/eventlog';
import { AppError, kindOf, SECOND } from '@millrace/kernel';

const ASK_TIMEOUT_MS = SECOND;
const STANDBY_MS = 2 * SECOND;

const isLed = async (connection: LogConnection): Promise<boolean> => {
  try {
    await request(connection, messagingSubject.notifier, '', ASK_TIMEOUT_MS);
    return true;
  } catch (error) {
    // Only when nobody listens there is nobody; one that is slow is there.
    return !(error instanceof AppError && error.code === 'messaging.no_responders');
  }
};

export interface Leadership {
  readonly close: () => void;
}

/** Waits until this process shall deliver; `undefined` when the signal aborts before. */
export const becomeLeader = async (
  connection: LogConnection,
  name: string,
  { signal, onDeposed }: { readonly signal: AbortSignal; readonly onDeposed: () => void },
): Promise<Leadership | undefined> => {
  while (!signal.aborted) {
    if (!(await isLed(connection))) {
      try {
        return await lead(connection, name, onDeposed);
      } catch (error) {
        if (kindOf(error) !== 'conflict' && kindOf(error) !== 'unavailable') throw error;
      }
    }
    await delay(STANDBY_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
};

const lead = async (connection: LogConnection, name: string, onDeposed: () => void): Promise<Leadership> => {
  const lease = await takeNotifierLease(connection, name);
  const answering: Listening = respond(connection, messagingSubject.notifier, async () => name);
  const check = async (): Promise<void> => {
    if (!(await lease.isHeld())) onDeposed();
  };
  const unwatch = connection.onStatus((status) => {
    if (status === 'connected') check().catch(() => undefined); // away again: the next connect checks again
  });
  return {
    close: () => {
      unwatch();
      answering.close();
    },
  };
};
