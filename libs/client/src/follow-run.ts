import { MillraceError, NOT_MILLRACE, notMillrace, UnavailableError } from './errors.ts';
import { parseServerSentEvents } from './parse-server-sent-events.ts';
import { retryDelayMs, type Send } from './send.ts';
import { type RunMessage, type RunResult } from './wire-format.ts';

export interface FollowOptions {
  /** Continues behind this message. */
  readonly lastEventId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FollowedMessage {
  /** For {@link FollowOptions.lastEventId}. */
  readonly id: string | undefined;
  readonly message: RunMessage;
}

const MESSAGE_MEMBERS: ReadonlySet<string> = new Set(['type', 'time', 'attempt']);

/** The last message of a run without what belongs to the message. */
export const resultOf = (message: RunMessage & { readonly type: 'complete' }): RunResult =>
  Object.fromEntries(Object.entries(message).filter(([name]) => !MESSAGE_MEMBERS.has(name))) as unknown as RunResult;

/** The server sends a sign of life every 15 s; after this long without one the connection is dead. */
const SILENCE_MAX_MS = 45_000;
const FRUITLESS_CONNECTIONS_MAX = 8;

/** The bytes of an answer; aborts it when nothing comes for too long. */
async function* withoutSilence(response: Response, giveUp: () => void): AsyncGenerator<Uint8Array> {
  let timer = setTimeout(giveUp, SILENCE_MAX_MS);
  try {
    for await (const bytes of response.body ?? []) {
      clearTimeout(timer);
      timer = setTimeout(giveUp, SILENCE_MAX_MS);
      yield bytes;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** One connection: the messages until it ends, which is not the end of the run. */
async function* connectOnce(
  send: Send,
  runId: string,
  { lastEventId, signal }: FollowOptions,
): AsyncGenerator<FollowedMessage> {
  const silence = new AbortController();
  const response = await send({
    method: 'GET',
    target: `/runs/${encodeURIComponent(runId)}/events`,
    headers: { accept: 'text/event-stream', 'last-event-id': lastEventId },
    isRepeatable: true,
    signal: AbortSignal.any([silence.signal, ...(signal === undefined ? [] : [signal])]),
  });
  const type = response.headers.get('content-type') ?? '';
  if (response.status === 200 && !type.startsWith('text/event-stream')) throw notMillrace(200, response.url);
  try {
    for await (const { id, data } of parseServerSentEvents(withoutSilence(response, () => silence.abort()))) {
      yield { id, message: JSON.parse(data) as RunMessage };
    }
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    // A connection that breaks is replaced by the next one.
  } finally {
    silence.abort();
  }
}

/**
 * Follows one run from its beginning, or from behind `lastEventId`, to its last message, over as many connections as that
 * takes: after a broken one it continues behind the last message. A server that is away is waited for, a minute or so.
 *
 * @throws NotFoundError when there is no such run, UnavailableError when the server stays away.
 */
export async function* followRun(
  send: Send,
  runId: string,
  options: FollowOptions = {},
): AsyncGenerator<FollowedMessage> {
  let { lastEventId } = options;
  for (let fruitless = 0; fruitless < FRUITLESS_CONNECTIONS_MAX; fruitless += 1) {
    try {
      for await (const followed of connectOnce(send, runId, { ...options, lastEventId })) {
        fruitless = 0;
        lastEventId = followed.id ?? lastEventId;
        yield followed;
        if (followed.message.type === 'complete') return;
      }
    } catch (error) {
      if (!(error instanceof UnavailableError) || error.code === NOT_MILLRACE) throw error;
    }
    const delayMs = retryDelayMs(new MillraceError(0, 'client.stream_ended', ''), fruitless);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    options.signal?.throwIfAborted();
  }
  throw new UnavailableError(
    0,
    'client.stream_ended',
    `the events of run ${runId} end again and again before the run does`,
  );
}
