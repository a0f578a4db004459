import { type Socket } from 'node:net';

export type LaneState = 'open' | 'held' | 'lost';

/** What one direction of a connection is like. */
export interface LaneConditions {
  readonly state: LaneState;
  readonly latencyMs: number;
  readonly bytesPerSecond: number;
}

/** Changes a stream of bytes on its way; what it does not give back yet, it gives back later. */
export type Transform = (chunk: Buffer) => Buffer;

export interface LaneOptions {
  readonly from: Socket;
  readonly to: Socket;
  readonly conditions: () => LaneConditions;
  readonly onLost: () => void;
  readonly transform?: Transform;
}

export interface Lane {
  /** Looks again whether anything may go: the conditions have changed. */
  readonly pump: () => void;
}

/** Bytes that wait in the proxy; beyond it, the sender has to wait. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;

/** Moves bytes in one direction, each no earlier than the conditions let it. */
export const makeLane = ({ from, to, conditions, onLost, transform = (chunk) => chunk }: LaneOptions): Lane => {
  const waiting: { readonly chunk: Buffer; readonly dueAt: number }[] = [];
  let waitingBytes = 0;
  let freeAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;

  const later = (ms: number): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      pump();
    }, ms);
  };
  const take = (): Buffer | undefined => {
    const [first] = waiting;
    if (first === undefined) return undefined;
    const wait = Math.max(first.dueAt, freeAt) - performance.now();
    if (wait > 0) {
      later(wait);
      return undefined;
    }
    waiting.shift();
    waitingBytes -= first.chunk.length;
    freeAt = performance.now() + (1_000 * first.chunk.length) / conditions().bytesPerSecond;
    return first.chunk;
  };
  const pump = (): void => {
    if (conditions().state === 'held') return;
    for (let chunk = take(); chunk !== undefined; chunk = take()) {
      if (conditions().state === 'open') to.write(chunk);
      else onLost();
    }
    if (waitingBytes < WAITING_BYTES_MAX) from.resume();
    if (hasEnded && waiting.length === 0) to.end();
  };
  from.on('data', (read: Buffer) => {
    const chunk = transform(read);
    waiting.push({ chunk, dueAt: performance.now() + conditions().latencyMs });
    waitingBytes += chunk.length;
    if (waitingBytes >= WAITING_BYTES_MAX) from.pause();
    pump();
  });
  from.on('end', () => {
    hasEnded = true;
    pump();
  });
  from.on('close', () => clearTimeout(timer));
  return { pump };
};
