import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { AppError } from '@millrace/kernel';
import { comparePositions, ProblemSchema, RunParamsSchema } from '@millrace/contracts';
import { accepts, CLOUDEVENT_BATCH_MEDIA_TYPE, toBatch } from '@millrace/domain';
import { principalOf } from '../auth/require-access.ts';
import { SSE_RETRY_MS } from '../limits.ts';
import { type FeedCursor, parseCursor } from '../live/cursor.ts';
import { type FeedItem, type OpenRunFeed } from '../live/run-feed.ts';
import { type StreamSlots } from '../live/stream-slots.ts';
import { type RunCloudEvents } from '../reading/run-cloud-events.ts';
import { type FindVisibleRun } from '../reading/find-visible-run.ts';
import { isOver } from '../views/run-views.ts';
import { NOT_FOUND, NOTHING, PROBLEMS } from './problem-responses.ts';

export interface RunStreamDeps {
  readonly findVisibleRun: FindVisibleRun;
  readonly openRunFeed: OpenRunFeed;
  readonly slots: StreamSlots;
  readonly cloudEvents: RunCloudEvents;
  /** Ends the streams when the gateway ends. */
  readonly draining: AbortSignal;
}

const DESCRIPTION =
  'Server-sent events: `state`, `progress`, `log`, and at last `complete` with the result, then the stream ends. History comes first, then what ' +
  'happens live, without gap or repeat. `Last-Event-ID` resumes; 204 says that there is nothing behind it. A client that reads too slowly gets ' +
  '`lagged` and is cut: it may resume. A comment comes every 15 seconds. With `Accept: application/cloudevents-batch+json` the events so far, ' +
  'as one batch of CloudEvents.';

/** A stalled client gets this long to take the last words. */
const LAST_WORDS_MS = 1_000;

/** Why a stream has to end before the run does. */
interface Ending {
  readonly signal: AbortSignal;
  readonly lag: () => void;
  readonly hasLagged: () => boolean;
}

const makeEnding = (reply: FastifyReply, draining: AbortSignal): Ending => {
  const gone = new AbortController();
  let lagged = false;
  reply.sse.onClose(() => gone.abort());
  return {
    signal: AbortSignal.any([gone.signal, draining]),
    hasLagged: () => lagged,
    lag: () => {
      lagged = true;
      gone.abort();
    },
  };
};

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });

/** Sends until the feed or the stream ends. `send` may never settle once the client stalls or goes, so the signal decides. */
const pump = async (reply: FastifyReply, feed: AsyncIterable<FeedItem>, { signal }: Ending): Promise<void> => {
  const end = aborted(signal);
  let retry: { readonly retry?: number } = { retry: SSE_RETRY_MS };
  for await (const { id, message } of feed) {
    const sent = reply.sse.send({ id, event: message.type, data: message, ...retry }).catch(() => undefined);
    await Promise.race([sent, end]);
    if (signal.aborted) return;
    retry = {};
  }
};

const sayLastWords = (reply: FastifyReply, ending: Ending): void => {
  if (!ending.hasLagged() || !reply.sse.isConnected) return;
  const data = { type: 'lagged', detail: 'this client reads too slowly: resume with Last-Event-ID' };
  reply.sse.send({ event: 'lagged', data }).catch(() => undefined);
  setTimeout(() => reply.raw.destroy(), LAST_WORDS_MS).unref();
};

/** What the plugin refuses by itself is no problem of RFC 9457; so it is refused before. */
const checkAccept = (accept: string | undefined): void => {
  if (accept === undefined || /text\/event-stream|text\/\*|\*\/\*/i.test(accept)) return;
  throw new AppError(
    'invalid',
    'http.not_acceptable',
    'this address answers with text/event-stream or application/cloudevents-batch+json',
  );
};

/** A batch is for who asks for it by name, and for no stream. */
const wantsBatch = (accept: string | undefined): boolean =>
  accepts(accept, CLOUDEVENT_BATCH_MEDIA_TYPE) && !accepts(accept, 'text/event-stream');

const STREAMED = {
  content: {
    'text/event-stream': { schema: Type.String() },
    [CLOUDEVENT_BATCH_MEDIA_TYPE]: { schema: Type.Array(Type.Object({ specversion: Type.String() })) },
  },
};

const DESCRIBED = {
  response: { 200: STREAMED, ...NOTHING, 409: ProblemSchema, 429: ProblemSchema, ...PROBLEMS, ...NOT_FOUND },
};

/** `GET /runs/{id}/events`. */
export const runStreamRoute: FastifyPluginAsyncTypebox<RunStreamDeps> = async (app, deps) => {
  const stream = async (
    reply: FastifyReply,
    run: Parameters<OpenRunFeed>[0]['run'],
    after: FeedCursor,
  ): Promise<void> => {
    const ending = makeEnding(reply, deps.draining);
    await pump(reply, deps.openRunFeed({ run, after, signal: ending.signal, onLagged: ending.lag }), ending);
    sayLastWords(reply, ending);
  };

  const sendBatch = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id } = await deps.findVisibleRun(principalOf(request), (request.params as { readonly id: string }).id);
    return reply.type(CLOUDEVENT_BATCH_MEDIA_TYPE).send(toBatch(await deps.cloudEvents.all(id)));
  };

  app.get(
    '/runs/:id/events',
    {
      sse: 'only',
      exposeHeadRoute: false,
      preHandler: async (request, reply) => {
        if (wantsBatch(request.headers.accept)) return sendBatch(request, reply);
        checkAccept(request.headers.accept);
        return undefined;
      },
      schema: {
        operationId: 'runEvents',
        summary: 'What happens to a run, as it happens',
        description: DESCRIPTION,
        tags: ['runs'],
        produces: ['text/event-stream'],
        params: RunParamsSchema,
      },
      config: { access: 'read', describe: DESCRIBED },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const row = await deps.findVisibleRun(principal, request.params.id);
      const after = parseCursor(reply.sse.lastEventId);
      const over = isOver(row);
      // 204 is how a server tells an EventSource not to come back.
      if (over && comparePositions(after.event, row.last) >= 0) return reply.code(204).send();
      const release = deps.slots.take(principal.id);
      try {
        await stream(reply, { id: row.id, traceId: row.traceId, isOver: over }, after);
      } finally {
        release();
      }
      return undefined;
    },
  );
};
