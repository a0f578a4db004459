import { isTerminal, type RunEvent } from '@millrace/contracts';
import { type LogConnection, publish } from '@millrace/eventlog';

/** Tells the caller that waits; call it once the event is on disk. */
export type Reply = (replyTo: string | undefined, event: RunEvent, onLimit: 'queue' | 'reject') => void;

/** Ends are told to whoever waits, a dispatch only to a caller that wants to hear at once whether its run starts. */
export const makeReply =
  (connection: LogConnection): Reply =>
  (replyTo, event, onLimit) => {
    if (replyTo === undefined) return;
    const isDue = isTerminal(event.type) || (event.type === 'dev.millrace.run.dispatched.v1' && onLimit === 'reject');
    if (isDue) publish(connection, replyTo, JSON.stringify(event));
  };
