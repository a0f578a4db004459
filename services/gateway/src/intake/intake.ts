/**
 * From a request that was let in to its answer: rate, signature, body, CloudEvent, conditions, admission, answer. The order is the
 * point: what costs the sender nothing to forge is refused before anything is parsed.
 */
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError, type Clock } from '@millrace/kernel';
import { type TriggerInfo } from '@millrace/contracts';
import { type BatchItem, makeRateLimiter, type ReadCloudEvent, readCloudEvents } from '@millrace/domain';
import { type Answer, jsonAnswer, type RecordedRun, type StartArguments, type StartOutcome } from '@millrace/dialects';
import { readIdempotencyKey } from '../admission/idempotency.ts';
import { type StartedRun, type StartRun } from '../admission/start-run.ts';
import { type CancelRun } from '../admission/cancel-run.ts';
import { callerSignal } from '../routes/caller-signal.ts';
import { type Entry } from './entry.ts';
import { applyRules, withMapping } from './trigger-rules.ts';
import { sendAnswer } from './send-answer.ts';
import { sendStream, type StreamTools } from './send-stream.ts';
import { verifyDelivery, type VerifiedDelivery, type VerifyDeps } from './verify-delivery.ts';

export interface IntakeDeps extends VerifyDeps, StreamTools {
  readonly clock: Clock;
  readonly startRun: StartRun;
  readonly cancelRun: CancelRun;
  readonly readMultipart: (request: FastifyRequest, entry: Entry) => Promise<void>;
}

/** Handles one request of a start route. */
export type Intake = (entry: Entry, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/** What is known of a request before it is asked what it wants. */
interface Delivery extends Omit<VerifiedDelivery, 'challenge'> {
  readonly entry: Entry;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

const textHeader = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

const infoOf = ({ entry, verified, delivery }: Delivery): TriggerInfo => ({
  id: entry.bound.trigger.id,
  method: entry.inbound.method,
  path: entry.inbound.path,
  verified,
  ...(delivery === undefined ? {} : { delivery }),
  from: entry.inbound.from,
});

const recordedRun = ({ entry: { bound } }: Delivery, run: StartedRun, input: unknown): RecordedRun => ({
  runId: run.runId,
  workspace: bound.workspace,
  workflow: run.workflow,
  version: bound.version.version,
  traceId: run.traceId,
  replayed: run.outcome === 'replayed',
  requestedAt: run.requestedAt,
  input,
});

const keyOf = (run: StartArguments, { request }: Delivery): string | undefined =>
  readIdempotencyKey(request.headers['idempotency-key']) ?? run.idempotencyKey;

export const makeIntake = (deps: IntakeDeps): Intake => {
  const { clock, startRun, cancelRun } = deps;
  const limiter = makeRateLimiter();

  const checkRate = ({ bound, principal }: Entry, reply: FastifyReply): void => {
    const { trigger, workflow } = bound;
    if (trigger.rateLimit === undefined) return;
    const key = `${workflow}#${trigger.id} ${principal.id}`;
    const verdict = limiter.take(key, trigger.rateLimit, clock.monotonic());
    reply
      .header('ratelimit-limit', verdict.limit)
      .header('ratelimit-remaining', verdict.remaining)
      .header('ratelimit-reset', verdict.resetSeconds);
    if (verdict.allowed) return;
    throw new AppError(
      'over_limit',
      'trigger.over_rate',
      'this trigger is called more often than its rate limit allows',
      {
        retryAfterSeconds: verdict.retryAfterSeconds,
      },
    );
  };

  const verify = ({ bound, inbound, verified }: Entry): VerifiedDelivery => {
    const { trigger } = bound;
    const { signature } = trigger;
    if (signature === undefined) return { verified, delivery: undefined };
    return verifyDelivery({ ...trigger, signature }, inbound, clock.now(), deps);
  };

  const outcomeOf = (delivery: Delivery, started: StartedRun, input: unknown, waitMs: number): StartOutcome => {
    const run = recordedRun(delivery, started, input);
    if (started.result !== undefined) return { kind: 'ended', run, result: started.result };
    return waitMs > 0 ? { kind: 'timed_out', run, waitedMs: waitMs } : { kind: 'accepted', run };
  };

  const begin = async (
    delivery: Delivery,
    run: StartArguments,
    cloudEvent: ReadCloudEvent | undefined,
    waitMs: number,
  ): Promise<StartedRun> => {
    const { entry, request, reply, deliveryKey } = delivery;
    const { bound, principal, dialect, inbound } = entry;
    const started = await startRun(
      {
        workflow: bound.workflow,
        version: bound.version,
        principal,
        input: run.input,
        env: run.env,
        dialect: dialect.name,
        bodyBytes: inbound.body.length,
        traceparent: textHeader(request.headers['traceparent']),
        idempotencyKey: keyOf(run, delivery),
        ...(deliveryKey === undefined ? {} : { deliveryKey }),
        trigger: infoOf(delivery),
        ...(cloudEvent === undefined ? {} : { cloudEvent: cloudEvent.attributes }),
      },
      { waitMs, signal: () => callerSignal(reply, deps.draining) },
    );
    request.runId = started.runId;
    request.traceId = started.traceId;
    return started;
  };

  /** Starts what one request, or one CloudEvent of it, asks for, and waits where the caller waits. */
  const startOne = async (delivery: Delivery, cloudEvent?: ReadCloudEvent): Promise<StartOutcome> => {
    const { entry } = delivery;
    const { route, bound, inbound } = entry;
    const ruling = applyRules(bound.trigger, inbound, clock.now());
    if (!ruling.matched) return { kind: 'filtered', reason: ruling.reason };
    const mapped =
      cloudEvent === undefined || route.mapCloudEvent === undefined
        ? route.mapInput(inbound, bound)
        : route.mapCloudEvent(cloudEvent, inbound, bound);
    const run = withMapping(mapped, ruling);
    const mode = route.mode?.(inbound, bound.trigger) ?? bound.trigger.mode;
    const waitMs = mode === 'sync' ? (route.waitMs?.(inbound, bound.trigger) ?? 0) : 0;
    const started = await begin(delivery, run, cloudEvent, waitMs);
    const outcome = outcomeOf(delivery, started, run.input, waitMs);
    if (outcome.kind === 'timed_out' && route.abandoned === 'cancel') {
      await cancelRun(
        { id: started.runId, ...bound, traceId: started.traceId },
        entry.principal.id,
        'nobody waits for it any more',
      );
    }
    return outcome;
  };

  const itemOf = async (delivery: Delivery, item: BatchItem): Promise<Readonly<Record<string, unknown>>> => {
    if ('error' in item)
      return { index: item.index, status: 'refused', code: item.error.code, detail: item.error.message };
    const { event } = item;
    const { id, source } = event.attributes;
    try {
      const outcome = await startOne(delivery, event);
      if (outcome.kind === 'filtered') return { id, source, status: 'filtered', reason: outcome.reason };
      return { id, source, status: 'accepted', run_id: outcome.run.runId };
    } catch (error) {
      if (!(error instanceof AppError) || error.kind === 'bug') throw error;
      return { id, source, status: 'refused', code: error.code, detail: error.message };
    }
  };

  /** Each event of a batch is admitted on its own; 207 says that some were not. */
  const startBatch = async (delivery: Delivery, batch: readonly BatchItem[]): Promise<Answer> => {
    const items = await Promise.all(batch.map((item) => itemOf(delivery, item)));
    return jsonAnswer(items.every(({ status }) => status === 'accepted') ? 202 : 207, { items });
  };

  const isStream = ({ route, inbound, bound }: Entry): boolean =>
    (route.mode?.(inbound, bound.trigger) ?? bound.trigger.mode) === 'stream';

  const answerOne = async (delivery: Delivery, cloudEvent: ReadCloudEvent | undefined) => {
    const { entry, reply } = delivery;
    const { route, inbound, bound } = entry;
    const outcome = await startOne(delivery, cloudEvent);
    if (route.stream === undefined || outcome.kind === 'filtered' || !isStream(entry)) {
      return sendAnswer(reply, route.respond(outcome, inbound, bound));
    }
    await sendStream(reply, { stream: route.stream, run: outcome.run, request: inbound, isOver: false }, deps);
    return undefined;
  };

  return async (entry, request, reply) => {
    checkRate(entry, reply);
    const { challenge, ...verified } = verify(entry);
    if (challenge !== undefined) return sendAnswer(reply, challenge);
    if (entry.route.takesMultipart === true) await deps.readMultipart(request, entry);
    const delivery = { ...verified, entry, request, reply };
    const events = entry.route.mapCloudEvent === undefined ? undefined : cloudEventsOf(entry);
    if (events?.mode === 'batch') return sendAnswer(reply, await startBatch(delivery, events.items));
    return answerOne(delivery, events?.events[0]);
  };
};

const cloudEventsOf = ({ inbound }: Entry) =>
  readCloudEvents({
    headers: Object.fromEntries(inbound.headerPairs().map(([name, value]) => [name.toLowerCase(), value])),
    body: inbound.body,
  });
