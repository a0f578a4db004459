/**
 * Publishes to JetStream and hands each acknowledgement to its publisher.
 *
 * One subscription serves all publishes of a connection, and one timer all time-outs: the client's own `publish` makes a promise, a timer
 * and a header map for each message, which costs more than the message. While disconnected nothing is sent, so that nothing gathers
 * in the client's buffer; what was in flight at a disconnect is settled at once as unanswered.
 */
import { errors, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { messageOf } from '@millrace/kernel';
import { type ConnectionStatus } from './connection.ts';
import { JETSTREAM_ERROR } from './log-errors.ts';

/** What became of a publish. */
export type PublishOutcome =
  | { readonly kind: 'stored'; readonly sequence: number; readonly duplicate: boolean }
  | { readonly kind: 'refused'; readonly errorCode: number; readonly description: string }
  /** Nothing was sent, or nobody was there to take it: not stored. */
  | { readonly kind: 'not_sent'; readonly reason: string }
  /** May or may not be stored. */
  | { readonly kind: 'unanswered'; readonly reason: string };

export interface Outgoing {
  readonly subject: string;
  readonly payload: Uint8Array | string;
  readonly headers: MsgHdrs;
  readonly timeoutMs: number;
}

export interface AckInbox {
  /** Calls back exactly once, never before it returns. */
  readonly send: (message: Outgoing, settle: (outcome: PublishOutcome) => void) => void;
  /** Asks for no acknowledgement: what became of the message shows in that of a later one. Gives the outcome when it cannot even be sent. */
  readonly post: (message: Omit<Outgoing, 'timeoutMs'>) => PublishOutcome | undefined;
}

interface ConnectionView {
  readonly isConnected: () => boolean;
  readonly onStatus: (listener: (status: ConnectionStatus) => void) => unknown;
}

interface Waiting {
  readonly deadline: number;
  readonly settle: (outcome: PublishOutcome) => void;
}

const SWEEP_INTERVAL_MS = 50;
const NO_RESPONDERS = 503;

interface PublishAnswer {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

const parseAnswer = (message: Msg): PublishOutcome => {
  if (message.data.length === 0 && message.headers?.code === NO_RESPONDERS) {
    return { kind: 'not_sent', reason: 'no stream listens' };
  }
  try {
    const answer = JSON.parse(message.string()) as PublishAnswer;
    if (answer.error !== undefined) {
      return {
        kind: 'refused',
        errorCode: answer.error.err_code ?? 0,
        description: answer.error.description ?? 'no reason given',
      };
    }
    if (answer.seq !== undefined) {
      return { kind: 'stored', sequence: answer.seq, duplicate: answer.duplicate === true };
    }
  } catch {
    // falls through: an answer that says nothing leaves the outcome open
  }
  return { kind: 'unanswered', reason: 'the answer is not an acknowledgement' };
};

/** The client itself checks the size; all else that it throws is about the connection. */
const refusedHere = (error: unknown): PublishOutcome =>
  error instanceof errors.InvalidArgumentError
    ? { kind: 'refused', errorCode: JETSTREAM_ERROR.messageTooLarge, description: error.message }
    : { kind: 'not_sent', reason: messageOf(error) };

/** The client's `TextEncoder` takes five times as long for a small text. */
const bytesOf = (payload: Uint8Array | string): Uint8Array =>
  typeof payload === 'string' ? Buffer.from(payload) : payload;

const makePost =
  (nats: NatsConnection, connection: ConnectionView): AckInbox['post'] =>
  ({ subject, payload, headers }) => {
    if (!connection.isConnected()) return { kind: 'not_sent', reason: 'not connected' };
    try {
      nats.publish(subject, bytesOf(payload), { headers });
      return undefined;
    } catch (error) {
      return refusedHere(error);
    }
  };

/** @param inbox A subject of this connection alone. */
export const makeAckInbox = (nats: NatsConnection, connection: ConnectionView, inbox: string): AckInbox => {
  const prefix = `${inbox}.`;
  const waiting = new Map<string, Waiting>();
  let count = 0;
  let sweeper: NodeJS.Timeout | undefined;

  const settle = (key: string, outcome: PublishOutcome): void => {
    const entry = waiting.get(key);
    if (entry === undefined) return; // answered after its time-out
    waiting.delete(key);
    entry.settle(outcome);
  };

  const sweep = (): void => {
    const now = performance.now();
    for (const [key, { deadline }] of waiting) {
      if (deadline <= now) settle(key, { kind: 'unanswered', reason: 'no acknowledgement in time' });
    }
    if (waiting.size > 0) return;
    clearInterval(sweeper);
    sweeper = undefined;
  };

  nats.subscribe(`${prefix}*`, {
    callback: (_error, message) => settle(message.subject.slice(prefix.length), parseAnswer(message)),
  });
  connection.onStatus((status) => {
    if (status === 'connected') return;
    for (const key of [...waiting.keys()]) settle(key, { kind: 'unanswered', reason: 'the connection was lost' });
  });

  return {
    post: makePost(nats, connection),
    send: ({ subject, payload, headers, timeoutMs }, onOutcome) => {
      if (!connection.isConnected()) {
        queueMicrotask(() => onOutcome({ kind: 'not_sent', reason: 'not connected' }));
        return;
      }
      count += 1;
      const key = count.toString(36);
      waiting.set(key, { deadline: performance.now() + timeoutMs, settle: onOutcome });
      sweeper ??= setInterval(sweep, SWEEP_INTERVAL_MS);
      try {
        nats.publish(subject, bytesOf(payload), { reply: prefix + key, headers });
      } catch (error) {
        queueMicrotask(() => settle(key, refusedHere(error)));
      }
    },
  };
};
