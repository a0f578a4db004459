/**
 * The projection of the log on the stream `EVENTS`: in order, without gap or repeat.
 *
 * Each message expects to follow the one before it, so many may be in flight and still none can be stored out of place: when one is
 * missing, the stream refuses all that come behind it. The last message of the stream is therefore the publisher's position, and
 * whoever begins (or begins again after an error) reads it there.
 *
 * I1 message n+1 is stored only directly behind message n.
 * I2 after an error nothing is sent until `lastPosition` was asked again.
 */
import { type Position, publicEventSubject, type RunEvent } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { type MsgHdrs } from '@nats-io/transport-node';
import { type AckInbox, type PublishOutcome } from './ack-inbox.ts';
import { type LogConnection } from './connection.ts';
import { headerText } from './header-text.ts';
import { JETSTREAM_ERROR, translate } from './log-errors.ts';
import { handleOf } from './nats-handle.ts';
import { publicBody, publicHeaders, STORED_AT_HEADER } from './public-event.ts';
import { outcomeError } from './publish-commit.ts';
import { type IsOfLog, OPEN_SINCE_HEADER, type PublishedEnd, readPublishedEnd } from './published-end.ts';

export interface PositionedEvent {
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
/** At the limit, so many leave together once they may: one by one each would be a write to the socket of its own. */
const REFILL = 256;
const ACK_TIMEOUT_MS = 5_000;
const moved = (why: string): AppError => new AppError('conflict', 'events.moved', why);

interface Job {
  readonly items: readonly PositionedEvent[];
  next: number;
  stored: number;
  readonly resolve: (value: undefined) => void;
  readonly reject: (error: AppError) => void;
}

const headersOf = ({ position, event, openSince, storedAt }: PositionedEvent, expectedLast: number): MsgHdrs =>
  headerText([
    ['Nats-Expected-Last-Sequence', String(expectedLast)],
    ...publicHeaders(position, event),
    ...(openSince === undefined ? [] : [[OPEN_SINCE_HEADER, String(openSince)] as const]),
    ...(storedAt === undefined ? [] : [[STORED_AT_HEADER, String(storedAt)] as const]),
  ]);

const errorOf = (outcome: PublishOutcome): AppError => {
  if (outcome.kind === 'stored') return moved('a public event was stored in an unexpected place');
  const isStale = outcome.kind === 'refused' && outcome.errorCode === JETSTREAM_ERROR.wrongLastSequence;
  return isStale ? moved('somebody else published public events') : outcomeError(outcome);
};

class ChainedPublisher implements PublicEventPublisher {
  readonly #connection: LogConnection;
  readonly #acks: AckInbox;
  /** Sequence of the last message sent; `undefined` while the end of the stream is not known. */
  #lastSent: number | undefined;
  #jobs: Job[] = [];
  #inFlight = 0;
  /** Answers of an earlier epoch count no more. */
  #epoch = 0;

  constructor(connection: LogConnection) {
    this.#connection = connection;
    this.#acks = handleOf(connection).acks;
  }

  readonly lastPosition = async (isOfLog: IsOfLog = async () => true): Promise<PublishedEnd> => {
    this.#breakOff(moved('the publisher began anew'));
    const epoch = this.#epoch;
    try {
      const { last, end } = await readPublishedEnd(this.#connection, isOfLog);
      if (epoch === this.#epoch) this.#lastSent = last;
      return end;
    } catch (cause) {
      throw translate(cause, 'reading the end of the public events');
    }
  };

  readonly publish = async (items: readonly PositionedEvent[]): Promise<void> => {
    if (this.#lastSent === undefined) throw moved('the end of the public events is not known: ask lastPosition');
    if (items.length === 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#jobs.push({ items, next: 0, stored: 0, resolve, reject });
    this.#pump();
    await promise;
  };

  #breakOff(error: AppError): void {
    const broken = this.#jobs;
    this.#jobs = [];
    this.#lastSent = undefined;
    this.#inFlight = 0;
    this.#epoch += 1;
    for (const { reject } of broken) reject(error);
  }

  #pump(): void {
    for (const job of this.#jobs) {
      for (let item = job.items[job.next]; item !== undefined; item = job.items[job.next]) {
        if (this.#inFlight >= PUBLISHED_IN_FLIGHT_MAX || this.#lastSent === undefined) return;
        this.#send(job, item, this.#lastSent);
        this.#lastSent += 1;
        job.next += 1;
      }
    }
  }

  #send(job: Job, item: PositionedEvent, previous: number): void {
    const epoch = this.#epoch;
    this.#inFlight += 1;
    const { type, workspace, workflow } = item.event;
    const message = {
      subject: publicEventSubject(type, workspace, workflow),
      payload: publicBody(item.event),
      headers: headersOf(item, previous),
      timeoutMs: ACK_TIMEOUT_MS,
    };
    this.#acks.send(message, (outcome) => {
      if (epoch === this.#epoch) this.#settle(job, previous + 1, outcome);
    });
  }

  #settle(job: Job, expected: number, outcome: PublishOutcome): void {
    if (outcome.kind !== 'stored' || outcome.sequence !== expected) {
      this.#breakOff(errorOf(outcome));
      return;
    }
    this.#inFlight -= 1;
    job.stored += 1;
    if (job.stored === job.items.length) {
      this.#jobs = this.#jobs.filter((other) => other !== job);
      job.resolve(undefined);
    }
    if (this.#inFlight <= PUBLISHED_IN_FLIGHT_MAX - REFILL) this.#pump();
  }
}

export const makePublicEventPublisher = (connection: LogConnection): PublicEventPublisher =>
  new ChainedPublisher(connection);
