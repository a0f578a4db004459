import { isTerminal, type RunEvent, WAITING_WORD } from '@millrace/contracts';
import { type LogConnection, publish } from '@millrace/eventlog';

/** Tells the caller that waits; call it once the event is on disk. `isAwaited`: who asked for the run waits for any word about it. */
export type Reply = (replyTo: string | undefined, event: RunEvent | typeof WAITING_WORD, isAwaited: boolean) => void;

/** Ends are told to whoever waits, anything else only to a caller that wants to hear at once what becomes of its run. */
export const makeReply =
  (connection: LogConnection): Reply =>
  (replyTo, event, isAwaited) => {
    if (replyTo === undefined) return;
    if (event === WAITING_WORD) publish(connection, replyTo, event);
    else if (isAwaited || isTerminal(event.type)) publish(connection, replyTo, JSON.stringify(event));
  };
