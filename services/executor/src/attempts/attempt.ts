import {
  executorSource,
  isTerminal,
  RESULT_BYTES_MAX,
  type RunDispatched,
  type RunEvent,
  type RunEventData,
  type RunEventType,
} from '@millrace/contracts';
import { type Position } from '@millrace/contracts';
import { type OutputWriter } from '@millrace/eventlog';
import { AppError, backoffDelay, type Clock, failpoint, kindOf, messageOf, type Milliseconds } from '@millrace/kernel';
import { openEvent, type RunSealer, sealChunk, sealEvent } from '@millrace/secrets';
import { type Logger, type Span, type Telemetry } from '@millrace/runtime';
import { type ExecutorMetrics } from '../executor-metrics.ts';
import { makeAttemptOutput } from '../output.ts';
import { makeProgressGate } from '../progress.ts';
import { isHindrance } from '../scripts/hindrance.ts';
import { writtenBytes } from '../written-size.ts';
import { boundOutcome } from './bound-outcome.ts';
import { endingOf, type Ending } from './ending.ts';
import { type Execution, type ExecutionListener, type Outcome, type StopReason } from './execution.ts';
import { type Launch } from './launch.ts';

/** The last word about a run waits so long for the output before it to be stored. */
const OUTPUT_WAIT_MS: Milliseconds = 2_000;

/** How long the loss of an attempt that was hindered is kept back, by the number of the attempt: together about three minutes until it counts. */
const HINDERED_PAUSE = { first: 1_000, max: 30_000 };

/** How a run says that it could not begin; anything else is `start_failed`. */
const LAUNCH_FAILURES: Readonly<Record<string, string>> = {
  'bundle.corrupt': 'bundle_corrupt',
  'secret.missing': 'secret_missing',
  'secret.denied': 'secret_denied',
  'secret.sealed': 'secret_sealed',
  'run.deleted': 'deleted',
};

export interface AttemptDeps {
  readonly executor: string;
  readonly launch: Launch;
  /** Seals and opens what is deleted after use; `undefined` when that has happened already. */
  readonly sealerOf: (runId: string) => Promise<RunSealer | undefined>;
  /** Records events in order; rejects only when the session is over. */
  readonly append: (events: readonly RunEvent[]) => Promise<Position>;
  readonly output: OutputWriter;
  /** Tells whoever waits for the run; only after the event is recorded. */
  readonly reply: (subject: string, event: RunEvent) => void;
  readonly telemetry: Telemetry;
  readonly metrics: ExecutorMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What stands for a run that could not be started: without its bundle, its secrets, or something that the machine lacks for now. */
const outcomeOfFailedLaunch = (error: unknown): Outcome => {
  const message = messageOf(error);
  const known = error instanceof AppError ? LAUNCH_FAILURES[error.code] : undefined;
  const isHindered = known === undefined && (isHindrance(error) || kindOf(error) === 'unavailable');
  if (isHindered) return { kind: 'lost', reason: `it could not begin: ${message}`, counted: false, isHindered };
  return { kind: 'failed', error: { code: known ?? 'start_failed', message } };
};

/**
 * The life of one attempt: started, then output and progress, then one last event.
 *
 * I1 At most one ending is recorded, and nothing after it.
 * I2 At most one early answer is recorded; whoever waits gets it once it is.
 * I3 An abandoned attempt records nothing any more: its session is over, and another executor may have the run.
 */
export class Attempt {
  readonly runId: string;
  readonly attempt: number;
  /** Resolves when the ending is recorded, or the attempt was abandoned. */
  readonly done: Promise<undefined>;
  readonly #dispatch: RunDispatched;
  readonly #deps: AttemptDeps;
  readonly #span: Span;
  readonly #receivedAt: number;
  readonly #output: ReturnType<typeof makeAttemptOutput>;
  readonly #progress: ReturnType<typeof makeProgressGate>;
  readonly #done = Promise.withResolvers<undefined>();
  #timer: NodeJS.Timeout | undefined;
  #execution: Execution | undefined;
  #stopped: StopReason | undefined;
  /** Of a run that is deleted after use, from before anything of it is known. */
  #sealer: RunSealer | undefined;
  #over = false;
  #responded = false;
  #events = 0;

  constructor(dispatch: RunDispatched, deps: AttemptDeps) {
    this.#dispatch = dispatch;
    this.#deps = deps;
    this.runId = dispatch.subject;
    this.attempt = dispatch.attempt ?? 1;
    this.done = this.#done.promise;
    this.#receivedAt = deps.clock.monotonic();
    const { workflow } = dispatch;
    this.#span = deps.telemetry.startSpan('run', {
      kind: 'consumer',
      parent: dispatch.traceparent,
      attributes: { 'millrace.run.id': this.runId, 'millrace.workflow': workflow, 'millrace.attempt': this.attempt },
    });
    this.#output = makeAttemptOutput({
      runId: this.runId,
      attempt: this.attempt,
      clock: deps.clock,
      append: (chunk) => deps.output.append(this.#sealer === undefined ? chunk : sealChunk(chunk, this.#sealer)),
    });
    this.#progress = makeProgressGate(deps.clock, (data) => this.#record('dev.millrace.run.progressed.v1', data));
  }

  /** Begins; everything that goes wrong from here on is an ending of the run. */
  async start(): Promise<void> {
    const { launch } = this.#deps;
    this.#timer = setTimeout(() => this.stop('timed_out'), this.#dispatch.data.timeoutMs);
    try {
      const dispatch = this.#dispatch.data.deleteAfterUse === true ? await this.#opened() : this.#dispatch;
      const execution = await launch(dispatch, this.#span.traceparent, this.#listener(), () => this.#over);
      this.#execution = execution;
      if (this.#stopped !== undefined) execution?.stop(this.#stopped);
    } catch (error) {
      this.#ended(outcomeOfFailedLaunch(error));
    }
  }

  async #opened(): Promise<RunDispatched> {
    this.#sealer = await this.#deps.sealerOf(this.runId);
    if (this.#sealer === undefined) throw new AppError('refused', 'run.deleted', 'the run was deleted after its use');
    return openEvent(this.#dispatch, this.#sealer);
  }

  /** As it may stand in the log. */
  #recorded(event: RunEvent): RunEvent {
    return this.#sealer === undefined ? event : sealEvent(event, this.#sealer);
  }

  /** Cancels it or ends its time; the first reason counts. */
  stop(reason: StopReason): void {
    if (this.#over || this.#stopped !== undefined) return;
    this.#stopped = reason;
    if (this.#execution === undefined) this.#end({ kind: 'lost', reason, counted: true });
    else this.#execution.stop(reason);
  }

  /** Records that it is lost, through no fault of the run; its process was killed by the caller. */
  lose(reason: string): void {
    this.#stopped = undefined;
    this.#end({ kind: 'lost', reason, counted: false });
  }

  /** Ends its process and forgets it without a word: the leader gave it up. */
  drop(): void {
    this.#execution?.stop('cancelled');
    this.abandon();
  }

  /** Forgets it without a word. */
  abandon(): void {
    if (!this.#close()) return;
    this.#span.setError('abandoned');
    this.#span.end();
    this.#done.resolve(undefined);
  }

  #listener(): ExecutionListener {
    return {
      onStarted: (pid) => this.#started(pid),
      onOutput: this.#output.write,
      onProgress: (percent, message) =>
        this.#progress.report({ percent, ...(message === undefined ? {} : { message }) }),
      onResponded: (response) => this.#respond(response),
      onEnded: (outcome) => this.#ended(outcome),
    };
  }

  #started(pid: number | undefined): void {
    failpoint('executor.after-start');
    const { executor, metrics, clock } = this.#deps;
    metrics.started(this.#dispatch.data.kind, (clock.monotonic() - this.#receivedAt) / 1_000);
    this.#record('dev.millrace.run.started.v1', { executor, ...(pid === undefined ? {} : { pid }) });
  }

  #respond(response: unknown): void {
    if (this.#over || this.#responded) return;
    this.#responded = true;
    const bytes = writtenBytes(response);
    if (bytes > RESULT_BYTES_MAX) {
      this.#output.write(
        'log',
        `warn the early answer has ${bytes} bytes as JSON and is left out: at most ${RESULT_BYTES_MAX} are sent\n`,
      );
      return;
    }
    const { append, reply } = this.#deps;
    const { replyTo } = this.#dispatch.data;
    const event = this.#event('dev.millrace.run.responded.v1', { response });
    const tell = (): void => {
      if (replyTo !== undefined) reply(replyTo, event);
    };
    append([this.#recorded(event)]).then(tell, () => undefined); // else the session is over
  }

  /** Nobody waits for these; the ending behind them in the same writer does. */
  #record<Type extends RunEventType>(type: Type, data: RunEventData<Type>): void {
    if (this.#over) return;
    this.#deps.append([this.#recorded(this.#event(type, data))]).catch(() => undefined); // the session is over
  }

  #ended(outcome: Outcome): void {
    const isHindered = outcome.kind === 'lost' && outcome.isHindered === true;
    if (isHindered && this.#stopped === undefined) this.#endLater(outcome);
    else this.#end(outcome);
  }

  /** The next attempt would find what hindered this one: it shall not come at once. Until then this one can be cancelled. */
  #endLater(outcome: Outcome): void {
    if (this.#over) return;
    this.#execution = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(outcome), backoffDelay(HINDERED_PAUSE, this.attempt));
  }

  #end(outcome: Outcome): void {
    this.#progress.close();
    if (!this.#close()) return;
    const hasOutput = this.#output.close();
    const { executor } = this.#deps;
    const { timeoutMs, retryOnFailure } = this.#dispatch.data;
    const bounded = boundOutcome(outcome);
    const ending = endingOf({ outcome: bounded, stopped: this.#stopped, executor, timeoutMs, retryOnFailure });
    void this.#recordEnding(ending, hasOutput).finally(() => this.#done.resolve(undefined));
  }

  async #recordEnding(ending: Ending, hasOutput: boolean): Promise<void> {
    const { append, reply, metrics, log } = this.#deps;
    if (hasOutput) await this.#outputStored();
    const event = this.#event(ending.type, ending.data);
    const { replyTo } = this.#dispatch.data;
    if (ending.type !== 'dev.millrace.run.completed.v1') this.#span.setError(ending.type);
    try {
      failpoint('executor.before-ending');
      await append([this.#recorded(event)]);
      failpoint('executor.after-ending');
      log.debug('attempt ended', {
        run_id: this.runId,
        trace_id: this.#span.traceId,
        attempt: event.attempt,
        event: event.type,
      });
      if (replyTo !== undefined && isTerminal(event.type)) reply(replyTo, event);
      metrics.finished(ending.type);
    } catch (error) {
      log.warn('ending not recorded', { run_id: this.runId, trace_id: this.#span.traceId, err: error });
    } finally {
      this.#span.end();
    }
  }

  /** Whoever sees the last event of a run shall find its output; a dead output stream shall not keep it from ending. */
  async #outputStored(): Promise<void> {
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(late.resolve, OUTPUT_WAIT_MS, undefined);
    await Promise.race([this.#deps.output.flush().catch(() => undefined), late.promise]);
    clearTimeout(timer);
  }

  #event<Type extends RunEventType>(type: Type, data: RunEventData<Type>): RunEvent {
    const { subject, workspace, workflow, id } = this.#dispatch;
    return {
      specversion: '1.0',
      id: `${subject}.${this.attempt}.${this.#events++}`,
      source: executorSource(this.#deps.executor),
      type,
      subject,
      time: new Date(this.#deps.clock.now()).toISOString(),
      datacontenttype: 'application/json',
      workspace,
      workflow,
      attempt: this.attempt,
      traceparent: this.#span.traceparent,
      causationid: id,
      data,
    } as RunEvent;
  }

  #close(): boolean {
    if (this.#over) return false;
    this.#over = true;
    clearTimeout(this.#timer);
    return true;
  }
}
