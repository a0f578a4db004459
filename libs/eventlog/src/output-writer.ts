import { type OutputChunk, outputSubject } from '@millrace/contracts';
import { nuid } from '@nats-io/transport-node';
import { makeCommitSender } from './commit-sender.ts';
import { type LogConnection } from './connection.ts';
import { PACK_BYTES_MAX } from './gather-queue.ts';

export interface OutputWriter {
  /** Never waits and never throws. Beyond {@link OUTPUT_BYTES_MAX} that could not be stored yet, chunks are given up and counted. */
  readonly append: (chunk: OutputChunk) => void;
  /** Resolves once everything appended before is stored, given up, or the writer is closed. */
  readonly flush: () => Promise<void>;
  /** Chunks given up. */
  readonly dropped: () => number;
  /** Waits for what is pending (5 s at most), then gives it up. */
  readonly close: () => Promise<void>;
}

/** Output that may wait in memory for the log. */
export const OUTPUT_BYTES_MAX = 32 * 1024 * 1024;

const TRY_TIMEOUT_MS = 2_000;
const CLOSE_TIMEOUT_MS = 5_000;

interface Waiting {
  readonly text: string;
  readonly bytes: number;
}

interface Flush {
  /** Chunks that must be settled first. */
  readonly upTo: number;
  readonly resolve: (value: undefined) => void;
}

/** Packs chunks of all runs of a process; one message in flight keeps their order. */
export const makeOutputWriter = (connection: LogConnection, { shard }: { readonly shard: number }): OutputWriter => {
  const sender = makeCommitSender(connection, { timeoutMs: TRY_TIMEOUT_MS, retry: 'until-closed' });
  const writerId = nuid.next();
  let waiting: Waiting[] = [];
  let bytes = 0;
  let isSending = false;
  let isClosed = false;
  let packs = 0;
  let dropped = 0;
  let appended = 0;
  let settled = 0;
  let flushes: Flush[] = [];

  const settle = (chunks: number): void => {
    settled += chunks;
    for (const { upTo, resolve } of flushes) if (upTo <= settled) resolve(undefined);
    flushes = flushes.filter(({ upTo }) => upTo > settled);
  };

  const takePack = (): readonly Waiting[] => {
    let size = 0;
    let count = 0;
    for (const chunk of waiting) {
      size += chunk.bytes;
      if (count > 0 && size > PACK_BYTES_MAX) break;
      count += 1;
    }
    return waiting.splice(0, count);
  };

  const pump = (): void => {
    if (isSending || isClosed) return;
    const pack = takePack();
    if (pack.length === 0) return;
    isSending = true;
    packs += 1;
    const body = `[${pack.map(({ text }) => text).join(',')}]`;
    sender.send({ subject: outputSubject(shard), body, messageId: `${writerId}.${packs}` }, (outcome) => {
      isSending = false;
      if (outcome.kind !== 'stored') dropped += pack.length;
      for (const chunk of pack) bytes -= chunk.bytes;
      settle(pack.length);
      pump();
    });
  };

  const flush = async (): Promise<void> => {
    if (isClosed || settled >= appended) return;
    const done = Promise.withResolvers<undefined>();
    flushes.push({ upTo: appended, resolve: done.resolve });
    await done.promise;
  };

  const abort = (): void => {
    isClosed = true;
    dropped += appended - settled;
    waiting = [];
    sender.close();
    settle(appended - settled);
  };

  return {
    append: (chunk) => {
      const text = JSON.stringify(chunk);
      const size = Buffer.byteLength(text);
      if (isClosed || bytes + size > OUTPUT_BYTES_MAX) {
        dropped += 1;
        return;
      }
      appended += 1;
      bytes += size;
      waiting.push({ text, bytes: size });
      if (!isSending) setImmediate(pump);
    },
    flush,
    dropped: () => dropped,
    close: async () => {
      if (isClosed) return;
      const limit = setTimeout(abort, CLOSE_TIMEOUT_MS);
      await flush();
      clearTimeout(limit);
      if (!isClosed) abort();
    },
  };
};
