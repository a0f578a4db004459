/**
 * A session is the time under one executor id.
 *
 * It begins with the first heartbeat, for which everything is ready by then, and ends in one of two ways. *Fenced*: the leader
 * does not know the id, or nobody has answered for as long as the last answer allowed; whoever leads may have given the runs
 * to another executor, so everything is killed and nothing more is said. *Drained*: the service ends; running attempts
 * get a grace period, what is left after it is killed and recorded as lost.
 *
 * I1 No attempt runs past the deadline `sentAt + leaseMs` of the last answered heartbeat.
 * I2 A fenced session records nothing any more.
 *
 * Where there are several shards there is a session for each at the same time, with an id, a lease and processes of its own: a leader that is
 * silent takes down what it gave out, and nothing else.
 */
import {
  type Heartbeat,
  type HeartbeatAnswer,
  type HeldAttempt,
  logSubject,
  messagingSubject,
  type RunDispatched,
  type RunEvent,
} from '@millrace/contracts';
import {
  follow,
  type LogConnection,
  logBounds,
  makeEventWriter,
  type OutputWriter,
  publish,
  request,
  subscribe,
} from '@millrace/eventlog';
import { type Clock, failpoint, messageOf, type Milliseconds } from '@millrace/kernel';
import { type RunSealers } from '@millrace/secrets';
import { type Logger, type Telemetry } from '@millrace/runtime';
import { makeAssignments } from './assignments.ts';
import { Attempt } from './attempts/attempt.ts';
import { type Launch } from './attempts/launch.ts';
import { type ExecutorMetrics } from './executor-metrics.ts';

const COMMIT_TIMEOUT_MS: Milliseconds = 5_000;
const ANSWER_TIMEOUT_MS: Milliseconds = 2_000;

/** What the processes of the session have in common. */
export interface Processes {
  /** Everything that runs in it is killed and nothing is reported about it any more. */
  readonly killAll: () => void;
  readonly extendLease: (ms: Milliseconds) => void;
}

export interface SessionDeps {
  /** `ex_<random>`, new for each session. */
  readonly executor: string;
  readonly connection: LogConnection;
  readonly shard: number;
  /** What it offers to the leader of the shard. */
  readonly slots: number;
  readonly pools: readonly string[];
  readonly heartbeatMs: Milliseconds;
  readonly drainGraceMs: Milliseconds;
  readonly launch: Launch;
  readonly sealerOf: RunSealers['find'];
  readonly processes: Processes;
  readonly output: OutputWriter;
  readonly telemetry: Telemetry;
  readonly metrics: ExecutorMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

const keyOf = ({ runId, attempt }: HeldAttempt): string => `${runId}.${attempt}`;

export type SessionEnd = 'fenced' | 'drained';

export class Session {
  readonly #deps: SessionDeps;
  readonly #attempts = new Map<string, Attempt>();
  /** Attempts that the leader took away; one that arrives after that is not started. */
  #dropped: ReadonlySet<string> = new Set();
  readonly #over = new AbortController();
  readonly #ended = Promise.withResolvers<SessionEnd>();
  readonly #writer: ReturnType<typeof makeEventWriter>;
  #draining = false;
  #deadline = Infinity;
  #deadlineTimer: NodeJS.Timeout | undefined;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    const { connection, shard } = deps;
    this.#writer = makeEventWriter(connection, {
      shard,
      subject: logSubject.executor(shard),
      inFlightMax: 1,
      timeoutMs: COMMIT_TIMEOUT_MS,
      retry: 'until-closed',
    });
  }

  /** Attempts that have not ended for good. */
  get running(): number {
    return this.#attempts.size;
  }

  /** Whether the leader has answered and its answer still holds. */
  get isLeased(): boolean {
    return this.#deadline !== Infinity && this.#deps.clock.monotonic() < this.#deadline;
  }

  /** Resolves when the session is over. */
  async run(): Promise<SessionEnd> {
    const { connection, shard, executor, heartbeatMs, log } = this.#deps;
    // Taken before anybody knows this id: no dispatch to it can be older.
    const { last } = await logBounds(connection, shard);
    const cancels = subscribe(connection, messagingSubject.cancel(executor), (runId) => this.#cancel(runId));
    const following = this.#follow(last + 1).catch((error: unknown) => this.#fence(messageOf(error)));
    const beats = setInterval(() => void this.#beat(), heartbeatMs);
    log.info('session began', { executor });
    void this.#beat();
    try {
      return await this.#ended.promise;
    } finally {
      clearInterval(beats);
      clearTimeout(this.#deadlineTimer);
      cancels.close();
      this.#over.abort();
      await following;
    }
  }

  /** Takes nothing new, lets go on what runs, and ends. */
  async drain(): Promise<void> {
    const { drainGraceMs, processes } = this.#deps;
    this.#draining = true;
    void this.#beat();
    const grace = Promise.withResolvers<undefined>();
    const timer = setTimeout(grace.resolve, drainGraceMs, undefined);
    await Promise.race([this.#allDone(), grace.promise, this.#ended.promise]);
    clearTimeout(timer);
    if (this.#over.signal.aborted) return;
    processes.killAll();
    const left = [...this.#attempts.values()];
    for (const attempt of left) attempt.lose('executor stopped');
    await Promise.race([Promise.all(left.map(({ done }) => done)), this.#ended.promise]);
    await Promise.race([this.#writer.close(), this.#ended.promise]);
    this.#ended.resolve('drained');
  }

  async #allDone(): Promise<void> {
    while (this.#attempts.size > 0) await Promise.all([...this.#attempts.values()].map(({ done }) => done));
  }

  async #follow(fromSequence: number): Promise<void> {
    const { connection, shard, executor } = this.#deps;
    const assigned = makeAssignments(executor);
    const subjects = [logSubject.dispatch(shard, executor)];
    for await (const commits of follow(connection, { shard, fromSequence, subjects, signal: this.#over.signal })) {
      for (const dispatch of assigned(commits)) this.#start(dispatch);
    }
  }

  #start(dispatch: RunDispatched): void {
    failpoint('executor.after-dispatch');
    const attempt = new Attempt(dispatch, {
      ...this.#deps,
      append: this.#writer.append,
      reply: (subject, event) => this.#reply(subject, event),
    });
    const key = keyOf(attempt);
    if (this.#dropped.has(key)) {
      attempt.abandon();
      return;
    }
    this.#attempts.set(key, attempt);
    void attempt.done.then(() => this.#attempts.delete(key));
    void attempt.start();
  }

  #reply(subject: string, event: RunEvent): void {
    publish(this.#deps.connection, subject, JSON.stringify(event));
  }

  #cancel(runId: string): void {
    for (const attempt of this.#attempts.values()) if (attempt.runId === runId) attempt.stop('cancelled');
  }

  async #beat(): Promise<void> {
    const { connection, shard, executor, slots, pools, clock } = this.#deps;
    if (this.#over.signal.aborted) return;
    const held = [...this.#attempts.values()].map(({ runId, attempt }) => ({ runId, attempt }));
    const sentAt = clock.monotonic();
    try {
      const text = JSON.stringify({ executor, slots, pools, draining: this.#draining, held } satisfies Heartbeat);
      const answer = await request(connection, messagingSubject.heartbeat(shard), text, ANSWER_TIMEOUT_MS);
      this.#answered(JSON.parse(answer) as HeartbeatAnswer, sentAt);
    } catch (error) {
      this.#deps.log.debug('heartbeat not answered', { err: error });
    }
  }

  #drop(dropped: readonly HeldAttempt[]): void {
    this.#dropped = new Set(dropped.map(keyOf));
    for (const key of this.#dropped) this.#attempts.get(key)?.drop();
  }

  #answered({ known, leaseMs, cancel, dropped = [] }: HeartbeatAnswer, sentAt: number): void {
    if (this.#over.signal.aborted) return;
    if (!known) {
      this.#fence('the leader does not know this executor any more');
      return;
    }
    this.#drop(dropped);
    for (const runId of cancel) this.#cancel(runId);
    const deadline = sentAt + leaseMs;
    if (this.#deadline !== Infinity && deadline <= this.#deadline) return; // an answer that was overtaken
    this.#deadline = deadline;
    const left = Math.max(0, deadline - this.#deps.clock.monotonic());
    this.#deps.processes.extendLease(left);
    clearTimeout(this.#deadlineTimer);
    this.#deadlineTimer = setTimeout(() => this.#fence('no heartbeat was answered in time'), left);
  }

  #fence(reason: string): void {
    if (this.#over.signal.aborted) return;
    const { processes, log, executor, metrics } = this.#deps;
    this.#over.abort();
    this.#writer.abort();
    for (const attempt of this.#attempts.values()) attempt.abandon();
    processes.killAll();
    metrics.fenced();
    log.warn('session fenced', { executor, reason, attempts: this.#attempts.size });
    this.#ended.resolve('fenced');
  }
}
