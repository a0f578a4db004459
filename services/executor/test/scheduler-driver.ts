import { createHash } from 'node:crypto';
import {
  encodeBundle,
  type Heartbeat,
  type HeartbeatAnswer,
  isTerminal,
  logSubject,
  messagingSubject,
  type OutputChunk,
  type RunDispatched,
  type RunEvent,
  type RunEventType,
} from '@millrace/contracts';
import {
  connectLog,
  ensureTopology,
  follow,
  followOutput,
  makeEventWriter,
  openBundles,
  publish,
  respond,
} from '@millrace/eventlog';
import {
  claimNats,
  dispatched,
  type EventOverrides,
  eventually,
  makeTempFolder,
  startService,
  type StartedService,
} from '@millrace/testkit';

const SHARD = 0;
const EXECUTOR_MAIN = new URL('../src/main.ts', import.meta.url).pathname;

export interface DriverOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly leaseMs?: number;
}

/** Plays the scheduler against one executor process on a nats-server of its own. */
export interface Driver {
  readonly executor: StartedService;
  readonly dataDir: string;
  readonly heartbeats: readonly Heartbeat[];
  /** Stores a bundle and gives its version. */
  readonly deploy: (file: string, text: string) => Promise<string>;
  /** Stores any object under any name. */
  readonly store: (version: string, object: Uint8Array) => Promise<void>;
  /** Assigns a run to the executor that was heard last, and gives the dispatch. */
  readonly dispatch: (overrides: EventOverrides<'dev.millrace.run.dispatched.v1'>) => Promise<RunDispatched>;
  readonly repeat: (dispatch: RunDispatched) => Promise<void>;
  readonly cancel: (runId: string) => void;
  readonly eventsOf: (runId: string) => readonly RunEvent[];
  /** Waits for the last event of the run. */
  readonly ending: (runId: string, timeoutMs?: number) => Promise<RunEvent>;
  readonly outputOf: (runId: string) => readonly OutputChunk[];
  readonly textOf: (runId: string) => string;
  /** Whether heartbeats are answered; they are at first. */
  readonly answer: (yes: boolean) => void;
  readonly startExecutor: () => Promise<StartedService>;
  readonly close: () => Promise<void>;
}

const LAST: ReadonlySet<RunEventType> = new Set<RunEventType>([
  'dev.millrace.run.attempt.lost.v1',
  'dev.millrace.run.attempt.failed.v1',
]);

const isLast = ({ type }: RunEvent): boolean => isTerminal(type) || LAST.has(type);

/** `completed`, from `dev.millrace.run.completed.v1`. */
export const names = (events: readonly RunEvent[]): readonly string[] =>
  events.map(({ type }) => type.replace('dev.millrace.run.', '').replace('.v1', ''));

export const startDriver = async ({ env = {}, leaseMs = 10_000 }: DriverOptions = {}): Promise<Driver> => {
  const { url } = claimNats();
  const dataDir = makeTempFolder('executor');
  const connection = await connectLog({ url, name: 'driver' });
  await ensureTopology(connection, { shard: SHARD, logMaxBytes: 64 * 1_048_576 });
  const over = new AbortController();
  const heartbeats: Heartbeat[] = [];
  const cancelled = new Set<string>();
  let answering = true;
  const listening = respond(connection, messagingSubject.heartbeat(SHARD), async (text) => {
    if (!answering) throw new Error('silent');
    heartbeats.push(JSON.parse(text) as Heartbeat);
    const reply: HeartbeatAnswer = { leaseMs, known: true, cancel: [...cancelled] };
    return JSON.stringify(reply);
  });

  const events: RunEvent[] = [];
  const chunks: OutputChunk[] = [];
  const following = (async () => {
    const subjects = [logSubject.commit(SHARD)];
    for await (const commits of follow(connection, { shard: SHARD, fromSequence: 1, subjects, signal: over.signal }))
      for (const commit of commits) {
        for (const decoded of commit.events) {
          if (!decoded.known) throw new Error(`${decoded.type ?? 'event'}: ${decoded.reason}`);
          events.push(decoded.event);
        }
      }
  })();
  const reading = (async () => {
    for await (const packs of followOutput(connection, { shard: SHARD, fromSequence: 1, signal: over.signal }))
      for (const pack of packs) chunks.push(...pack.chunks);
  })();

  const startExecutor = (): Promise<StartedService> =>
    startService(EXECUTOR_MAIN, { env: { NATS_URL: url, MILLRACE_DATA_DIR: dataDir, ...env } });
  const bundles = openBundles(connection);
  const executor = await startExecutor();
  const append = async (event: RunDispatched): Promise<void> => {
    const subject = logSubject.dispatch(SHARD, event.data.executor);
    const writer = makeEventWriter(connection, {
      shard: SHARD,
      subject,
      inFlightMax: 1,
      timeoutMs: 5_000,
      retry: 'until-closed',
    });
    await writer.append([event]);
    await writer.close();
  };
  const eventsOf = (runId: string): readonly RunEvent[] => events.filter(({ subject }) => subject === runId);
  const outputOf = (runId: string): readonly OutputChunk[] => chunks.filter((chunk) => chunk.runId === runId);
  return {
    executor,
    dataDir,
    heartbeats,
    startExecutor,
    eventsOf,
    outputOf,
    textOf: (runId) =>
      outputOf(runId)
        .map(({ text }) => text)
        .join(''),
    store: bundles.put,
    deploy: async (file, text) => {
      const object = encodeBundle({ file }, Buffer.from(text));
      const version = createHash('sha256').update(object).digest('hex');
      await bundles.put(version, object);
      return version;
    },
    dispatch: async (overrides) => {
      const latest = await eventually(() => {
        const heartbeat = heartbeats.findLast(({ draining }) => !draining);
        if (heartbeat === undefined) throw new Error('no executor yet');
        return heartbeat.executor;
      });
      const event = dispatched({ executor: latest, ...overrides });
      await append(event);
      return event;
    },
    repeat: (dispatch) => append({ ...dispatch, id: `${dispatch.id}-again` }),
    cancel: (runId) => {
      cancelled.add(runId);
      const latest = heartbeats.at(-1);
      if (latest !== undefined) publish(connection, messagingSubject.cancel(latest.executor), runId);
    },
    ending: (runId, timeoutMs = 10_000) =>
      eventually(
        () => {
          const last = eventsOf(runId).find(isLast);
          if (last === undefined) throw new Error(`run has only: ${names(eventsOf(runId)).join(', ')}`);
          return last;
        },
        { timeoutMs },
      ),
    answer: (yes) => {
      answering = yes;
    },
    close: async () => {
      await executor.stop();
      over.abort();
      listening.close();
      await Promise.all([following, reading]);
      await connection.close();
    },
  };
};
