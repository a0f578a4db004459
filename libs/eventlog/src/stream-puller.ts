/**
 * Reads a stream in order, for ever: an ephemeral pull consumer that is thrown away and made anew behind the last message taken
 * whenever anything is doubtful (a gap, silence, a lost connection, a consumer the server forgot).
 *
 * Pull, because the reader then decides how much may arrive: the buffer never holds more than was asked for.
 *
 * I1 sequences are handed on in rising order, each once.
 * I2 at most {@link BUFFERED_MESSAGES_MAX} messages and about {@link BUFFERED_BYTES_MAX} bytes are buffered.
 * I3 one pull is open at a time, so that every status on the inbox belongs to it.
 */
import { AppError, backoffDelay, type Backoff } from '@millrace/kernel';
import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream';
import { createInbox, type Msg, nanos, nuid, type Subscription } from '@nats-io/transport-node';
import { type LogConnection } from './connection.ts';
import { type Delivered, parseDelivered } from './delivered.ts';
import { closedError } from './log-errors.ts';
import { handleOf, managerOf } from './nats-handle.ts';

export const BUFFERED_MESSAGES_MAX = 4_096;
export const BUFFERED_BYTES_MAX = 16 * 1024 * 1024;

const PULL_EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 1_000;
/** Silence on an open pull after which the consumer is made anew. */
const SILENCE_MAX_MS = 3 * HEARTBEAT_MS;
/** The server forgets the consumer of a reader that neither pulls nor closes. */
const INACTIVE_THRESHOLD_MS = 60_000;
const REOPEN: Backoff = { first: 50, max: 1_000 };

const STATUS_HEARTBEAT = 100;
const STATUS_NO_MESSAGES = 404;
const STATUS_PULL_EXPIRED = 408;
const STATUS_CONFLICT = 409;

export interface PullOptions {
  readonly stream: string;
  readonly filters: readonly string[];
  /** First sequence wanted. */
  readonly fromSequence: number;
  /** Called when there may be something to take, or the puller failed. */
  readonly onChange: () => void;
}

export interface Puller {
  /** Up to `max` of the oldest buffered messages. */
  readonly take: (max: number) => readonly Delivered[];
  /** Why nothing will ever come again. */
  readonly failure: () => AppError | undefined;
  readonly close: () => void;
}

/** One life of the consumer. */
interface Incarnation {
  readonly name: string;
  readonly inbox: Subscription;
  delivered: number;
  /** Messages still to come on the open pull; 0 when none is open. */
  outstanding: number;
  heardAt: number;
}

export const makePuller = (connection: LogConnection, options: PullOptions): Puller => {
  const { nats } = handleOf(connection);
  let nextSequence = Math.max(1, options.fromSequence);
  let buffer: Delivered[] = [];
  let head = 0;
  let bufferedBytes = 0;
  let current: Incarnation | undefined;
  let failure: AppError | undefined;
  let isClosed = false;
  let failedOpens = 0;
  let reopening: NodeJS.Timeout | undefined;
  /** Grows with each reset, so that an `open` that was overtaken knows. */
  let epoch = 0;

  const fail = (error: AppError): void => {
    failure ??= error;
    shut();
    options.onChange();
  };

  const discard = (incarnation: Incarnation): void => {
    incarnation.inbox.unsubscribe();
    if (!connection.isConnected()) return;
    managerOf(connection)
      .then((manager) => manager.consumers.delete(options.stream, incarnation.name))
      .catch(() => undefined); // it ends by itself when nobody pulls
  };

  const reset = (): void => {
    epoch += 1;
    if (current !== undefined) discard(current);
    current = undefined;
    if (isClosed || reopening !== undefined) return;
    const delay = failedOpens === 0 ? 0 : backoffDelay(REOPEN, failedOpens);
    reopening = setTimeout(() => {
      reopening = undefined;
      if (connection.isConnected()) void open(); // else the next connect resets again
    }, delay);
  };

  const onData = (incarnation: Incarnation, message: Msg): void => {
    const delivered = parseDelivered(message);
    incarnation.outstanding = Math.max(0, incarnation.outstanding - 1);
    incarnation.delivered += 1;
    if (delivered.deliverySequence !== incarnation.delivered) {
      reset();
      return;
    }
    if (delivered.sequence < nextSequence) {
      fail(
        new AppError(
          'unavailable',
          'log.rewound',
          `${options.stream} went back behind ${nextSequence}: it was replaced`,
        ),
      );
      return;
    }
    failedOpens = 0;
    nextSequence = delivered.sequence + 1;
    buffer.push(delivered);
    bufferedBytes += delivered.bytes;
    options.onChange();
    if (incarnation.outstanding === 0) pull();
  };

  const onStatus = (incarnation: Incarnation, { headers }: Msg): void => {
    const code = headers?.code ?? 0;
    if (code === STATUS_HEARTBEAT) return;
    const isPullOver =
      code === STATUS_NO_MESSAGES ||
      code === STATUS_PULL_EXPIRED ||
      // the next message did not fit the bytes asked for; there is room for the largest again with the next pull
      (code === STATUS_CONFLICT && headers?.has('Nats-Pending-Messages') === true);
    if (!isPullOver) {
      failedOpens += 1;
      reset();
      return;
    }
    incarnation.outstanding = 0;
    pull();
  };

  const pull = (): void => {
    const incarnation = current;
    if (incarnation === undefined || incarnation.outstanding > 0) return;
    const buffered = buffer.length - head;
    if (buffered > BUFFERED_MESSAGES_MAX / 2 || bufferedBytes > BUFFERED_BYTES_MAX / 2) return;
    incarnation.outstanding = BUFFERED_MESSAGES_MAX - buffered;
    incarnation.heardAt = performance.now();
    const question = {
      batch: incarnation.outstanding,
      max_bytes: Math.max(BUFFERED_BYTES_MAX - bufferedBytes, 2 * (nats.info?.max_payload ?? 0)),
      expires: nanos(PULL_EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${options.stream}.${incarnation.name}`;
    nats.publish(subject, JSON.stringify(question), { reply: incarnation.inbox.getSubject() });
  };

  const listen = (name: string): Incarnation => {
    const inbox = nats.subscribe(createInbox(), {
      callback: (_error, message) => {
        if (current !== incarnation) return;
        incarnation.heardAt = performance.now();
        if (message.reply?.startsWith('$JS.ACK.') === true) onData(incarnation, message);
        else onStatus(incarnation, message);
      },
    });
    const incarnation: Incarnation = { name, inbox, delivered: 0, outstanding: 0, heardAt: performance.now() };
    return incarnation;
  };

  const open = async (): Promise<void> => {
    const mine = epoch;
    const name = `millrace_${nuid.next()}`;
    try {
      const manager = await managerOf(connection);
      await manager.consumers.add(options.stream, {
        name,
        ack_policy: AckPolicy.None,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: nextSequence,
        filter_subjects: [...options.filters],
        inactive_threshold: nanos(INACTIVE_THRESHOLD_MS),
        mem_storage: true,
        num_replicas: 1,
      });
      const incarnation = listen(name);
      if (mine !== epoch || isClosed) {
        discard(incarnation);
        return;
      }
      current = incarnation;
      pull();
    } catch {
      // whatever it was, the next try tells: the stream may not exist yet, the server may be starting
      if (mine !== epoch || isClosed) return;
      failedOpens += 1;
      reset();
    }
  };

  const watchdog = setInterval(() => {
    if (current === undefined || current.outstanding === 0) return;
    if (performance.now() - current.heardAt > SILENCE_MAX_MS) reset();
  }, HEARTBEAT_MS);
  const stopWatching = connection.onStatus((status) => {
    if (status === 'closed') fail(closedError());
    else reset();
  });

  const shut = (): void => {
    if (isClosed) return;
    isClosed = true;
    clearInterval(watchdog);
    clearTimeout(reopening);
    stopWatching();
    if (current !== undefined) discard(current);
    current = undefined;
  };

  reset();
  return {
    take: (max) => {
      const taken = buffer.slice(head, head + max);
      head += taken.length;
      for (const { bytes } of taken) bufferedBytes -= bytes;
      if (head === buffer.length || head >= BUFFERED_MESSAGES_MAX) {
        buffer = buffer.slice(head);
        head = 0;
      }
      pull();
      return taken;
    },
    failure: () => failure,
    close: shut,
  };
};
