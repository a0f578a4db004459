import { logSubject, type RunEvent, type RunEventType, SCHEDULES_STREAM, scheduleSubject } from '@millrace/contracts';
import { evolveRun, type RunState } from '@millrace/domain';
import {
  connectLog,
  ensureTopology,
  type EventWriter,
  follow,
  type LogConnection,
  makeEventWriter,
  removeStored,
  request,
} from '@millrace/eventlog';
import { claimNats, startService, type StartedService } from '@millrace/testkit';
import { FakeExecutor, type FakeExecutorOptions } from './fake-executor.ts';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;
const SHARD = 0;
const API_TIMEOUT_MS = 5_000;
const LOG_BYTES_MAX = 32 * 1024 * 1024;

/** A log of its own, schedulers as processes on it, executors that only speak the protocol, and everything that was recorded. */
export class TestShard {
  readonly #natsUrl: string;
  readonly connection: LogConnection;
  readonly #writer: EventWriter;
  readonly #reading = new AbortController();
  readonly #services: StartedService[] = [];
  readonly #executors: FakeExecutor[] = [];
  #read: Promise<void> | undefined;
  /** Every event of the log, in order. */
  readonly events: RunEvent[] = [];

  private constructor(natsUrl: string, connection: LogConnection) {
    this.#natsUrl = natsUrl;
    this.connection = connection;
    this.#writer = makeEventWriter(connection, {
      shard: SHARD,
      subject: logSubject.commit(SHARD),
      inFlightMax: 4,
      timeoutMs: 5_000,
      retry: 'never',
    });
  }

  static async open(): Promise<TestShard> {
    const { url } = claimNats();
    const connection = await connectLog({ url, name: 'test' });
    await ensureTopology(connection, { logMaxBytes: LOG_BYTES_MAX });
    const shard = new TestShard(url, connection);
    shard.#read = shard.#readLog();
    return shard;
  }

  async scheduler(concurrentRunsMax = 4): Promise<StartedService> {
    const env = {
      NATS_URL: this.#natsUrl,
      MILLRACE_MAX_CONCURRENT_RUNS: String(concurrentRunsMax),
      MILLRACE_SNAPSHOT_INTERVAL_MS: '100',
    };
    const service = await startService(MAIN, { env });
    this.#services.push(service);
    return service;
  }

  /** Takes every alarm away. */
  async loseSchedules(): Promise<void> {
    await removeStored(this.connection, SCHEDULES_STREAM, scheduleSubject.all);
  }

  /** As an operator might do by mistake. */
  async deleteSchedules(): Promise<void> {
    await request(this.connection, `$JS.API.STREAM.DELETE.${SCHEDULES_STREAM}`, '', API_TIMEOUT_MS);
  }

  async executor(options: FakeExecutorOptions): Promise<FakeExecutor> {
    const executor = new FakeExecutor(this.connection, options);
    this.#executors.push(executor);
    await executor.start();
    return executor;
  }

  async record(...events: RunEvent[]): Promise<void> {
    await this.#writer.append(events);
  }

  /** Short names of what happened to a run: `requested dispatched started completed`. */
  historyOf(runId: string): string {
    return this.events
      .filter(({ subject }) => subject === runId)
      .map(({ type }) => type.slice('dev.millrace.run.'.length, -'.v1'.length))
      .join(' ');
  }

  find<Type extends RunEventType>(runId: string, type: Type): (RunEvent & { readonly type: Type }) | undefined {
    return this.events.find(
      (event): event is RunEvent & { readonly type: Type } => event.subject === runId && event.type === type,
    );
  }

  statusOf(runId: string): RunState['status'] | undefined {
    return this.events.filter(({ subject }) => subject === runId).reduce(evolveRun, undefined)?.status;
  }

  async close(): Promise<void> {
    for (const executor of this.#executors) await executor.vanish();
    for (const service of this.#services) if (service.isAlive()) await service.kill();
    this.#reading.abort();
    await this.#read;
    await this.#writer.close();
    await this.connection.close();
  }

  async #readLog(): Promise<void> {
    const { signal } = this.#reading;
    for await (const batch of follow(this.connection, { shard: SHARD, fromSequence: 1, signal })) {
      for (const { events } of batch) {
        for (const decoded of events) if (decoded.known) this.events.push(decoded.event);
      }
    }
  }
}
