import { type OutputChunk } from '@millrace/contracts';
import { type Clock, type Milliseconds } from '@millrace/kernel';
import { type OutputStream } from './attempts/execution.ts';

/** Output that is kept of one attempt. */
export const ATTEMPT_OUTPUT_BYTES_MAX = 1_048_576;
const TRUNCATED = '[output truncated at 1 MiB]\n';
const FLUSH_EVERY_MS: Milliseconds = 100;
const CHUNK_LENGTH_MAX = 32_768;

export interface AttemptOutput {
  readonly write: (stream: OutputStream, text: string) => void;
  /** Passes on what is held back; writes after this go nowhere. True when there was any output. */
  readonly close: () => boolean;
}

export interface AttemptOutputOptions {
  readonly runId: string;
  readonly attempt: number;
  readonly clock: Clock;
  readonly append: (chunk: OutputChunk) => void;
}

/** The longest beginning of a text that fits, cut between characters. */
const fitting = (text: string, bytes: number): string =>
  Buffer.byteLength(text) <= bytes ? text : Buffer.from(text).subarray(0, bytes).toString('utf8').replace(/�+$/, '');

/**
 * What one attempt writes, as chunks: at once when it was quiet, at most every 100 ms when it is not,
 * and never more than 1 MiB in all.
 */
export const makeAttemptOutput = ({ runId, attempt, clock, append }: AttemptOutputOptions): AttemptOutput => {
  let pending: { readonly stream: OutputStream; text: string } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let quietSince = -Infinity;
  let left = ATTEMPT_OUTPUT_BYTES_MAX;
  let index = 0;
  let truncated = false;
  let closed = false;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (pending === undefined) return;
    const { stream, text } = pending;
    pending = undefined;
    quietSince = clock.monotonic();
    const time = new Date(clock.now()).toISOString();
    for (let at = 0; at < text.length; at += CHUNK_LENGTH_MAX) {
      append({ runId, attempt, index: index++, stream, time, text: text.slice(at, at + CHUNK_LENGTH_MAX) });
    }
  };
  const add = (stream: OutputStream, text: string): void => {
    if (pending !== undefined && pending.stream !== stream) flush();
    if (pending === undefined) pending = { stream, text };
    else pending.text += text;
    if (pending.text.length >= CHUNK_LENGTH_MAX) flush();
    else if (timer === undefined) {
      const wait = quietSince + FLUSH_EVERY_MS - clock.monotonic();
      if (wait <= 0) flush();
      else timer = setTimeout(flush, wait);
    }
  };
  return {
    write: (stream, text) => {
      if (closed || truncated || text === '') return;
      const kept = fitting(text, left);
      left -= Buffer.byteLength(kept);
      if (kept !== '') add(stream, kept);
      if (kept.length === text.length) return;
      truncated = true;
      add('log', TRUNCATED);
    },
    close: () => {
      closed = true;
      flush();
      return index > 0;
    },
  };
};
