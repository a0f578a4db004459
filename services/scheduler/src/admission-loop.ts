/**
 * Turns what the state allows into commits: dispatches to executors, and decisions about runs and attempts. Everything that is known in memory
 * is on its way to the log before `pump` returns; only requests that are not kept are read back first.
 */
import { logSubject, parseTraceparent, type RunRequested } from '@millrace/contracts';
import {
  admit,
  type Dispatch,
  type EndRun,
  type LoseAttempt,
  type SchedulerState,
  takeBack,
  takeDecisions,
} from '@millrace/domain';
import { type Clock } from '@millrace/kernel';
import { type Logger, type Telemetry } from '@millrace/runtime';
import { type LogRoom } from './log-room.ts';
import { type Outbox } from './outbox.ts';
import { type Reply } from './replies.ts';
import { type WithRequest } from './request-source.ts';
import { attemptLostEvent, dispatchedEvent, endedEvent, type Voice } from './scheduler-events.ts';
import { type SchedulerMetrics } from './scheduler-metrics.ts';
import { traceWait } from './tracing.ts';

export interface AdmissionLoopDeps {
  readonly shard: number;
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

export class AdmissionLoop {
  readonly #deps: AdmissionLoopDeps;
  readonly #decisionSubject: string;

  constructor(deps: AdmissionLoopDeps) {
    this.#deps = deps;
    this.#decisionSubject = logSubject.decision(deps.shard);
  }

  /** Decides what there is to decide now. Call it after everything that changed the state. */
  pump(): void {
    const { state, room, outbox, withRequest, clock } = this.#deps;
    for (const dispatch of admit(state, clock.monotonic(), room.runsMax())) {
      withRequest(dispatch, (request) => this.#dispatch(dispatch, request));
    }
    for (const decision of takeDecisions(state)) {
      withRequest(decision, (request) =>
        decision.type === 'end' ? this.#end(decision, request) : this.#lose(decision, request),
      );
    }
    outbox.flush();
  }

  #voice(traceparent: string | undefined): Voice {
    const { source, clock, telemetry } = this.#deps;
    return { source, nowMs: clock.now(), traceparent: traceparent ?? telemetry.startSpan('wait').traceparent };
  }

  #dispatch(dispatch: Dispatch, request: RunRequested | undefined): void {
    const { shard, state, outbox, reply, telemetry, metrics, log } = this.#deps;
    const { runId, attempt, executor, onLimit } = dispatch;
    if (request === undefined) {
      log.error('the log does not hold the request of a waiting run', { run_id: runId });
      takeBack(state, runId);
      this.pump();
      return;
    }
    const event = dispatchedEvent(this.#voice(traceWait(telemetry, dispatch, request)), dispatch, request);
    outbox.push(logSubject.dispatch(shard, executor), event, () => reply(request.data.replyTo, event, onLimit));
    metrics.dispatches.inc({});
    log.debug('dispatched', { ...idsOf(runId, request), attempt, executor });
  }

  #lose(decision: LoseAttempt, request: RunRequested | undefined): void {
    const { outbox, metrics, log } = this.#deps;
    const { runId, attempt, executor, reason } = decision;
    log.warn('attempt lost', { ...idsOf(runId, request), attempt, executor, reason });
    metrics.attemptsLost.inc({});
    outbox.push(this.#decisionSubject, attemptLostEvent(this.#voice(request?.traceparent), decision), () => undefined);
  }

  #end(decision: EndRun, request: RunRequested | undefined): void {
    const { outbox, reply, log } = this.#deps;
    const { runId, ending } = decision;
    const write = ending === 'cancelled' || ending === 'rejected' ? log.debug : log.warn;
    write('run ended by the scheduler', { ...idsOf(runId, request), ending });
    const event = endedEvent(this.#voice(request?.traceparent), decision);
    outbox.push(this.#decisionSubject, event, () => reply(request?.data.replyTo, event, 'queue'));
  }
}
