import { type InboxRecord, inboxSubject, type OutputChunk, outputSubject } from '@millrace/contracts';
import { nuid } from '@nats-io/transport-node';
import { type CommitSender, makeCommitSender } from './commit-sender.ts';
import { type LogConnection } from './connection.ts';
import { PACK_BYTES_MAX } from './gather-queue.ts';

export interface PackingWriter<Item> {
  /** Never waits and never throws. Beyond {@link OUTPUT_BYTES_MAX} that could not be stored yet, items are given up and counted. */
  readonly append: (item: Item) => void;
  /** Resolves once everything appended before is stored, given up, or the writer is closed. */
  readonly flush: () => Promise<void>;
  /** Items given up. */
  readonly dropped: () => number;
  /** Waits for what is pending (5 s at most), then gives it up. */
  readonly close: () => Promise<void>;
}

export type OutputWriter = PackingWriter<OutputChunk>;

/** What may wait in memory for the log. */
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

/** Packs what gathers in a process; one message in flight keeps the order. */
class SubjectWriter<Item> implements PackingWriter<Item> {
  readonly #subject: string;
  readonly #sender: CommitSender;
  readonly #writerId = nuid.next();
  #waiting: Waiting[] = [];
  #bytes = 0;
  #isSending = false;
  #isClosed = false;
  #packs = 0;
  #dropped = 0;
  #appended = 0;
  #settled = 0;
  #flushes: Flush[] = [];

  constructor(connection: LogConnection, subject: string) {
    this.#subject = subject;
    this.#sender = makeCommitSender(connection, { timeoutMs: TRY_TIMEOUT_MS, retry: 'until-closed' });
  }

  readonly append = (item: Item): void => {
    const text = JSON.stringify(item);
    const bytes = Buffer.byteLength(text);
    if (this.#isClosed || this.#bytes + bytes > OUTPUT_BYTES_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#appended += 1;
    this.#bytes += bytes;
    this.#waiting.push({ text, bytes });
    if (!this.#isSending && this.#waiting.length === 1) setImmediate(() => this.#pump());
  };

  readonly flush = async (): Promise<void> => {
    if (this.#settled >= this.#appended) return;
    const done = Promise.withResolvers<undefined>();
    this.#flushes.push({ upTo: this.#appended, resolve: done.resolve });
    await done.promise;
  };

  readonly dropped = (): number => this.#dropped;

  readonly close = async (): Promise<void> => {
    const limit = setTimeout(() => this.#abort(), CLOSE_TIMEOUT_MS);
    await this.flush();
    clearTimeout(limit);
    this.#abort();
  };

  #abort(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sender.close();
    this.#waiting = [];
    this.#dropped += this.#appended - this.#settled;
    this.#settle(this.#appended - this.#settled);
  }

  #settle(chunks: number): void {
    this.#settled += chunks;
    for (const { upTo, resolve } of this.#flushes) if (upTo <= this.#settled) resolve(undefined);
    this.#flushes = this.#flushes.filter(({ upTo }) => upTo > this.#settled);
  }

  #takePack(): readonly Waiting[] {
    let bytes = 0;
    const tooMuch = this.#waiting.findIndex((chunk, count) => {
      bytes += chunk.bytes;
      return count > 0 && bytes > PACK_BYTES_MAX;
    });
    return this.#waiting.splice(0, tooMuch === -1 ? this.#waiting.length : tooMuch);
  }

  #pump(): void {
    if (this.#isSending || this.#isClosed || this.#waiting.length === 0) return;
    const pack = this.#takePack();
    this.#isSending = true;
    this.#packs += 1;
    const body = `[${pack.map(({ text }) => text).join(',')}]`;
    this.#sender.send({ subject: this.#subject, body, messageId: `${this.#writerId}.${this.#packs}` }, (outcome) => {
      this.#isSending = false;
      if (outcome.kind !== 'stored') this.#dropped += pack.length;
      for (const { bytes } of pack) this.#bytes -= bytes;
      this.#settle(pack.length);
      this.#pump();
    });
  }
}

export const makeOutputWriter = (connection: LogConnection, { shard }: { readonly shard: number }): OutputWriter =>
  new SubjectWriter<OutputChunk>(connection, outputSubject(shard));

/** Records of requests that started no run: lost when the process ends before they are stored, and never waited for. */
export const makeInboxWriter = (
  connection: LogConnection,
  { shard }: { readonly shard: number },
): PackingWriter<InboxRecord> => new SubjectWriter<InboxRecord>(connection, inboxSubject(shard));
