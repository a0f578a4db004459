import { join } from 'node:path';
import { type Milliseconds } from '@millrace/kernel';
import { type Execution, type ExecutionListener } from '../attempts/execution.ts';
import { type SpawnerProcess, startSpawner } from './spawner-process.ts';
import { outcomeOf, outcomeOfFailedStart } from './script-outcome.ts';
import { type FromSpawner } from './spawner-protocol.ts';

export interface ScriptRequest {
  /** Shard of the session that it belongs to; `undefined` where there is one. */
  readonly owner?: number | undefined;
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** JSON text, as are the next two. */
  readonly input: string;
  readonly trigger?: string;
  readonly cloudEvent?: string;
}

export interface ScriptPoolOptions {
  readonly spawners: number;
  /** Run directories are made below this one. */
  readonly directory: string;
  readonly compileCache: string;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: Milliseconds;
}

/** Starts scripts through a few small processes and survives the death of any of them. */
export interface ScriptPool {
  /** @param isolated By a spawner of its own, which ends with the script: an earlier attempt may have killed the one it was started by. */
  readonly start: (request: ScriptRequest, isolated: boolean, listener: ExecutionListener) => Execution;
  /** Everything running is killed and nothing is reported about it any more. */
  readonly killAll: () => void;
  /** As `killAll`, what one session runs. */
  readonly killOf: (owner: number | undefined) => void;
  /** How much longer the spawners may let the scripts of a session run without hearing again. */
  readonly extendLease: (ms: Milliseconds, owner?: number) => void;
  /** Kills what runs, ends the spawners; resolves when they are gone. */
  readonly close: () => Promise<void>;
}

interface Running {
  readonly listener: ExecutionListener;
  readonly spawner: Member;
  readonly owner: number | undefined;
  pid: number | undefined;
  killTimer: NodeJS.Timeout | undefined;
}

interface Member {
  readonly process: SpawnerProcess;
  readonly ids: Set<string>;
  /** `once`: for the scripts that it was started for. */
  readonly use: 'shared' | 'once';
}

/** Spawners for single scripts at the same time. Beyond them such scripts share one, among themselves. */
const SINGLE_SPAWNERS_MAX = 8;

const leastBusy = (members: readonly Member[]): Member | undefined =>
  members.reduce<Member | undefined>(
    (best, member) => (best && best.ids.size <= member.ids.size ? best : member),
    undefined,
  );

const killGroup = (pid: number | undefined): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: it is gone.
  }
};

/** The scripts of one executor, by an id of the pool's own. */
class Scripts implements ScriptPool {
  readonly #options: ScriptPoolOptions;
  readonly #members: Member[] = [];
  readonly #running = new Map<string, Running>();
  #count = 0;
  #spawned = 0;
  #closed: PromiseWithResolvers<undefined> | undefined;

  constructor(options: ScriptPoolOptions) {
    this.#options = options;
    for (let index = 0; index < options.spawners; index += 1) this.#addMember('shared');
  }

  start(request: ScriptRequest, isolated: boolean, listener: ExecutionListener): Execution {
    const spawner = this.#pick(isolated ? 'once' : 'shared');
    const id = (this.#count++).toString(36);
    const { owner } = request;
    const running: Running = { listener, spawner, owner, pid: undefined, killTimer: undefined };
    this.#running.set(id, running);
    spawner.ids.add(id);
    spawner.process.send({ type: 'start', id, ...request });
    return { stop: () => this.#stop(id, running) };
  }

  killAll(): void {
    for (const [id, running] of [...this.#running]) this.#kill(id, running);
  }

  killOf(owner: number | undefined): void {
    for (const [id, running] of [...this.#running]) if (running.owner === owner) this.#kill(id, running);
  }

  extendLease(ms: Milliseconds, owner?: number): void {
    for (const { process } of this.#members) process.send({ type: 'lease', ms, owner });
  }

  async close(): Promise<void> {
    this.killAll();
    this.#closed = Promise.withResolvers<undefined>();
    if (this.#members.length === 0) this.#closed.resolve(undefined);
    for (const member of this.#members) member.process.close();
    await this.#closed.promise;
  }

  #kill(id: string, running: Running): void {
    killGroup(running.pid);
    running.spawner.process.send({ type: 'signal', id, signal: 'SIGKILL' });
    this.#forget(id);
  }

  #stop(id: string, running: Running): void {
    if (running.killTimer !== undefined || !this.#running.has(id)) return;
    running.spawner.process.send({ type: 'signal', id, signal: 'SIGTERM' });
    running.killTimer = setTimeout(
      () => running.spawner.process.send({ type: 'signal', id, signal: 'SIGKILL' }),
      this.#options.graceMs,
    );
  }

  #pick(use: Member['use']): Member {
    // One without scripts is on its way out.
    const members = this.#members.filter((member) => member.use === use && (use === 'shared' || member.ids.size > 0));
    const isNewAllowed = use === 'once' && members.length < SINGLE_SPAWNERS_MAX;
    return (isNewAllowed ? undefined : leastBusy(members)) ?? this.#addMember(use);
  }

  #addMember(use: Member['use']): Member {
    const { directory, compileCache } = this.#options;
    const member: Member = {
      use,
      ids: new Set(),
      process: startSpawner({
        directory: join(directory, `spawner-${this.#spawned++}`),
        compileCache,
        onMessage: (message) => this.#receive(message),
        onExit: () => this.#lose(member),
      }),
    };
    this.#members.push(member);
    return member;
  }

  /** A spawner is gone: nobody watches its scripts any more, so they go too. */
  #lose(member: Member): void {
    this.#members.splice(this.#members.indexOf(member), 1);
    const counted = member.ids.size === 1;
    for (const id of [...member.ids]) {
      const running = this.#running.get(id);
      killGroup(running?.pid);
      this.#forget(id);
      running?.listener.onEnded({ kind: 'lost', reason: 'the process that watched the script died', counted });
    }
    if (this.#closed !== undefined) {
      if (this.#members.length === 0) this.#closed.resolve(undefined);
    } else if (member.use === 'shared') this.#addMember('shared');
  }

  #receive(message: FromSpawner): void {
    const running = this.#running.get(message.id);
    if (running === undefined) return;
    const { listener } = running;
    switch (message.type) {
      case 'started':
        running.pid = message.pid;
        listener.onStarted(message.pid);
        return;
      case 'output':
        listener.onOutput(message.stream, message.text);
        return;
      case 'progress':
        listener.onProgress(message.percent, message.message);
        return;
      case 'responded':
        listener.onResponded(message.response);
        return;
      case 'start_failed':
        this.#forget(message.id);
        listener.onEnded(outcomeOfFailedStart(message));
        return;
      case 'ended':
        this.#forget(message.id);
        listener.onEnded(outcomeOf(message));
        return;
    }
  }

  #forget(id: string): void {
    const running = this.#running.get(id);
    clearTimeout(running?.killTimer);
    this.#running.delete(id);
    if (running === undefined) return;
    const { spawner } = running;
    spawner.ids.delete(id);
    if (spawner.use === 'once' && spawner.ids.size === 0) spawner.process.close();
  }
}

export const makeScriptPool = (options: ScriptPoolOptions): ScriptPool => new Scripts(options);
