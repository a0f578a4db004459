/**
 * The projection of the log on the stream `EVENTS`: in order, without gap or repeat.
 *
 * Each message expects to follow the one before it, so many may be in flight and still none can be stored out of place: when one is
 * missing, the stream refuses all that come behind it. The last message of the stream is therefore the publisher's position, and
 * whoever begins (or begins again after an error) reads it there.
 *
 * So an acknowledgement speaks for all messages before it, and only few are asked for one: each costs the server and us about as much
 * as half a message. The first after a beginning is asked, so that whatever cannot be stored is refused under its own name.
 *
 * I1 message n+1 is stored only directly behind message n.
 * I2 after an error nothing is sent until `lastPosition` was asked again.
 * I3 the last message of what was given to `publish` is always asked.
 *
 * Where there are several logs one publisher weaves their events into the stream, each log's in its order. How far each of them has come
 * then stands in a header of some messages, see `published-ends.ts`.
 */
import { DEFAULT_SHARD, type Position, publicEventSubject, type RunEvent } from '@millrace/contracts';
import { AppError, invariant } from '@millrace/kernel';
import { type MsgHdrs } from '@nats-io/transport-node';
import { type AckInbox, type Outgoing, type PublishOutcome } from './ack-inbox.ts';
import { type LogConnection } from './connection.ts';
import { headerText } from './header-text.ts';
import { JETSTREAM_ERROR, translate } from './log-errors.ts';
import { handleOf } from './nats-handle.ts';
import { publicBody, publicHeaders, SHARD_HEADER, STORED_AT_HEADER } from './public-event.ts';
import { outcomeError } from './publish-commit.ts';
import { type IsOfLog, OPEN_SINCE_HEADER, type PublishedEnd } from './published-end.ts';
import { ENDS_HEADER, EndsRhythm, formatEnds, type IsOfItsLog, readPublishedEnds } from './published-ends.ts';

export interface PositionedEvent {
  /** Whose log the position is in; the first by default. */
  readonly shard?: number;
  readonly position: Position;
  readonly event: RunEvent;
  /** Sequence of the log from which on a fold knows every run that is open here; written into the message, read back with the end. */
  readonly openSince?: number;
  /** When the log stored the event's commit, milliseconds since the epoch; written and read back likewise. */
  readonly storedAt?: number;
}

/** Writes the public events; exactly one may be active, and the stream itself refuses a second. */
export interface PublicEventPublisher {
  /**
   * Position of the last event in the stream that is of this log, `ORIGIN` when there is none. Call first, and again after any error.
   * Every event is taken to be of this log by default.
   */
  readonly lastPosition: (isOfLog?: IsOfLog) => Promise<PublishedEnd>;
  /** As `lastPosition`, of each log. */
  readonly lastPositions: (isOfLog: IsOfItsLog) => Promise<readonly PublishedEnd[]>;
  /**
   * Publishes in this order; resolves when all are stored. May be called again before it resolves.
   *
   * @throws AppError `conflict` `events.moved` when somebody else published or `lastPosition` was not asked, `unavailable` otherwise:
   * some may be stored, ask `lastPosition`.
   */
  readonly publish: (items: readonly PositionedEvent[]) => Promise<void>;
}

/** Messages sent and not yet acknowledged. */
export const PUBLISHED_IN_FLIGHT_MAX = 1_024;
/** One in so many asks to be acknowledged: as many leave together again once they may. */
const ASKED_EVERY = 128;
const ACK_TIMEOUT_MS = 5_000;
const moved = (why: string): AppError => new AppError('conflict', 'events.moved', why);

interface Job {
  readonly items: readonly PositionedEvent[];
  /** Index of the next item to send. */
  next: number;
  /** Sequence of the message of its last item; `Infinity` until that is sent. */
  lastSequence: number;
  readonly resolve: (value: undefined) => void;
  readonly reject: (error: AppError) => void;
}

type HeaderPairs = readonly (readonly [string, string])[];

const headersOf = (
  { position, event, openSince, storedAt }: PositionedEvent,
  expectedLast: number,
  shardHeaders: HeaderPairs,
): MsgHdrs =>
  headerText([
    ['Nats-Expected-Last-Sequence', String(expectedLast)],
    ...publicHeaders(position, event),
    ...(openSince === undefined ? [] : [[OPEN_SINCE_HEADER, String(openSince)] as const]),
    ...(storedAt === undefined ? [] : [[STORED_AT_HEADER, String(storedAt)] as const]),
    ...shardHeaders,
  ]);

const endOfItem = ({ position, openSince, storedAt }: PositionedEvent): PublishedEnd => ({
  ...position,
  storedAt,
  ...(openSince === undefined ? {} : { openSince }),
});

const errorOf = (outcome: PublishOutcome): AppError => {
  if (outcome.kind === 'stored') return moved('a public event was stored in an unexpected place');
  const isStale = outcome.kind === 'refused' && outcome.errorCode === JETSTREAM_ERROR.wrongLastSequence;
  return isStale ? moved('somebody else published public events') : outcomeError(outcome);
};

class ChainedPublisher implements PublicEventPublisher {
  readonly #connection: LogConnection;
  readonly #logs: number;
  readonly #acks: AckInbox;
  readonly #rhythm = new EndsRhythm();
  /** By shard, as of the last message sent. */
  #ends: PublishedEnd[] = [];
  /** Sequence of the last message sent; `undefined` while the end of the stream is not known. */
  #lastSent: number | undefined;
  /** Sequence of the last message known to be stored. */
  #lastStored = 0;
  /** Sequence of the last message that asked to be acknowledged; `undefined` while none has since the end was read. */
  #lastAsked: number | undefined;
  #jobs: Job[] = [];
  /** Answers of an earlier epoch count no more. */
  #epoch = 0;

  constructor(connection: LogConnection, logs: number) {
    this.#connection = connection;
    this.#logs = logs;
    this.#acks = handleOf(connection).acks;
  }

  readonly lastPosition = async (isOfLog: IsOfLog = async () => true): Promise<PublishedEnd> => {
    const [end] = await this.lastPositions(async (_shard, published) => isOfLog(published));
    invariant(end, 'there is a log');
    return end;
  };

  readonly lastPositions = async (isOfLog: IsOfItsLog): Promise<readonly PublishedEnd[]> => {
    this.#breakOff(moved('the publisher began anew'));
    const epoch = this.#epoch;
    try {
      const { last, ends } = await readPublishedEnds(this.#connection, this.#logs, isOfLog);
      if (epoch === this.#epoch) {
        this.#lastSent = last;
        this.#lastStored = last;
        this.#ends = [...ends];
        this.#rhythm.reset();
      }
      return ends;
    } catch (cause) {
      throw translate(cause, 'reading the end of the public events');
    }
  };

  readonly publish = async (items: readonly PositionedEvent[]): Promise<void> => {
    if (this.#lastSent === undefined) throw moved('the end of the public events is not known: ask lastPosition');
    if (items.length === 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#jobs.push({ items, next: 0, lastSequence: Infinity, resolve, reject });
    this.#pump();
    await promise;
  };

  #breakOff(error: AppError): void {
    const broken = this.#jobs;
    this.#jobs = [];
    this.#lastSent = undefined;
    this.#lastAsked = undefined;
    this.#epoch += 1;
    for (const { reject } of broken) reject(error);
  }

  #pump(): void {
    for (const job of this.#jobs) {
      for (let item = job.items[job.next]; item !== undefined; item = job.items[job.next]) {
        if (this.#lastSent === undefined || this.#lastSent - this.#lastStored >= PUBLISHED_IN_FLIGHT_MAX) return;
        const isLast = job.next === job.items.length - 1;
        job.next += 1;
        if (isLast) job.lastSequence = this.#lastSent + 1;
        this.#send(item, this.#lastSent, isLast);
      }
    }
  }

  #send(item: PositionedEvent, previous: number, isLast: boolean): void {
    const { type, workspace, workflow } = item.event;
    const payload = publicBody(item.event);
    const message = {
      subject: publicEventSubject(type, workspace, workflow),
      payload,
      headers: headersOf(item, previous, this.#shardHeaders(item, payload.length)),
    };
    const sequence = previous + 1;
    this.#lastSent = sequence;
    const isAsked = isLast || this.#lastAsked === undefined || sequence - this.#lastAsked >= ASKED_EVERY;
    if (isAsked) this.#ask(message, sequence);
    else this.#post(message);
  }

  /** None where there is one log. */
  #shardHeaders(item: PositionedEvent, bytes: number): HeaderPairs {
    if (this.#logs === 1) return [];
    const { shard = DEFAULT_SHARD } = item;
    this.#ends[shard] = endOfItem(item);
    const named = [SHARD_HEADER, String(shard)] as const;
    return this.#rhythm.isDue(bytes) ? [named, [ENDS_HEADER, formatEnds(this.#ends)]] : [named];
  }

  #ask(message: Omit<Outgoing, 'timeoutMs'>, sequence: number): void {
    const epoch = this.#epoch;
    this.#lastAsked = sequence;
    this.#acks.send({ ...message, timeoutMs: ACK_TIMEOUT_MS }, (outcome) => {
      if (epoch === this.#epoch) this.#settle(sequence, outcome);
    });
  }

  #post(message: Omit<Outgoing, 'timeoutMs'>): void {
    const failure = this.#acks.post(message);
    if (failure !== undefined) this.#breakOff(errorOf(failure));
  }

  #settle(expected: number, outcome: PublishOutcome): void {
    if (outcome.kind !== 'stored' || outcome.sequence !== expected) {
      this.#breakOff(errorOf(outcome));
      return;
    }
    this.#lastStored = expected;
    while (this.#jobs[0] !== undefined && this.#jobs[0].lastSequence <= expected)
      this.#jobs.shift()?.resolve(undefined);
    this.#pump();
  }
}

/** @param logs Whose events it publishes: all that there are. */
export const makePublicEventPublisher = (connection: LogConnection, logs = 1): PublicEventPublisher =>
  new ChainedPublisher(connection, logs);
