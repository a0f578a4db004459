import { type Milliseconds } from '@millrace/kernel';
import { type Execution, type ExecutionListener, type Outcome, type StopReason } from '../attempts/execution.ts';
import { type FromHost, type StartWorkflow } from './host-protocol.ts';
import { type HostProcess } from './host-process.ts';

/** How long a host may leave an abort or a ping unanswered before its event loop counts as stuck. */
const UNRESPONSIVE_MS = 2_000;
/** How long the other runs of a host that takes no new ones may go on. */
const RETIREMENT_MS = 30_000;

export type WorkflowRequest = Omit<StartWorkflow, 'type' | 'id'>;

interface Running {
  readonly listener: ExecutionListener;
  stopping: NodeJS.Timeout | undefined;
}

const completedOf = ({ output }: Extract<FromHost, { type: 'completed' }>): Outcome =>
  output === undefined ? { kind: 'completed' } : { kind: 'completed', output };

export interface WorkflowHostOptions {
  readonly process: HostProcess;
  readonly graceMs: Milliseconds;
  readonly monotonic: () => number;
}

/**
 * One host and its runs, seen from the executor.
 *
 * States: `open` takes runs; `retired` takes none and is killed when its last run ends, or after 30 s; `gone`.
 * I1 Every run that was started gets `onEnded` once, unless the host was silenced.
 * I2 A stuck event loop costs the run whose time was up its time-out, and every other run of the host its attempt.
 * I3 Attempts that are lost together with others, or because of another, do not count: nobody knows whose fault it was, or it is known.
 */
export class WorkflowHost {
  readonly #process: HostProcess;
  readonly #options: WorkflowHostOptions;
  readonly #running = new Map<string, Running>();
  #count = 0;
  #retirement: NodeJS.Timeout | undefined;
  #pingedAt: number | undefined;
  #single = false;

  constructor(options: WorkflowHostOptions) {
    this.#options = options;
    this.#process = options.process;
  }

  get size(): number {
    return this.#running.size;
  }

  get retired(): boolean {
    return this.#retirement !== undefined;
  }

  /** Whether its event loop has not turned for a while. */
  get stuck(): boolean {
    return this.#pingedAt !== undefined && this.#options.monotonic() - this.#pingedAt > UNRESPONSIVE_MS;
  }

  start(request: WorkflowRequest, listener: ExecutionListener): Execution {
    const id = (this.#count++).toString(36);
    this.#running.set(id, { listener, stopping: undefined });
    this.#process.send({ type: 'start', id, ...request });
    listener.onStarted();
    return { stop: (reason) => this.#stop(id, reason) };
  }

  ping(): void {
    if (this.#pingedAt !== undefined) {
      // The run that would not end holds up the event loop, so nobody beside it gets on either.
      if (this.retired && this.stuck) this.#process.kill();
      return;
    }
    this.#pingedAt = this.#options.monotonic();
    this.#process.send({ type: 'ping' });
  }

  extendLease(ms: Milliseconds): void {
    this.#process.send({ type: 'lease', ms });
  }

  /** For a host that was started for the runs it has: however long they take. */
  retireWhenEmpty(): void {
    this.#single = true;
  }

  retire(): void {
    if (this.retired) return;
    this.#retirement = setTimeout(() => this.#process.kill(), RETIREMENT_MS);
    this.#killWhenEmpty();
  }

  /** Kills it and reports nothing. */
  silence(): void {
    for (const { stopping } of this.#running.values()) clearTimeout(stopping);
    this.#running.clear();
    this.retire();
  }

  receive(message: FromHost): void {
    if (message.type === 'pong') this.#pingedAt = undefined;
    else if (message.type === 'broken') this.retire();
    else this.#receiveFor(message);
  }

  /** The process is gone, and with it every run. */
  exited(how: string): void {
    clearTimeout(this.#retirement);
    const counted = this.#running.size === 1 && !this.retired;
    for (const id of [...this.#running.keys()]) {
      this.#take(id)?.onEnded({ kind: 'lost', reason: `the process that ran the workflow ended: ${how}`, counted });
    }
  }

  #receiveFor(message: Exclude<FromHost, { type: 'pong' | 'broken' }>): void {
    const running = this.#running.get(message.id);
    if (running === undefined) return;
    switch (message.type) {
      case 'output':
        running.listener.onOutput(message.stream, message.text);
        return;
      case 'progress':
        running.listener.onProgress(message.percent, message.message);
        return;
      case 'responded':
        running.listener.onResponded(message.response);
        return;
      case 'aborting':
        this.#giveUpAfterGrace(message.id, running);
        return;
      case 'completed':
        this.#take(message.id)?.onEnded(completedOf(message));
        return;
      case 'failed':
        this.#take(message.id)?.onEnded({ kind: 'failed', error: message.error });
    }
  }

  #stop(id: string, reason: StopReason): void {
    const running = this.#running.get(id);
    if (running === undefined || running.stopping !== undefined) return;
    this.#process.send({ type: 'abort', id, reason });
    running.stopping = setTimeout(() => this.#process.kill(), UNRESPONSIVE_MS);
  }

  /** The handler knows that it shall end. When it does not, the run ends without it and the host takes no more. */
  #giveUpAfterGrace(id: string, running: Running): void {
    clearTimeout(running.stopping);
    running.stopping = setTimeout(() => {
      const listener = this.#take(id);
      this.retire();
      listener?.onEnded({ kind: 'failed', error: { code: 'not_ended', message: 'the handler did not end in time' } });
    }, this.#options.graceMs);
  }

  #take(id: string): ExecutionListener | undefined {
    const running = this.#running.get(id);
    clearTimeout(running?.stopping);
    this.#running.delete(id);
    this.#killWhenEmpty();
    return running?.listener;
  }

  #killWhenEmpty(): void {
    if ((this.retired || this.#single) && this.#running.size === 0) this.#process.kill();
  }
}
