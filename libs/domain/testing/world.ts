import { type Heartbeat, type RunDispatched, type RunEvent } from '@millrace/contracts';
import { cancelled, cancelRequested, dispatched, requested, started } from '@millrace/testkit';
import { expect } from 'vitest';
import { evolveRun, isSuperseded } from '../src/run/evolve-run.ts';
import { type RunState } from '../src/run/run-state.ts';
import { admit } from '../src/admission/admit.ts';
import { takeDecisions } from '../src/admission/decisions.ts';
import { evolve } from '../src/admission/evolve.ts';
import { beginLeading, EXECUTOR_LEASE_MS, expire, hear } from '../src/admission/heartbeats.ts';
import { SchedulerState } from '../src/admission/scheduler-state.ts';
import { wakeDue } from '../src/admission/wake.ts';
import { checkAgainstLog, checkLog, checkState, CONCURRENT_MAX } from './world-rules.ts';
import { STEP_MS, WORLD_WORKFLOWS, worldRequest } from './world-workflows.ts';
import { eventOf, isRecorded, lastWord } from './recorded.ts';
import { restored } from './snapshots.ts';

const BACKOFF = { firstMs: STEP_MS, factor: 3, maxMs: 5 * STEP_MS, jitter: 0.5 };
/** Longer than the silence after which an executor is lost, and than the heartbeats that may not name an attempt. */
const HEALING_ROUNDS = 120;
const WORKFLOWS = Object.keys(WORLD_WORKFLOWS);

/** One session of an executor. */
export interface Session {
  readonly id: string;
  readonly slots: number;
  /** Default: those of an executor that names none. */
  readonly pools?: readonly string[];
  isDraining: boolean;
  /** Its processes are dead. */
  isGone: boolean;
  /** Its processes live, and nothing of it gets through. */
  isCut: boolean;
  /** Attempts whose process lives. */
  readonly live: Map<string, RunDispatched>;
  readonly dropped: Set<string>;
  /** Of the log, as far as it was read. */
  read: number;
  leaseUntilMs: number;
  readonly mail: { readonly beat: Heartbeat; readonly sentMs: number }[];
}

/** Executors of every kind; the third one takes everything. */
const POOLS: readonly (readonly string[] | undefined)[] = [undefined, ['gpu'], ['default', 'gpu']];
const EVERY_POOL = 2;

const keyOf = (runId: string, attempt: number | undefined): string => `${runId}.${attempt ?? 0}`;
/**
 * A world that does what it wants: commits land late and in any order, executors join, drain, fall silent and vanish, results arrive late,
 * leaders die with what they had decided. The rules are counted in the log with every event, on the executors and inside the state by `checkState`.
 */
export class World {
  readonly log: RunEvent[] = [];
  /** When each event of the log was stored. */
  readonly times: number[] = [];
  readonly runs = new Map<string, RunState>();
  readonly #workflows = new Map<string, string>();
  readonly #keys = new Map<string, string | undefined>();
  readonly sessions: Session[] = [];
  /** Attempts whose process is dead and whose last word may still be on its way. */
  readonly #orphans: RunDispatched[] = [];
  leader = new SchedulerState({ concurrentRunsMax: CONCURRENT_MAX });
  #folded = 0;
  outgoing: RunEvent[] = [];
  #nowMs = 0;

  constructor() {
    beginLeading(this.leader, 0);
    this.join(3);
  }

  append(event: RunEvent): void {
    const before = this.runs.get(event.subject);
    if (event.type === 'dev.millrace.run.dispatched.v1') expect(isSuperseded(before, event)).toBe(false);
    const after = evolveRun(before, event);
    this.log.push(event);
    this.times.push(this.#nowMs);
    if (after !== undefined) this.runs.set(event.subject, after);
    this.#workflows.set(event.subject, event.workflow);
    if (event.type === 'dev.millrace.run.requested.v1') this.#keys.set(event.subject, event.data.concurrencyKey);
    checkLog(this);
  }

  request(n: number): void {
    const workflow = WORKFLOWS[n % WORKFLOWS.length] ?? '';
    const its = worldRequest(workflow, n);
    const { retries } = its.policy;
    const policy = n % 3 === 0 ? { ...its.policy, retries: { ...retries, backoff: BACKOFF } } : its.policy;
    const notBefore = new Date(this.#nowMs + 1 + (n % 4) * STEP_MS).toISOString();
    const delay = n % 5 === 0 && WORLD_WORKFLOWS[workflow]?.isNeverDelayed !== true ? { notBefore } : {};
    const runId = `run${this.#workflows.size}`;
    this.append(requested({ runId, workflow, ...its, policy, ...delay }));
  }

  cancel(n: number): void {
    const ids = [...this.runs.keys()];
    const runId = ids[n % Math.max(1, ids.length)];
    if (runId !== undefined) this.append(cancelRequested({ runId, workflow: this.#workflows.get(runId) ?? '' }));
  }

  fold(count: number): void {
    for (const event of this.log.slice(this.#folded, this.#folded + count)) {
      this.#folded += 1;
      evolve(this.leader, event, { sequence: this.#folded, index: 0 }, this.times[this.#folded - 1]);
    }
  }

  decide(): void {
    wakeDue(this.leader, this.#nowMs);
    for (const { runId, workflow, attempt, executor, retryOnFailure } of admit(this.leader, this.#nowMs, {
      logMs: this.#nowMs,
    })) {
      this.outgoing.push(dispatched({ runId, workflow, attempt, executor, retryOnFailure }));
    }
    for (const decision of takeDecisions(this.leader).filter(isRecorded)) {
      this.outgoing.push(eventOf(decision, decision.workflow, this.#nowMs));
    }
  }

  /** Something that the leader said reaches the log; what it said to others may come before or after. */
  land(n: number): void {
    const [event] = this.outgoing.splice(n % Math.max(1, this.outgoing.length), 1);
    if (event !== undefined) this.append(event);
  }

  restart(): void {
    this.outgoing = [];
    this.leader = new SchedulerState({ concurrentRunsMax: CONCURRENT_MAX });
    this.#folded = 0;
    this.fold(this.log.length);
    beginLeading(this.leader, this.#nowMs);
    for (const { mail } of this.sessions) mail.length = 0;
  }

  /** As `restart`, by a snapshot of what the leader knows instead of the log up to there; the rest is folded before anybody leads. */
  restore(): void {
    this.outgoing = [];
    this.leader = restored(this.leader);
    this.fold(this.log.length);
    beginLeading(this.leader, this.#nowMs);
    for (const { mail } of this.sessions) mail.length = 0;
  }

  join(slots: number, kind = this.sessions.length): void {
    const pools = POOLS[kind % POOLS.length];
    this.sessions.push({
      ...(pools === undefined ? {} : { pools }),
      id: `ex${this.sessions.length}`,
      slots: 1 + (slots % 3),
      isDraining: false,
      isGone: false,
      isCut: false,
      live: new Map(),
      dropped: new Set(),
      read: 0,
      leaseUntilMs: this.#nowMs + EXECUTOR_LEASE_MS,
      mail: [],
    });
  }

  pick(n: number): Session {
    const session = this.sessions[n % this.sessions.length];
    if (session === undefined) throw new Error('there is always one');
    return session;
  }

  /** Processes die; what they said last may still arrive. */
  vanish(session: Session): void {
    this.#orphans.push(...session.live.values());
    session.live.clear();
    session.isGone = true;
    session.mail.length = 0;
    session.dropped.clear();
  }

  read(session: Session): void {
    if (session.isGone || session.isCut) return;
    while (session.read < this.log.length) {
      const event = this.log[(session.read += 1) - 1];
      if (event?.type !== 'dev.millrace.run.dispatched.v1' || event.data.executor !== session.id) continue;
      if (session.dropped.has(keyOf(event.subject, event.attempt))) continue;
      session.live.set(event.subject, event);
      this.append(started({ runId: event.subject, workflow: event.workflow, attempt: event.attempt ?? 0 }));
      return;
    }
  }

  finish(session: Session, n: number): void {
    const dispatch = [...session.live.values()][n % Math.max(1, session.live.size)];
    if (dispatch === undefined || session.isGone || session.isCut) return;
    session.live.delete(dispatch.subject);
    this.append(lastWord(dispatch, n));
  }

  late(n: number): void {
    const [dispatch] = this.#orphans.splice(n % Math.max(1, this.#orphans.length), 1);
    if (dispatch !== undefined) this.append(lastWord(dispatch, n));
  }

  beat({ id, slots, pools, isDraining, isGone, isCut, live, mail }: Session): void {
    if (isGone || isCut) return;
    const held = [...live.values()].map(({ subject, attempt = 0 }) => ({ runId: subject, attempt }));
    const its = { slots, ...(pools === undefined ? {} : { pools }), draining: isDraining };
    mail.push({ beat: { executor: id, ...its, held }, sentMs: this.#nowMs });
  }

  hear(session: Session): void {
    const letter = session.mail.shift();
    if (letter === undefined) return;
    const { known, leaseMs, cancel, dropped = [] } = hear(this.leader, letter.beat, this.#nowMs);
    if (!known) {
      this.vanish(session);
      return;
    }
    session.leaseUntilMs = Math.max(session.leaseUntilMs, letter.sentMs + leaseMs);
    for (const { runId, attempt } of dropped) {
      session.dropped.add(keyOf(runId, attempt));
      if (session.live.get(runId)?.attempt === attempt) session.live.delete(runId);
    }
    for (const runId of cancel) {
      const dispatch = session.live.get(runId);
      if (dispatch === undefined) continue;
      session.live.delete(runId);
      this.append(cancelled({ runId, workflow: dispatch.workflow, attempt: dispatch.attempt ?? 0 }));
    }
  }

  beatOnce(session: Session): void {
    this.beat(session);
    this.hear(session);
  }

  beatAll(): void {
    for (const session of this.sessions) this.beatOnce(session);
  }

  drain(session: Session, isDraining: boolean): void {
    session.isDraining = isDraining;
  }

  cut(session: Session): void {
    session.isCut = true;
    session.mail.length = 0;
  }

  advance(steps: number): void {
    for (let step = 0; step < steps; step += 1) {
      this.#nowMs += STEP_MS;
      for (const session of this.sessions) if (this.#nowMs >= session.leaseUntilMs) this.vanish(session);
      expire(this.leader, this.#nowMs);
    }
  }

  /** What is decided gets through everywhere. */
  flow(): void {
    this.fold(this.log.length);
    this.decide();
    while (this.outgoing.length > 0) this.land(0);
    this.fold(this.log.length);
    for (const session of this.sessions) for (let slot = 0; slot < session.slots; slot += 1) this.read(session);
  }

  /** Everything works again, but for what is gone or cut off. */
  heal(): void {
    this.join(2, EVERY_POOL);
    for (let round = 0; round < HEALING_ROUNDS; round += 1) {
      this.flow();
      for (const session of this.sessions) {
        this.beat(session);
        while (session.mail.length > 0) this.hear(session);
        while (session.live.size > 0 && !session.isGone && !session.isCut) this.finish(session, 0);
      }
      this.advance(1);
      this.checkState();
    }
    this.fold(this.log.length);
    this.checkAgainstLog();
  }

  checkState(): void {
    checkState(this);
  }

  /** With nothing on its way the state is what a fold of the log alone gives, and holds every open run. */
  checkAgainstLog(): void {
    if (this.outgoing.length > 0 || this.#folded < this.log.length) return;
    wakeDue(this.leader, this.#nowMs);
    checkAgainstLog(this, this.#nowMs);
  }

  workflowOf(runId: string): string {
    return this.#workflows.get(runId) ?? '';
  }

  /** Workflow and concurrency key; `undefined` for a run without one. */
  keyOf(runId: string): string | undefined {
    const key = this.#keys.get(runId);
    return key === undefined ? undefined : `${this.workflowOf(runId)} ${key}`;
  }
}
