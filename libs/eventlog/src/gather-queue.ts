import { encodeCommit, encodeEvent, type Position, type RunEvent } from '@millrace/contracts';
import { type AppError } from '@millrace/kernel';
import { overloaded } from './log-errors.ts';

/** Events of one commit at most, unless a single append has more. */
export const PACK_EVENTS_MAX = 256;
/** Bytes of one commit at most, unless a single append is larger. */
export const PACK_BYTES_MAX = 1024 * 1024;
/** What one writer may hold back, in bytes and events; beyond it appends are refused with `log.overloaded`. */
export const GATHERED_BYTES_MAX = 64 * 1024 * 1024;
export const GATHERED_EVENTS_MAX = 100_000;

/** One append that waits for its commit. */
export interface Gathered {
  readonly subject: string;
  /** JSON texts of its events, joined by commas. */
  readonly text: string;
  readonly ids: readonly string[];
  readonly events: number;
  readonly bytes: number;
  /** When it was appended, on the monotonic clock. */
  readonly at: number;
  readonly resolve: (position: Position) => void;
  readonly reject: (error: AppError) => void;
}

/** Encodes an append once; the texts are joined as they are. */
export const gather = (
  subject: string,
  events: readonly RunEvent[],
  { resolve, reject }: Pick<Gathered, 'resolve' | 'reject'>,
): Gathered => {
  const [only] = events;
  const text = events.length === 1 && only !== undefined ? encodeEvent(only) : events.map(encodeEvent).join(',');
  return {
    subject,
    text,
    ids: events.map(({ id }) => id),
    events: events.length,
    bytes: Buffer.byteLength(text),
    at: performance.now(),
    resolve,
    reject,
  };
};

/** Appends to one subject that become one commit. */
export interface Pack {
  readonly subject: string;
  readonly members: readonly Gathered[];
  readonly events: number;
  readonly bytes: number;
}

export const packBody = ({ members }: Pack): string => encodeCommit(members.map(({ text }) => text));

/** Resolves every member with the position of its first event. */
export const resolvePack = ({ members }: Pack, sequence: number): void => {
  let index = 0;
  for (const member of members) {
    member.resolve({ sequence, index });
    index += member.events;
  }
};

export const rejectPack = ({ members }: Pack, error: AppError): void => {
  for (const member of members) member.reject(error);
};

/** First in, first out, bounded. */
export interface GatherQueue {
  size(): number;
  /** Rejects the append at once when the queue is full. */
  push(append: Gathered): void;
  /** As many of the oldest appends as fit one commit to one subject; `undefined` when there are none. */
  takePack(): Pack | undefined;
  oldestAt(): number | undefined;
  /** Rejects and forgets everything that was appended before this moment. */
  rejectBefore(moment: number, error: AppError): void;
}

/** Once this many were taken, the array is cut: now and then, so that taking one stays cheap. */
const TAKEN_MAX = 1_024;

const fits = (
  append: Gathered,
  subject: string,
  packed: { readonly events: number; readonly bytes: number },
): boolean =>
  append.subject === subject &&
  packed.events + append.events <= PACK_EVENTS_MAX &&
  packed.bytes + append.bytes <= PACK_BYTES_MAX;

class BoundedQueue implements GatherQueue {
  #queue: Gathered[] = [];
  #head = 0;
  #events = 0;
  #bytes = 0;

  size(): number {
    return this.#queue.length - this.#head;
  }

  oldestAt(): number | undefined {
    return this.#queue[this.#head]?.at;
  }

  push(append: Gathered): void {
    const { events, bytes } = append;
    if (this.#events + events > GATHERED_EVENTS_MAX || this.#bytes + bytes > GATHERED_BYTES_MAX) {
      append.reject(overloaded('too many events wait for the log'));
      return;
    }
    this.#queue.push(append);
    this.#events += events;
    this.#bytes += bytes;
  }

  takePack(): Pack | undefined {
    const first = this.#shift();
    if (first === undefined) return undefined;
    const members = [first];
    const packed = { events: first.events, bytes: first.bytes };
    for (let next = this.#peek(); next !== undefined && fits(next, first.subject, packed); next = this.#peek()) {
      members.push(next);
      packed.events += next.events;
      packed.bytes += next.bytes;
      this.#shift();
    }
    return { subject: first.subject, members, ...packed };
  }

  rejectBefore(moment: number, error: AppError): void {
    for (let next = this.#peek(); next !== undefined && next.at < moment; next = this.#peek()) {
      this.#shift();
      next.reject(error);
    }
  }

  #peek(): Gathered | undefined {
    return this.#queue[this.#head];
  }

  #shift(): Gathered | undefined {
    const append = this.#queue[this.#head];
    if (append === undefined) return undefined;
    this.#head += 1;
    this.#events -= append.events;
    this.#bytes -= append.bytes;
    if (this.#head >= TAKEN_MAX && this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return append;
  }
}

export const makeGatherQueue = (): GatherQueue => new BoundedQueue();
