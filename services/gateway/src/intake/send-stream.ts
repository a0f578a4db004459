import { once } from 'node:events';
import { type ServerResponse } from 'node:http';
import { type FastifyReply } from 'fastify';
import { type LiveMessage } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { type Frame, type InboundRequest, type RecordedRun, type RunStream } from '@millrace/dialects';
import { START } from '../live/cursor.ts';
import { type OpenRunFeed } from '../live/run-feed.ts';

export interface StreamTools {
  readonly openRunFeed: OpenRunFeed;
  /** Ends the streams when the gateway ends. */
  readonly draining: AbortSignal;
}

export interface StreamedRun {
  readonly stream: RunStream;
  readonly run: RecordedRun;
  readonly request: InboundRequest;
  /** True when the run was over before the stream began. */
  readonly isOver: boolean;
}

const HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' };

const textOf = ({ event, id, data }: Frame): string => {
  const lines = data.split(/\r\n|[\r\n]/).map((line) => `data: ${line}\n`);
  return `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}${lines.join('')}\n`;
};

const startBeat = (raw: ServerResponse, { keepAlive }: RunStream): NodeJS.Timeout | undefined => {
  if (keepAlive === undefined) return undefined;
  const text = 'frame' in keepAlive ? textOf(keepAlive.frame) : `: ${keepAlive.comment}\n\n`;
  return setInterval(() => raw.write(text), keepAlive.everyMs);
};

const tellerOf = (stream: RunStream, run: RecordedRun, request: InboundRequest) =>
  stream.teller?.(run, request) ?? ((message: LiveMessage) => stream.frames(message, run, request));

/** @throws what the dialect has no words for. */
const lastWords = ({ failed }: RunStream, error: unknown): readonly Frame[] => {
  if (!(error instanceof AppError) || failed === undefined) throw error;
  return failed(error);
};

/**
 * Tells a run as a dialect's own server-sent events, until it is over, the caller leaves, or the dialect's time is up. A caller that
 * reads slowly holds nothing but its own socket: the feed drops it when too much has gathered.
 */
export const sendStream = async (
  reply: FastifyReply,
  { stream, run, request, isOver }: StreamedRun,
  { openRunFeed, draining }: StreamTools,
): Promise<void> => {
  reply.hijack();
  const { raw } = reply;
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  raw.once('close', leave);
  raw.writeHead(200, { ...reply.getHeaders(), ...HEADERS, ...stream.headers } as Record<string, string>);
  const timeUp = stream.limit && AbortSignal.timeout(stream.limit.ms);
  const signal = AbortSignal.any([gone.signal, draining, ...(timeUp === undefined ? [] : [timeUp])]);
  const beat = startBeat(raw, stream);
  const framesOf = tellerOf(stream, run, request);

  const write = async (frames: readonly Frame[]): Promise<void> => {
    if (frames.length === 0 || raw.destroyed) return;
    if (raw.write(frames.map(textOf).join(''))) return;
    // A socket that never drains is closed by its own time-out, or the signal ends the wait.
    await once(raw, 'drain', { signal }).catch(() => undefined);
  };

  try {
    await write(stream.open(run, request));
    const from = { run: { id: run.runId, traceId: run.traceId, isOver }, after: START };
    for await (const { message } of openRunFeed({ ...from, signal, onLagged: leave })) {
      await write(framesOf(message));
      if (signal.aborted) break;
    }
    if (timeUp?.aborted === true) await write(stream.limit?.frames() ?? []);
  } catch (error) {
    await write(lastWords(stream, error));
  } finally {
    clearInterval(beat);
    raw.off('close', leave);
    raw.end();
  }
};
