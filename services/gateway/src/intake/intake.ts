/**
 * From a request that was let in to its answer: rate, signature, body, CloudEvent, conditions, admission, answer. The order is the
 * point: what costs the sender nothing to forge is refused before anything is parsed, and before it uses up the rate of whoever signs.
 */
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError, type Clock } from '@millrace/kernel';
import { type TriggerInfo, type TriggerMode, type TriggerState, type WorkflowVersion } from '@millrace/contracts';
import { type TriggerStates } from '@millrace/eventlog';
import { type BatchItem, isStoppedBy, type Match, type ReadCloudEvent } from '@millrace/domain';
import {
  type Answer,
  jsonAnswer,
  shapeAnswer,
  type RecordedRun,
  type StartArguments,
  type StartOutcome,
  withoutKeys,
} from '@millrace/dialects';
import { type RunSealers } from '@millrace/secrets';
import { type RunCloudEvents } from '../reading/run-cloud-events.ts';
import { readIdempotencyKey } from '../admission/idempotency.ts';
import { type StartedRun, type StartRun } from '../admission/start-run.ts';
import { type CancelRun } from '../admission/cancel-run.ts';
import { callerSignal } from '../routes/caller-signal.ts';
import { BATCH_EVENTS_MAX } from '../limits.ts';
import { type CheckRate, makeCheckRate } from './check-rate.ts';
import { cloudEventsOf } from './cloud-events-of.ts';
import { type Entry } from './entry.ts';
import { type Inbox } from './inbox.ts';
import { checkNotStopped, nameOf } from './trigger-state.ts';
import { applyRules } from './trigger-rules.ts';
import { asCloudEvent, wantsCloudEvent } from './cloud-event-answer.ts';
import { deleteOnceSent } from './delete-once-sent.ts';
import { noteChallenge, noteOutcome } from './note-outcome.ts';
import { sendAnswer } from './send-answer.ts';
import { sendStream, type StreamTools } from './send-stream.ts';
import { checkSignature, type VerifiedDelivery, type VerifyDeps } from './check-signature.ts';

export interface IntakeDeps extends VerifyDeps, StreamTools {
  readonly clock: Clock;
  readonly startRun: StartRun;
  readonly cancelRun: CancelRun;
  /** Runs that wait; counts no further than `upTo`. */
  readonly countWaiting: (upTo: number) => Promise<number>;
  readonly sealers: Pick<RunSealers, 'destroy'>;
  readonly cloudEvents: RunCloudEvents;
  readonly readMultipart: (request: FastifyRequest, entry: Entry) => Promise<void>;
  readonly triggerStates: Pick<TriggerStates, 'read'>;
  readonly stopTrigger: (stopped: TriggerState) => Promise<void>;
  readonly inbox: Inbox;
}

/** Handles one request of a start route. */
export type Intake = (entry: Entry, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/** What is known of a request before it is asked what it wants. */
interface Delivery extends Omit<VerifiedDelivery, 'challenge'> {
  readonly entry: Entry;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Of several CloudEvents in one body: which one. */
  readonly part?: string;
}

const textHeader = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** A key in the address is a credential: it goes no further. */
const infoOf = ({ entry, verified, delivery, request }: Delivery): TriggerInfo => ({
  id: entry.bound.trigger.id,
  method: entry.inbound.method,
  path: withoutKeys(entry.inbound.path, request.sighting?.credentials.keys ?? []),
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

const ofPart = (key: string | undefined, { part }: Delivery): string | undefined =>
  key === undefined || part === undefined ? key : `${key} ${part}`;

const keyOf = (run: StartArguments, delivery: Delivery): string | undefined =>
  ofPart(readIdempotencyKey(delivery.request.headers['idempotency-key']) ?? run.idempotencyKey, delivery);

const modeOf = ({ route, inbound, bound: { trigger } }: Entry): TriggerMode =>
  route.mode?.(inbound, trigger) ?? trigger.mode;

const waitOf = (entry: Entry): number =>
  modeOf(entry) === 'sync' ? (entry.route.waitMs?.(entry.inbound, entry.bound.trigger) ?? 0) : 0;

/** What is started: as the dialect reads the request, unless the trigger has a mapping of its own. */
const argumentsOf = ({ route, inbound, bound }: Entry, { input }: Match, event: ReadCloudEvent | undefined) => {
  const byEvent = event !== undefined && route.mapCloudEvent !== undefined;
  const mapped = byEvent ? route.mapCloudEvent(event, inbound, bound) : route.mapInput(inbound, bound);
  return input === undefined ? mapped : { ...mapped, input };
};

/** A caller may shorten a run, never lengthen it. */
const withTimeout = (version: WorkflowVersion, timeoutMs: number | undefined): WorkflowVersion =>
  timeoutMs === undefined || timeoutMs >= version.policy.timeoutMs
    ? version
    : { ...version, policy: { ...version.policy, timeoutMs } };

/** @throws AppError `over_limit` `run.queue_too_long`. */
const checkQueue = async ({ waitingMax }: StartArguments, count: IntakeDeps['countWaiting']): Promise<void> => {
  if (waitingMax === undefined) return;
  const waiting = await count(waitingMax + 1);
  if (waiting <= waitingMax) return;
  throw new AppError(
    'over_limit',
    'run.queue_too_long',
    `Number of queued job is too high: ${waiting} > ${waitingMax}`,
  );
};

const runRequestOf = (
  delivery: Delivery,
  run: StartArguments,
  cloudEvent: ReadCloudEvent | undefined,
): Parameters<StartRun>[0] => {
  const { entry, request } = delivery;
  const deliveryKey = ofPart(delivery.deliveryKey, delivery);
  const { bound, principal, dialect } = entry;
  return {
    workflow: bound.workflow,
    version: withTimeout(bound.version, run.timeoutMs),
    principal,
    input: run.input,
    env: run.env,
    ...(run.start === undefined ? {} : { start: run.start }),
    ...(run.priority === undefined ? {} : { priority: run.priority }),
    dialect: dialect.name,
    traceparent: textHeader(request.headers['traceparent']),
    idempotencyKey: keyOf(run, delivery),
    ...(deliveryKey === undefined ? {} : { deliveryKey }),
    trigger: infoOf(delivery),
    ...(entry.inbound.sealer === undefined ? {} : { sealer: entry.inbound.sealer }),
    ...(bound.trigger.stopAfter === undefined ? {} : { stopAfter: bound.trigger.stopAfter }),
    ...(cloudEvent === undefined ? {} : { cloudEvent: cloudEvent.attributes }),
  };
};

const outcomeOf = (
  delivery: Delivery,
  started: StartedRun,
  input: unknown,
  { waitMs, nowMs }: { readonly waitMs: number; readonly nowMs: number },
): StartOutcome => {
  const run = recordedRun(delivery, started, input);
  const { word } = started;
  const isUnasked = waitMs === 0 && delivery.entry.route.tellsSkipped !== true;
  if (word?.kind === 'ended' && isUnasked) return { kind: 'accepted', run };
  if (word?.kind === 'responded') return { ...word, run };
  if (word !== undefined) return { ...word, run, elapsedMs: nowMs - Date.parse(run.requestedAt) };
  return waitMs > 0 ? { kind: 'timed_out', run, waitedMs: waitMs } : { kind: 'accepted', run };
};

/** Starts what one request, or one CloudEvent of it, asks for, and waits where the caller waits. */
type StartOne = (delivery: Delivery, cloudEvent?: ReadCloudEvent) => Promise<StartOutcome>;

/** The end of a run that somebody waited for stops its trigger before that somebody hears of it. */
const stopIfDue = async (
  { bound }: Entry,
  outcome: StartOutcome,
  { clock, stopTrigger }: Pick<IntakeDeps, 'clock' | 'stopTrigger'>,
): Promise<void> => {
  if (outcome.kind !== 'ended') return;
  const { run_id: run, status } = outcome.result;
  if (!isStoppedBy(bound.trigger, status)) return;
  const at = new Date(clock.now()).toISOString();
  await stopTrigger({ ...nameOf(bound), state: 'stopped', reason: `run ${run} ended: ${status}`, at, run });
};

/** A reason quotes the condition, and some compare with what only the sender should know: who is nobody does not read it. */
const forCaller = (outcome: StartOutcome, { verified }: Entry): StartOutcome =>
  outcome.kind === 'filtered' && verified === 'public'
    ? { kind: 'filtered', reason: 'a condition of this trigger is false' }
    : outcome;

const interrupted = (runId: string): AppError =>
  new AppError('unavailable', 'wait.interrupted', 'this server ends; the run goes on: ask for its status', {
    details: { run_id: runId },
  });

const makeStartOne =
  (deps: IntakeDeps): StartOne =>
  async (delivery, cloudEvent) => {
    const { clock, draining } = deps;
    const { entry, request, reply } = delivery;
    const { route, bound, inbound, principal } = entry;
    const ruling = applyRules({ bound, route, inbound, event: cloudEvent }, clock.now());
    if (!ruling.matched) return { kind: 'filtered', reason: ruling.reason };
    await checkNotStopped(bound, deps.triggerStates);
    const run = argumentsOf(entry, ruling, cloudEvent);
    const waitMs = waitOf(entry);
    await checkQueue(run, deps.countWaiting);
    const started = await deps.startRun(runRequestOf(delivery, run, cloudEvent), {
      waitMs,
      signal: () => callerSignal(reply, draining),
    });
    request.runId = started.runId;
    request.traceId = started.traceId;
    const outcome = outcomeOf(delivery, started, run.input, { waitMs, nowMs: clock.now() });
    if (outcome.kind === 'timed_out' && route.abandoned === 'cancel') {
      // The end of the gateway is no caller's wish: its runs go on.
      if (draining.aborted) throw interrupted(started.runId);
      await deps.cancelRun(
        { ...bound, id: started.runId, traceId: started.traceId },
        principal.id,
        'nobody waits any more',
      );
    }
    return outcome;
  };

const refusedItem = (error: AppError) => ({ status: 'refused', code: error.code, detail: error.message });

interface BatchContext {
  readonly batch: readonly BatchItem[];
  readonly inbox: Inbox;
  readonly checkRate: CheckRate;
}

/** Each event of a batch is admitted on its own, and counts as a request; 207 says that some were not. */
const startBatch = async (
  startOne: StartOne,
  delivery: Delivery,
  { batch, inbox, checkRate }: BatchContext,
): Promise<Answer> => {
  if (batch.length > BATCH_EVENTS_MAX) {
    throw new AppError('too_large', 'cloudevents.batch_too_long', `a batch has at most ${BATCH_EVENTS_MAX} events`);
  }
  const note = ({ code, message: reason }: AppError): void => {
    const { verified } = delivery;
    inbox.record(delivery.request, { outcome: 'refused', code, reason, verified, keepsBody: false });
  };
  const itemOf = async (item: BatchItem): Promise<Readonly<Record<string, unknown>>> => {
    if ('error' in item) {
      note(item.error);
      return { index: item.index, ...refusedItem(item.error) };
    }
    const { id, source } = item.event.attributes;
    try {
      if (item !== batch[0]) checkRate(delivery.entry, delivery.reply, delivery.sender); // the request itself was counted before
      const outcome = await startOne({ ...delivery, part: JSON.stringify([source, id]) }, item.event);
      if (outcome.kind === 'filtered') return { id, source, status: 'filtered', reason: outcome.reason };
      return { id, source, status: 'accepted', run_id: outcome.run.runId };
    } catch (error) {
      if (!(error instanceof AppError) || error.kind === 'bug') throw error;
      note(error);
      return { id, source, ...refusedItem(error) };
    }
  };
  const items = await Promise.all(batch.map(itemOf));
  return jsonAnswer(items.every(({ status }) => status === 'accepted') ? 202 : 207, { items });
};

/** Asks anew what a recorded request wants, now that its sender needs not be verified: conditions, mapping, admission. */
export type Redeliver = (entry: Entry, request: FastifyRequest, reply: FastifyReply) => Promise<StartOutcome>;

export const makeRedeliver =
  (deps: IntakeDeps): Redeliver =>
  async (entry, request, reply) => {
    const startOne = makeStartOne(deps);
    if (entry.route.takesMultipart === true) await deps.readMultipart(request, entry);
    const delivery = { entry, request, reply, verified: 'redelivery', delivery: undefined };
    const events = cloudEventsOf(entry);
    if (events?.mode === 'batch') {
      throw new AppError('refused', 'request.not_redeliverable', 'a batch of CloudEvents is not delivered again');
    }
    return startOne(delivery, events?.events[0]);
  };

export const makeIntake = (deps: IntakeDeps): Intake => {
  const checkRate = makeCheckRate(deps);
  const start = makeStartOne(deps);
  const startOne: StartOne = async (delivery, cloudEvent) => {
    const outcome = await start(delivery, cloudEvent);
    noteOutcome(delivery, outcome, deps.inbox);
    await stopIfDue(delivery.entry, outcome, deps);
    return forCaller(outcome, delivery.entry);
  };

  const verify = ({ bound, route, inbound, verified }: Entry): VerifiedDelivery => {
    const { signature } = bound.trigger;
    if (signature === undefined) return { verified, delivery: undefined };
    const pathParams = () => route.inputParamsOf?.(inbound, bound) ?? {};
    return checkSignature(signature, { inbound, pathParams }, deps.clock.now(), deps);
  };

  const answer = async (delivery: Delivery, outcome: StartOutcome): Promise<FastifyReply | undefined> => {
    const { entry, reply } = delivery;
    const { route, inbound, bound } = entry;
    if (outcome.kind === 'ended' && bound.version.policy.deleteAfterUse === true) {
      deleteOnceSent(reply, outcome.run.runId, deps.sealers);
    }
    if (route.stream === undefined || outcome.kind === 'filtered' || modeOf(entry) !== 'stream') {
      const shaped = shapeAnswer(route.respond(outcome, inbound, bound), outcome, bound.trigger.response);
      const isEvent = wantsCloudEvent(inbound.header('accept'));
      return sendAnswer(reply, isEvent ? await asCloudEvent(shaped, outcome, deps.cloudEvents) : shaped);
    }
    await sendStream(reply, { stream: route.stream, run: outcome.run, request: inbound, isOver: false }, deps);
    return undefined;
  };

  return async (entry, request, reply) => {
    const isSigned = entry.bound.trigger.signature !== undefined;
    if (!isSigned) checkRate(entry, reply);
    const { challenge, ...verified } = verify(entry);
    if (request.sighting) request.sighting = { ...request.sighting, verified: verified.verified };
    if (isSigned) checkRate(entry, reply, verified.sender); // what anybody could send uses up nothing of the sender's
    if (challenge !== undefined) {
      noteChallenge({ request, verified: verified.verified }, challenge.status, deps.inbox);
      return sendAnswer(reply, challenge);
    }
    if (entry.route.takesMultipart === true) await deps.readMultipart(request, entry);
    const delivery = { ...verified, entry, request, reply };
    const events = cloudEventsOf(entry);
    if (events?.mode === 'batch')
      return sendAnswer(
        reply,
        await startBatch(startOne, delivery, { batch: events.items, inbox: deps.inbox, checkRate }),
      );
    return answer(delivery, await startOne(delivery, events?.events[0]));
  };
};
