/**
 * Reads a stream in order, for ever: an ephemeral pull consumer that is thrown away and made anew behind the last message taken
 * whenever anything is doubtful (a gap, silence, a lost connection, a consumer the server forgot).
 *
 * Pull, because the reader then decides how much may arrive: the buffer never holds more than was asked for.
 *
 * I1 sequences are handed on in rising order, each once; again only after a rewind, where that is wanted.
 * I2 at most {@link BUFFERED_MESSAGES_MAX} messages and about {@link BUFFERED_BYTES_MAX} bytes are buffered.
 * I3 a consumer is opened only on a stream that still holds what was taken from it last, or holds nothing against it.
 * I4 one pull is open at a time, so that every status on the inbox belongs to it.
 */
import { AppError, backoffDelay, type Backoff } from '@millrace/kernel';
import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { type Msg, nanos, nuid, type Subscription } from '@nats-io/transport-node';
import { type LogConnection } from './connection.ts';
import { type Delivered, parseDelivered } from './delivered.ts';
import { closedError } from './log-errors.ts';
import { handleOf, managerOf, newInbox } from './nats-handle.ts';
import { endsPull, STATUS_HEARTBEAT } from './pull-status.ts';
import { contradictionOf, type StreamAnchor } from './stream-anchor.ts';

export const BUFFERED_MESSAGES_MAX = 1_024;
export const BUFFERED_BYTES_MAX = 4 * 1024 * 1024;

const PULL_EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 1_000;
/** Silence on an open pull after which the consumer is made anew. */
const SILENCE_MAX_MS = 3 * HEARTBEAT_MS;
/** The server forgets the consumer of a reader that neither pulls nor closes. */
const INACTIVE_THRESHOLD_MS = 60_000;
const REOPEN: Backoff = { first: 50, max: 1_000 };

const NOTHING_READ: StreamAnchor = { sequence: 0, storedAt: undefined };

export interface PullOptions {
  readonly stream: string;
  readonly filters: readonly string[];
  /** First sequence wanted. */
  readonly fromSequence: number;
  /** Something that was read from the stream before; it must still be the same stream. */
  readonly anchor?: StreamAnchor | undefined;
  /**
   * What happens when the stream ends before `fromSequence`, or is not the one that the newest message taken came from: it was replaced, or
   * a power cut took the end of an asynchronously written one. `repeat` begins again at its first message.
   */
  readonly onRewind: 'fail' | 'repeat';
  /** Called when there may be something to take, or the puller failed. */
  readonly onChange: () => void;
}

export interface Puller {
  /** Up to `max` of the oldest buffered messages. */
  take(max: number): readonly Delivered[];
  /** Why nothing will ever come again. */
  failure(): AppError | undefined;
  close(): void;
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

/** A single filter stands in the subject of the request, where permissions can see it. */
const filterOf = ([first, ...others]: readonly string[]) =>
  first !== undefined && others.length === 0
    ? { filter_subject: first }
    : { filter_subjects: first === undefined ? [] : [first, ...others] };

class ReopeningPuller implements Puller {
  readonly #connection: LogConnection;
  readonly #options: PullOptions;
  readonly #watchdog: NodeJS.Timeout;
  readonly #stopWatching: () => void;
  #nextSequence: number;
  /** The newest message taken, by which the stream is known again; before the first, what the reader knew of it. */
  #newest: Delivered | undefined;
  #anchor: StreamAnchor | undefined;
  #buffer: Delivered[] = [];
  #head = 0;
  #bufferedBytes = 0;
  #current: Incarnation | undefined;
  #failure: AppError | undefined;
  #isClosed = false;
  #failedOpens = 0;
  #reopening: NodeJS.Timeout | undefined;
  /** Grows with each reset, so that an `open` that was overtaken knows. */
  #epoch = 0;

  constructor(connection: LogConnection, options: PullOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#nextSequence = Math.max(1, options.fromSequence);
    this.#anchor = options.anchor;
    this.#watchdog = setInterval(() => this.#checkSilence(), HEARTBEAT_MS);
    this.#stopWatching = connection.onStatus((status) => {
      if (status === 'closed') this.#fail(closedError());
      else this.#reset();
    });
    this.#reset();
  }

  take(max: number): readonly Delivered[] {
    const taken = this.#buffer.slice(this.#head, this.#head + max);
    this.#head += taken.length;
    for (const { bytes } of taken) this.#bufferedBytes -= bytes;
    if (this.#head === this.#buffer.length || this.#head >= BUFFERED_MESSAGES_MAX) {
      this.#buffer = this.#buffer.slice(this.#head);
      this.#head = 0;
    }
    this.#pull();
    return taken;
  }

  failure(): AppError | undefined {
    return this.#failure;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#watchdog);
    clearTimeout(this.#reopening);
    this.#stopWatching();
    this.#discardCurrent();
  }

  #fail(error: AppError): void {
    this.#failure ??= error;
    this.close();
    this.#options.onChange();
  }

  #checkSilence(): void {
    if (this.#current === undefined || this.#current.outstanding === 0) return;
    if (performance.now() - this.#current.heardAt > SILENCE_MAX_MS) this.#reset();
  }

  #discardCurrent(): void {
    if (this.#current !== undefined) this.#discard(this.#current);
    this.#current = undefined;
  }

  #discard({ inbox, name }: Incarnation): void {
    inbox.unsubscribe();
    if (!this.#connection.isConnected()) return;
    managerOf(this.#connection)
      .then((manager) => manager.consumers.delete(this.#options.stream, name))
      .catch(() => undefined); // it ends by itself when nobody pulls
  }

  /** Throws the consumer away and makes another one, at once after a success and with growing delays after failures. */
  #reset(): void {
    this.#epoch += 1;
    this.#discardCurrent();
    if (this.#isClosed || this.#reopening !== undefined) return;
    const delay = this.#failedOpens === 0 ? 0 : backoffDelay(REOPEN, this.#failedOpens);
    this.#reopening = setTimeout(() => {
      this.#reopening = undefined;
      if (this.#connection.isConnected()) void this.#open(); // else the next connect resets again
    }, delay);
  }

  async #open(): Promise<void> {
    const epoch = this.#epoch;
    try {
      const incarnation = await this.#create();
      if (epoch === this.#epoch && !this.#isClosed) {
        this.#current = incarnation;
        this.#pull();
      } else {
        this.#discard(incarnation);
      }
    } catch {
      // whatever it was, the next try tells: the stream may not exist yet, the server may be starting
      if (epoch !== this.#epoch || this.#isClosed) return;
      this.#failedOpens += 1;
      this.#reset();
    }
  }

  /** The server would silently wait until the stream has grown to where it was. */
  async #checkRewind(manager: JetStreamManager): Promise<void> {
    const { stream, onRewind } = this.#options;
    const { state } = await manager.streams.info(stream);
    const finding =
      state.last_seq < this.#nextSequence - 1
        ? `it ends at ${state.last_seq}, and ${this.#nextSequence - 1} was read`
        : await contradictionOf(this.#connection, stream, this.#known());
    if (finding === undefined) return;
    if (onRewind === 'fail') {
      this.#fail(rewound(stream, finding));
    } else {
      this.#nextSequence = 1;
      this.#newest = undefined;
      this.#anchor = undefined;
    }
  }

  #known(): StreamAnchor {
    if (this.#newest === undefined) return this.#anchor ?? NOTHING_READ;
    return { sequence: this.#newest.sequence, storedAt: this.#newest.time };
  }

  async #create(): Promise<Incarnation> {
    const name = `millrace_${nuid.next()}`;
    const manager = await managerOf(this.#connection);
    await this.#checkRewind(manager);
    await manager.consumers.add(this.#options.stream, {
      name,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#nextSequence,
      ...filterOf(this.#options.filters),
      inactive_threshold: nanos(INACTIVE_THRESHOLD_MS),
      mem_storage: true,
      num_replicas: 1,
    });
    const inbox = handleOf(this.#connection).nats.subscribe(newInbox(this.#connection), {
      callback: (_error, message) => {
        if (this.#current === incarnation) this.#onMessage(incarnation, message);
      },
    });
    const incarnation: Incarnation = { name, inbox, delivered: 0, outstanding: 0, heardAt: performance.now() };
    return incarnation;
  }

  #pull(): void {
    const incarnation = this.#current;
    if (incarnation === undefined || incarnation.outstanding > 0) return;
    const buffered = this.#buffer.length - this.#head;
    if (buffered > BUFFERED_MESSAGES_MAX / 2 || this.#bufferedBytes > BUFFERED_BYTES_MAX / 2) return;
    const { nats } = handleOf(this.#connection);
    incarnation.outstanding = BUFFERED_MESSAGES_MAX - buffered;
    incarnation.heardAt = performance.now();
    const question = {
      batch: incarnation.outstanding,
      // never less than the largest message takes with its headers, or it could not be delivered at all
      max_bytes: Math.max(BUFFERED_BYTES_MAX - this.#bufferedBytes, 2 * (nats.info?.max_payload ?? 0)),
      expires: nanos(PULL_EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${this.#options.stream}.${incarnation.name}`;
    nats.publish(subject, JSON.stringify(question), { reply: incarnation.inbox.getSubject() });
  }

  #onMessage(incarnation: Incarnation, message: Msg): void {
    incarnation.heardAt = performance.now();
    if (message.reply?.startsWith('$JS.ACK.') === true) {
      this.#onData(incarnation, parseDelivered(message));
    } else if (endsPull(message)) {
      incarnation.outstanding = 0;
      this.#pull();
    } else if (message.headers?.code !== STATUS_HEARTBEAT) {
      this.#failedOpens += 1;
      this.#reset();
    }
  }

  #onData(incarnation: Incarnation, delivered: Delivered): void {
    incarnation.outstanding -= 1;
    incarnation.delivered += 1;
    if (delivered.deliverySequence !== incarnation.delivered) {
      this.#reset();
      return;
    }
    if (delivered.sequence < this.#nextSequence) {
      this.#fail(rewound(this.#options.stream, `message ${delivered.sequence} came again`));
      return;
    }
    this.#failedOpens = 0;
    this.#nextSequence = delivered.sequence + 1;
    this.#newest = delivered;
    this.#buffer.push(delivered);
    this.#bufferedBytes += delivered.bytes;
    this.#options.onChange();
    if (incarnation.outstanding === 0) this.#pull();
  }
}

const rewound = (stream: string, finding: string): AppError =>
  new AppError('unavailable', 'log.rewound', `${stream} was replaced or cut short: ${finding}`);

export const makePuller = (connection: LogConnection, options: PullOptions): Puller =>
  new ReopeningPuller(connection, options);
