import { join } from 'node:path';
import { type Milliseconds } from '@millrace/kernel';
import { type Execution, type ExecutionListener } from '../attempts/execution.ts';
import { startHost } from './host-process.ts';
import { WorkflowHost, type WorkflowRequest } from './workflow-host.ts';

const PING_EVERY_MS = 500;
/** Stuck hosts are not counted as hosts; so many times the number of hosts exist at most. */
const STUCK_FACTOR = 4;

export interface HostPoolOptions {
  readonly hosts: number;
  readonly heapMb: number;
  readonly directory: string;
  readonly compileCache: string;
  /** Between abort and the end of a run whose handler goes on. */
  readonly graceMs: Milliseconds;
  readonly monotonic: () => number;
  readonly onText: (text: string) => void;
}

export interface HostPool {
  /** Starts a host ahead of the first run, which then need not wait for it. */
  readonly warm: () => void;
  /** @param isolated In a host of its own, which ends with the run: an earlier attempt may have killed the one it was in. */
  readonly start: (request: WorkflowRequest, isolated: boolean, listener: ExecutionListener) => Execution;
  /** Everything running is killed and nothing is reported about it any more. */
  readonly killAll: () => void;
  /** How much longer hosts may go on without hearing again. */
  readonly extendLease: (ms: Milliseconds) => void;
  /** Kills what runs; resolves when the hosts are gone. */
  readonly close: () => Promise<void>;
}

/** Hosts are started when they are needed, the first one ahead of that, and kept warm. */
class Hosts implements HostPool {
  readonly #options: HostPoolOptions;
  readonly #shared = new Set<WorkflowHost>();
  readonly #all = new Map<WorkflowHost, Promise<unknown>>();
  readonly #pinger: NodeJS.Timeout;
  #started = 0;
  #leaseMs: Milliseconds | undefined;

  constructor(options: HostPoolOptions) {
    this.#options = options;
    this.#pinger = setInterval(() => this.#ping(), PING_EVERY_MS);
    this.#pinger.unref();
  }

  warm(): void {
    this.#pick();
  }

  start(request: WorkflowRequest, isolated: boolean, listener: ExecutionListener): Execution {
    if (!isolated) return this.#pick().start(request, listener);
    const host = this.#startHost();
    const execution = host.start(request, listener);
    host.retireWhenEmpty();
    return execution;
  }

  killAll(): void {
    for (const host of this.#all.keys()) host.silence();
    this.#shared.clear();
  }

  extendLease(ms: Milliseconds): void {
    this.#leaseMs = ms;
    for (const host of this.#all.keys()) host.extendLease(ms);
  }

  async close(): Promise<void> {
    clearInterval(this.#pinger);
    this.killAll();
    await Promise.all(this.#all.values());
  }

  /** The least busy host whose event loop turns; another one while there may be more. */
  #pick(): WorkflowHost {
    const open = [...this.#shared].filter((host) => !host.retired);
    const able = open.filter((host) => !host.stuck);
    const least = (hosts: readonly WorkflowHost[]): WorkflowHost | undefined =>
      hosts.reduce<WorkflowHost | undefined>((best, host) => (best && best.size <= host.size ? best : host), undefined);
    const best = least(able);
    if (best?.size === 0) return best;
    if (able.length < this.#options.hosts && open.length < this.#options.hosts * STUCK_FACTOR) {
      const host = this.#startHost();
      this.#shared.add(host);
      return host;
    }
    return best ?? least(open) ?? this.#startHost();
  }

  #startHost(): WorkflowHost {
    const { directory, heapMb, compileCache, graceMs, monotonic, onText } = this.#options;
    const gone = Promise.withResolvers<undefined>();
    const host: WorkflowHost = new WorkflowHost({
      graceMs,
      monotonic,
      process: startHost({
        directory: join(directory, `host-${this.#started++}`),
        heapMb,
        compileCache,
        onText,
        onMessage: (message) => host.receive(message),
        onExit: (how) => {
          this.#shared.delete(host);
          this.#all.delete(host);
          gone.resolve(undefined);
          host.exited(how);
        },
      }),
    });
    this.#all.set(host, gone.promise);
    if (this.#leaseMs !== undefined) host.extendLease(this.#leaseMs);
    return host;
  }

  #ping(): void {
    for (const host of this.#shared) if (host.size > 0) host.ping();
  }
}

export const makeHostPool = (options: HostPoolOptions): HostPool => new Hosts(options);
