/** What one request, or one CloudEvent of it, starts: conditions, arguments, admission, outcome. */
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError, type Clock } from '@millrace/kernel';
import { type TriggerInfo, type TriggerMode, type WorkflowVersion } from '@millrace/contracts';
import { type TriggerStates } from '@millrace/eventlog';
import { type Budget, type Match, type ReadCloudEvent } from '@millrace/domain';
import { type RecordedRun, type StartArguments, type StartOutcome, withoutKeys } from '@millrace/dialects';
import { type CancelRun } from '../admission/cancel-run.ts';
import { readIdempotencyKey } from '../admission/idempotency.ts';
import { type StartedRun, type StartRun } from '../admission/start-run.ts';
import { callerSignal } from '../routes/caller-signal.ts';
import { type VerifiedDelivery } from './check-signature.ts';
import { type Entry } from './entry.ts';
import { applyRules } from './trigger-rules.ts';
import { checkNotStopped } from './trigger-state.ts';

export interface StartOneDeps {
  readonly clock: Clock;
  readonly draining: AbortSignal;
  readonly startRun: StartRun;
  readonly cancelRun: CancelRun;
  /** Runs that wait; counts no further than `upTo`. */
  readonly countWaiting: (upTo: number) => Promise<number>;
  readonly triggerStates: Pick<TriggerStates, 'read'>;
}

/** What is known of a request before it is asked what it wants. */
export interface Delivery extends Omit<VerifiedDelivery, 'challenge'> {
  readonly entry: Entry;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Of several CloudEvents in one body: which one, and what the expressions of all may cost. */
  readonly part?: string;
  readonly budget?: Budget;
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

export const modeOf = ({ route, inbound, bound: { trigger } }: Entry): TriggerMode =>
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
const checkQueue = async ({ waitingMax }: StartArguments, count: StartOneDeps['countWaiting']): Promise<void> => {
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
export type StartOne = (delivery: Delivery, cloudEvent?: ReadCloudEvent) => Promise<StartOutcome>;

const interrupted = (runId: string): AppError =>
  new AppError('unavailable', 'wait.interrupted', 'this server ends; the run goes on: ask for its status', {
    details: { run_id: runId },
  });

export const makeStartOne =
  (deps: StartOneDeps): StartOne =>
  async (delivery, cloudEvent) => {
    const { clock, draining } = deps;
    const { entry, request, reply } = delivery;
    const { route, bound, inbound, principal } = entry;
    const ruling = applyRules({ bound, route, inbound, event: cloudEvent }, clock.now(), delivery.budget);
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
