import { AppError, type Clock, failpoint } from '@millrace/kernel';
import { type AdmissionTerms, awaitsWord, checkEnvironment, makeAdmissionTerms } from '@millrace/domain';
import {
  type EndState,
  isSealedInput,
  type RunPolicy,
  type RunRequested,
  sealedBytes,
  type TriggerInfo,
  type WorkflowVersion,
} from '@millrace/contracts';
import { type StartArguments } from '@millrace/dialects';
import { type EventWriter, type KeyedOutcome } from '@millrace/eventlog';
import { type Span, type Telemetry } from '@millrace/runtime';
import { type RunSealer, type RunSealers, sealEvent } from '@millrace/secrets';
import { deletedRun } from '../reading/reveal.ts';
import { type Principal } from '../auth/access.ts';
import { type CheckInput } from './input-validation.ts';
import { type LogWatch } from './watch-log.ts';
import { notBeforeOf } from './not-before.ts';
import { checkPriority } from './priority.ts';
import { requestedEvent } from './requested-event.ts';
import { checkWrittenSize } from './written-size.ts';

/** A request to run a workflow that was found, from a caller who may run it. */
export interface RunRequest extends Pick<StartArguments, 'input' | 'env' | 'start' | 'priority'> {
  readonly workflow: string;
  readonly version: WorkflowVersion;
  readonly principal: Principal;
  /** The protocol that the caller spoke. */
  readonly dialect: string;
  /** `traceparent` of the caller, as it came. */
  readonly traceparent: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** Names a delivery of a sender who may send it again: whatever else differs, it is the same request. */
  readonly deliveryKey?: string;
  /** True when the caller waits for the outcome. */
  readonly waits: boolean;
  readonly rerunOf?: string;
  readonly trigger?: TriggerInfo;
  /** That trigger stops when the run ends in one of these states. */
  readonly stopAfter?: readonly EndState[];
  /** Attributes of the CloudEvent that asks for the run. */
  readonly cloudEvent?: Readonly<Record<string, unknown>>;
  /** Id and key of the run, where something of it was sealed before it was asked for. */
  readonly sealer?: RunSealer;
  /** Keys of a run that is repeated with its version, whose expressions are not known any more. */
  readonly terms?: AdmissionTerms;
  /** Called before anything is recorded when somebody will reply about the run, so that no reply can come too early. */
  readonly onRunId?: (runId: string) => void;
}

export interface AcceptedRun {
  readonly runId: string;
  readonly workflow: string;
  readonly traceId: string;
  /** When the run was requested, RFC 3339; of the first request when this one repeats it. */
  readonly requestedAt: string;
  readonly policy: RunPolicy;
  /** True: it was told to wait for a time, so nothing will be heard of it at once. */
  readonly isDelayed: boolean;
  /** `replayed`: the key was known, and this is the run of its first request. */
  readonly outcome: 'recorded' | 'replayed';
}

/** What there is to know of the logs before a request is recorded. */
export interface RequestRoom {
  readonly of: (runId: string) => Pick<LogWatch, 'take' | 'checkQueue'>;
  readonly keepsMs: LogWatch['keepsMs'];
}

export interface AdmissionDeps {
  readonly gatewayId: string;
  /** A new id for a run of a workflow. */
  readonly newRunId: (workflow: string) => string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly writer: Pick<EventWriter, 'append'>;
  readonly recordKeyed: (keyHash: string, event: RunRequested) => Promise<KeyedOutcome>;
  /** The request that was recorded under a key; reads, and takes no room. */
  readonly findKeyed: (keyHash: string, like: RunRequested) => Promise<RunRequested | undefined>;
  readonly checkInput: CheckInput;
  readonly sealers: RunSealers;
  readonly room: RequestRoom;
  /** At the server's limit; `reject` holds for all workflows, `queue` for those that say so too. */
  readonly onLimit: RunPolicy['onLimit'];
}

/**
 * Records a request; resolves once the log has it on disk.
 *
 * @throws AppError `invalid` when environment, input or start time are refused; `too_large` as {@link checkWrittenSize}; `refused` `idempotency.key_reused` that names the first run;
 * `unavailable` `log.full`, `log.not_writable` when nothing can be recorded now and this is no repeat; others when the log did not
 * acknowledge: then 503 is the only honest answer.
 */
export type RequestRun = (request: RunRequest) => Promise<AcceptedRun>;

interface Asked {
  readonly plain: RunRequested;
  /** As it is recorded: the same, or sealed. */
  readonly event: RunRequested;
}

interface Recorded {
  readonly runId: string;
  readonly requestedAt: string;
  readonly outcome: AcceptedRun['outcome'];
}

const recordedOf = ({ subject, time }: RunRequested): Recorded => ({
  runId: subject,
  requestedAt: time,
  outcome: 'recorded',
});

/** The digest of the first request, to be compared with; keyed when the run is deleted after use. */
const digestLike = async (
  first: RunRequested,
  digest: string | undefined,
  sealers: Pick<RunSealers, 'find'>,
): Promise<string | undefined> => {
  if (digest === undefined || !isSealedInput(first.subject, first.data.input)) return digest;
  const sealer = await sealers.find(first.subject);
  if (sealer === undefined) throw deletedRun(first.subject);
  return sealer.digest(digest);
};

const policyOf = ({ policy }: WorkflowVersion, { onLimit }: Pick<AdmissionDeps, 'onLimit'>): RunPolicy => ({
  ...policy,
  onLimit: policy.onLimit ?? onLimit,
});

const makeCheckRepeat =
  (sealers: Pick<RunSealers, 'find'>) =>
  async (first: RunRequested, repeat: Asked): Promise<Recorded> => {
    const digest = await digestLike(first, repeat.plain.data.idempotency?.digest, sealers);
    if (first.data.idempotency?.digest === digest) {
      return { runId: first.subject, requestedAt: first.time, outcome: 'replayed' };
    }
    throw new AppError('refused', 'idempotency.key_reused', 'this Idempotency-Key was used for another request', {
      details: { run_id: first.subject },
    });
  };

const sealerOf = async ({ sealer, workflow }: RunRequest, { sealers, newRunId }: AdmissionDeps): Promise<RunSealer> =>
  sealer ?? sealers.create(newRunId(workflow));

/** The request as it is recorded, and what it takes there. */
const askedWith = (sealer: RunSealer | undefined, plain: RunRequested, writtenBytes: number) =>
  sealer === undefined
    ? { asked: { plain, event: plain }, bytes: writtenBytes }
    : { asked: { plain, event: sealEvent(plain, sealer) }, bytes: sealedBytes(writtenBytes) };

/** Takes room for a request. A repeat needs none: without room it still gets the run of its first request. */
const makeFindRepeat =
  ({ room, findKeyed }: AdmissionDeps, checkRepeat: (first: RunRequested, repeat: Asked) => Promise<Recorded>) =>
  (asked: Asked, writtenBytes: number): Promise<Recorded> | undefined => {
    try {
      const { checkQueue, take } = room.of(asked.event.subject);
      checkQueue();
      take(writtenBytes);
      return undefined;
    } catch (error) {
      const { idempotency } = asked.event.data;
      if (idempotency === undefined) throw error;
      return findKeyed(idempotency.keyHash, asked.event).then((first) => {
        if (first === undefined) throw error;
        return checkRepeat(first, asked);
      });
    }
  };

export const makeRequestRun = (deps: AdmissionDeps): RequestRun => {
  const { newRunId, clock, telemetry, writer, gatewayId, sealers } = deps;

  const checkRepeat = makeCheckRepeat(sealers);
  const termsOf = makeAdmissionTerms();

  const record = async (asked: Asked): Promise<Recorded> => {
    const { idempotency } = asked.event.data;
    failpoint('gateway.before-commit');
    if (idempotency === undefined) {
      await writer.append([asked.event]);
      failpoint('gateway.after-commit');
      return recordedOf(asked.event);
    }
    const kept = await deps.recordKeyed(idempotency.keyHash, asked.event);
    failpoint('gateway.after-keyed-commit');
    return kept.outcome === 'recorded' ? recordedOf(asked.event) : checkRepeat(kept.event, asked);
  };

  /** A span of its own only when somebody collects them: this is the hot path. */
  const commit = async (asked: Asked): Promise<Recorded> => {
    if (!telemetry.isExporting) return record(asked);
    const span = telemetry.startSpan('commit', { kind: 'producer', parent: asked.event.traceparent });
    return endWith(span, record(asked));
  };

  const findRepeat = makeFindRepeat(deps, checkRepeat);

  const accept = async (request: RunRequest, span: Span): Promise<AcceptedRun> => {
    const env = checkEnvironment(request.env, request.version.env, request.version.secrets);
    const writtenBytes = checkWrittenSize({ ...request, env });
    deps.checkInput(request.version, request.input);
    const policy = policyOf(request.version, deps);
    const sealer = policy.deleteAfterUse === true ? await sealerOf(request, deps) : undefined;
    const runId = sealer?.runId ?? newRunId(request.workflow);
    const { traceparent, traceId } = span;
    if (request.waits || awaitsWord(policy)) request.onRunId?.(runId);
    const now = clock.now();
    const notBefore = notBeforeOf(request.start, { nowMs: now, logKeepsMs: deps.room.keepsMs() });
    const priority = checkPriority(request.priority, request.version, request.principal);
    const terms = request.terms ?? termsOf(request.version, request.input, priority);
    const plain = requestedEvent(request, { gatewayId, runId, now, traceparent, env, policy, notBefore, terms });
    const { asked, bytes } = askedWith(sealer, plain, writtenBytes);
    const recorded = await (findRepeat(asked, bytes) ?? commit(asked));
    if (telemetry.isExporting) span.setAttributes({ 'millrace.run_id': recorded.runId });
    return { ...recorded, workflow: request.workflow, traceId, policy, isDelayed: notBefore !== undefined };
  };

  return async (request) => {
    const span = telemetry.startSpan('accept', { kind: 'server', parent: request.traceparent });
    return endWith(span, accept(request, span));
  };
};

/** Ends the span when the promise settles, with its error if it has one. */
const endWith = async <Value>(span: Span, promise: Promise<Value>): Promise<Value> => {
  try {
    return await promise;
  } catch (error) {
    span.setError(error instanceof AppError ? error.code : 'bug');
    throw error;
  } finally {
    span.end();
  }
};
