/**
 * Turns what the state allows into commits: dispatches to executors, and decisions about runs and attempts. Everything that is known in memory
 * is on its way to the log before `pump` returns; only requests that are not kept are read back first.
 */
import { logSubject, parseTraceparent, type Ring, type RunRequested, WAITING_WORD } from '@millrace/contracts';
import {
  admit,
  type CancelRun,
  type Decision,
  type Dispatch,
  type EndRun,
  type Ending,
  type LoseAttempt,
  type RetryRun,
  type SchedulerState,
  takeBack,
  takeDecisions,
} from '@millrace/domain';
import { type Clock, failpoint } from '@millrace/kernel';
import { type Logger, type Telemetry } from '@millrace/runtime';
import { LogClock } from './log-clock.ts';
import { type LogRoom } from './log-room.ts';
import { type Outbox } from './outbox.ts';
import { type Reply } from './replies.ts';
import { type WithRequest } from './request-source.ts';
import { type DeclaredSchedule } from './schedules/declared-schedules.ts';
import { scheduledRequest } from './schedules/scheduled-request.ts';
import {
  attemptLostEvent,
  dispatchedEvent,
  endedEvent,
  retryScheduledEvent,
  supersededEvent,
  type Voice,
} from './scheduler-events.ts';
import { type SchedulerMetrics } from './scheduler-metrics.ts';
import { traceWait } from './tracing.ts';

export interface AdmissionLoopDeps {
  readonly shard: number;
  readonly ring: Ring;
  /** Of the events: `/millrace/scheduler/<instance>` */
  readonly source: string;
  readonly state: SchedulerState;
  readonly room: Pick<LogRoom, 'runsMax'>;
  readonly withRequest: WithRequest;
  readonly outbox: Outbox;
  readonly reply: Reply;
  readonly telemetry: Telemetry;
  readonly metrics: SchedulerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Run and trace of a line in the log; the trace is the one that the request began. */
const idsOf = (runId: string, request: RunRequested | undefined) => ({
  run_id: runId,
  trace_id: parseTraceparent(request?.traceparent)?.traceId,
});

/** The next look at everything comes earlier than this by itself. */
const WAKE_MAX_MS = 1_000;
/** What rules of workflows and callers want is no trouble. */
const QUIET_ENDINGS: ReadonlySet<Ending> = new Set([
  'cancelled',
  'rejected',
  'skipped',
  'debounced',
  'superseded',
  'queue_full',
]);

export class AdmissionLoop {
  readonly #deps: AdmissionLoopDeps;
  readonly #decisionSubject: string;
  readonly #logClock = new LogClock();
  #waking: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(deps: AdmissionLoopDeps) {
    this.#deps = deps;
    this.#decisionSubject = logSubject.decision(deps.shard);
  }

  /** Decides what there is to decide now. Call it after everything that changed the state. */
  pump(): void {
    const { state, room, outbox, withRequest, clock } = this.#deps;
    const nowMs = clock.monotonic();
    const logMs = this.#logClock.read(state.queues.logMs, nowMs);
    for (const dispatch of admit(state, nowMs, { runsMax: room.runsMax(), logMs })) {
      withRequest(dispatch, (request) => this.#dispatch(dispatch, request));
    }
    for (const decision of takeDecisions(state)) {
      withRequest(decision, (request) => this.#decide(decision, request));
    }
    outbox.flush();
    this.#wakeAt(state.queues.nextStartMs - logMs);
  }

  /** Nothing is decided any more by itself. */
  close(): void {
    clearTimeout(this.#waking);
    this.#isClosed = true;
  }

  /** When a workflow waits for its rate, its time comes without anything else happening. */
  #wakeAt(inMs: number): void {
    clearTimeout(this.#waking);
    if (this.#isClosed || inMs > WAKE_MAX_MS) return;
    this.#waking = setTimeout(() => this.pump(), Math.max(1, inMs));
  }

  /** A schedule asks for a run. */
  fire(declared: DeclaredSchedule, instantMs: number): void {
    const { shard, ring, outbox, log } = this.#deps;
    const event = scheduledRequest(this.#voice(undefined), declared, instantMs, ring.shards === 1 ? undefined : shard);
    const { key } = declared;
    outbox.push(logSubject.scheduled(shard), event, () => undefined);
    outbox.flush();
    log.info('a schedule is due', { ...idsOf(event.subject, event), schedule: key, due: event.data.scheduledFor });
  }

  #decide(decision: Decision, request: RunRequested | undefined): void {
    switch (decision.type) {
      case 'end':
        this.#end(decision, request);
        return;
      case 'lose':
        this.#lose(decision, request);
        return;
      case 'retry':
        this.#retry(decision, request);
        return;
      case 'cancel':
        this.#cancel(decision, request);
        return;
      case 'tell':
        this.#deps.reply(request?.data.replyTo, WAITING_WORD, true);
    }
  }

  #voice(traceparent: string | undefined): Voice {
    const { source, clock, telemetry } = this.#deps;
    return { source, nowMs: clock.now(), traceparent: traceparent ?? telemetry.startSpan('wait').traceparent };
  }

  #dispatch(dispatch: Dispatch, request: RunRequested | undefined): void {
    const { shard, state, outbox, reply, telemetry, metrics, log } = this.#deps;
    const { runId, attempt, executor, isAwaited } = dispatch;
    if (request === undefined) {
      log.error('the log does not hold the request of a waiting run', { run_id: runId });
      takeBack(state, runId);
      this.pump();
      return;
    }
    const event = dispatchedEvent(this.#voice(traceWait(telemetry, dispatch, request)), dispatch, request);
    failpoint('scheduler.before-dispatch');
    outbox.push(logSubject.dispatch(shard, executor), event, () => {
      failpoint('scheduler.after-dispatch');
      reply(request.data.replyTo, event, isAwaited);
    });
    metrics.dispatches.inc({});
    log.debug('dispatched', { ...idsOf(runId, request), attempt, executor });
  }

  #lose(decision: LoseAttempt, request: RunRequested | undefined): void {
    const { outbox, metrics, log } = this.#deps;
    const { runId, attempt, executor, reason } = decision;
    log.warn('attempt lost', { ...idsOf(runId, request), attempt, executor, reason });
    metrics.attemptsLost.inc({});
    const event = attemptLostEvent(this.#voice(request?.traceparent), decision);
    outbox.push(this.#decisionSubject, event, () => failpoint('scheduler.after-decision'));
  }

  #retry(decision: RetryRun, request: RunRequested | undefined): void {
    const { outbox, log } = this.#deps;
    const { runId, attempt, delayMs } = decision;
    log.debug('attempt failed, another follows', { ...idsOf(runId, request), attempt, delay_ms: delayMs });
    outbox.push(
      this.#decisionSubject,
      retryScheduledEvent(this.#voice(request?.traceparent), decision),
      () => undefined,
    );
  }

  #cancel(decision: CancelRun, request: RunRequested | undefined): void {
    const { outbox, log } = this.#deps;
    const { runId, successor } = decision;
    log.debug('another run takes its place', { ...idsOf(runId, request), successor });
    outbox.push(this.#decisionSubject, supersededEvent(this.#voice(request?.traceparent), decision), () => undefined);
  }

  #end(decision: EndRun, request: RunRequested | undefined): void {
    const { outbox, reply, log } = this.#deps;
    const { runId, ending } = decision;
    const write = QUIET_ENDINGS.has(ending) ? log.debug : log.warn;
    write('run ended by the scheduler', { ...idsOf(runId, request), ending });
    const event = endedEvent(this.#voice(request?.traceparent), decision);
    outbox.push(this.#decisionSubject, event, () => {
      failpoint('scheduler.after-decision');
      reply(request?.data.replyTo, event, true);
    });
  }
}
