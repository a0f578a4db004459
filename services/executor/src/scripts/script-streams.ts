import { type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { type Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { type Fifo, type Fifos } from './fifos.ts';
import { makeStdoutReader } from './script-output.ts';
import { type FromSpawner } from './spawner-protocol.ts';

/** Beyond what the executor keeps of one attempt; what follows is read and thrown away. */
const FORWARD_MAX = 1_048_576 + 65_536;

/** Characters of the end of stderr that are looked at for a last line. */
const COMPLAINT_MAX = 500;

/** How long output may still come from what escaped the process group, and how often that is granted again. */
const QUIET_MS = 250;
const QUIET_ROUNDS_MAX = 8;

/** The pipes behind stdout and stderr; absent where Node's own sockets have to do. */
export type OutputPipes = readonly [Fifo | undefined, Fifo | undefined];

interface ReadOptions {
  readonly fifo: Fifo | undefined;
  readonly piped: Readable | null;
  readonly fifos: Fifos;
  readonly onText: (text: string) => void;
  readonly onClosed: () => void;
}

/** Reads one stream until its last writer is gone or the reader is destroyed. */
const readStream = ({ fifo, piped, fifos, onText, onClosed }: ReadOptions): Readable | undefined => {
  const reader = fifo === undefined ? piped : new Socket({ fd: fifo.readFd, readable: true, writable: false });
  const decoder = new StringDecoder('utf8');
  let ended = false;
  reader?.on('data', (bytes: Buffer) => onText(decoder.write(bytes)));
  reader?.on('end', () => (ended = true));
  reader?.on('error', () => reader.destroy());
  reader?.on('close', () => {
    if (fifo !== undefined && ended) fifos.giveBack(fifo);
    else if (fifo !== undefined) fifos.abandon(fifo);
    onClosed();
  });
  return reader ?? undefined;
};

export interface ScriptStreams {
  /** Stops waiting for writers that escaped the process group: when they are quiet, and after a few seconds in any case. */
  readonly endSoon: () => void;
  /** The last line on stdout; complete once both streams are closed. */
  readonly lastLine: () => string;
  /** The last line on stderr that is not empty: as a rule the reason of a failure. */
  readonly complaint: () => string | undefined;
}

interface StreamDeps {
  readonly id: string;
  readonly pipes: OutputPipes;
  readonly fifos: Fifos;
  readonly send: (message: FromSpawner) => void;
  /** Called once for each of the two streams. */
  readonly onClosed: () => void;
}

/** A mark says that the beginning is gone: what takes secrets out of it looks there for a part of one. */
const lastOf = (text: string): string => (text.length > COMPLAINT_MAX ? `…${text.slice(1 - COMPLAINT_MAX)}` : text);

const lastLineOf = (text: string): string | undefined =>
  text
    .split('\n')
    .map((line) => line.trim())
    .findLast((line) => line !== '');

/** Forwards what a script writes as `output`, `progress` and `responded` messages. */
export const readScript = (child: ChildProcess, { id, pipes, fifos, send, onClosed }: StreamDeps): ScriptStreams => {
  let forwarded = 0;
  let received = 0;
  let stderrEnd = '';
  const forward = (stream: 'stdout' | 'stderr', text: string): void => {
    if (forwarded > FORWARD_MAX || text === '') return;
    forwarded += text.length;
    send({ type: 'output', id, stream, text });
  };
  const lines = makeStdoutReader({
    onText: (text) => forward('stdout', text),
    onProgress: (progress) => send({ type: 'progress', id, ...progress }),
    onResponse: (response) => send({ type: 'responded', id, response }),
  });
  const onStdout = (text: string): void => {
    received += text.length;
    lines.push(text);
  };
  const onStderr = (text: string): void => {
    received += text.length;
    stderrEnd = lastOf(stderrEnd + text);
    forward('stderr', text);
  };
  const onStdoutClosed = (): void => {
    lines.end();
    onClosed();
  };
  const streams = [
    readStream({ fifo: pipes[0], piped: child.stdout, fifos, onText: onStdout, onClosed: onStdoutClosed }),
    readStream({ fifo: pipes[1], piped: child.stderr, fifos, onText: onStderr, onClosed }),
  ];
  const endWhenQuiet = (rounds: number): void => {
    const before = received;
    const check = (): void => {
      if (received > before && rounds > 1) endWhenQuiet(rounds - 1);
      else for (const stream of streams) stream?.destroy();
    };
    // A busy process runs late timers before it reads: what is in the pipes is read before anything is given up.
    setTimeout(() => setImmediate(check), QUIET_MS).unref();
  };
  return {
    endSoon: () => endWhenQuiet(QUIET_ROUNDS_MAX),
    lastLine: lines.lastLine,
    complaint: () => lastLineOf(stderrEnd),
  };
};
