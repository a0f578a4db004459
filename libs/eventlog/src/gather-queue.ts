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
  readonly size: () => number;
  /** Rejects the append at once when the queue is full. */
  readonly push: (append: Gathered) => void;
  /** As many of the oldest appends as fit one commit to one subject; `undefined` when there are none. */
  readonly takePack: () => Pack | undefined;
  readonly oldestAt: () => number | undefined;
  /** Rejects and forgets everything that was appended before this moment. */
  readonly rejectBefore: (moment: number, error: AppError) => void;
}

export const makeGatherQueue = (): GatherQueue => {
  let queue: Gathered[] = [];
  let head = 0;
  let events = 0;
  let bytes = 0;

  const shift = (): void => {
    const append = queue[head];
    if (append === undefined) return;
    head += 1;
    events -= append.events;
    bytes -= append.bytes;
    if (head < 1_024 || head * 2 < queue.length) return;
    queue = queue.slice(head); // now and then, so that taking one stays cheap
    head = 0;
  };

  const fits = (append: Gathered, subject: string, packed: { events: number; bytes: number }): boolean =>
    append.subject === subject &&
    packed.events + append.events <= PACK_EVENTS_MAX &&
    packed.bytes + append.bytes <= PACK_BYTES_MAX;

  return {
    size: () => queue.length - head,
    oldestAt: () => queue[head]?.at,
    push: (append) => {
      if (events + append.events > GATHERED_EVENTS_MAX || bytes + append.bytes > GATHERED_BYTES_MAX) {
        append.reject(overloaded('too many events wait for the log'));
        return;
      }
      queue.push(append);
      events += append.events;
      bytes += append.bytes;
    },
    takePack: () => {
      const first = queue[head];
      if (first === undefined) return undefined;
      const members = [first];
      const packed = { events: first.events, bytes: first.bytes };
      shift();
      for (let next = queue[head]; next !== undefined && fits(next, first.subject, packed); next = queue[head]) {
        members.push(next);
        packed.events += next.events;
        packed.bytes += next.bytes;
        shift();
      }
      return { subject: first.subject, members, ...packed };
    },
    rejectBefore: (moment, error) => {
      for (let next = queue[head]; next !== undefined && next.at < moment; next = queue[head]) {
        shift();
        next.reject(error);
      }
    },
  };
};
