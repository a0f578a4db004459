import { createHash } from 'node:crypto';
import {
  DEFAULT_WORKSPACE,
  encodeBundle,
  type Heartbeat,
  type HeartbeatAnswer,
  type HeldAttempt,
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
  type LogConnection,
  makeEventWriter,
  openBundles,
  openSecrets,
  publish,
  respond,
} from '@millrace/eventlog';
import { changeSecret, parseKeyRing, type SecretChange } from '@millrace/secrets';
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
/** Of the executor, unless it is given another. */
export const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');
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
  readonly deploy: (file: string, text: string, metadata?: Readonly<Record<string, unknown>>) => Promise<string>;
  /** Changes a secret, sealed under {@link MASTER_KEY}. */
  readonly setSecret: (name: string, change: SecretChange) => Promise<void>;
  /** Stores any object under any name. */
  readonly store: (version: string, object: Uint8Array) => Promise<void>;
  /** Assigns a run to the executor that was heard last, and gives the dispatch. */
  readonly dispatch: (overrides: EventOverrides<'dev.millrace.run.dispatched.v1'>) => Promise<RunDispatched>;
  readonly repeat: (dispatch: RunDispatched) => Promise<void>;
  readonly cancel: (runId: string) => void;
  /** Takes an attempt away from the executor. */
  readonly drop: (attempt: HeldAttempt) => void;
  readonly eventsOf: (runId: string) => readonly RunEvent[];
  /** Waits for the last event of the run. */
  readonly ending: (runId: string, timeoutMs?: number) => Promise<RunEvent>;
  readonly outputOf: (runId: string) => readonly OutputChunk[];
  readonly textOf: (runId: string) => string;
  /** Whether heartbeats are answered; they are at first. */
  readonly answer: (yes: boolean) => void;
  readonly startExecutor: (more?: Readonly<Record<string, string>>) => Promise<StartedService>;
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

const appendDispatch = async (connection: LogConnection, event: RunDispatched): Promise<void> => {
  const writer = makeEventWriter(connection, {
    shard: SHARD,
    subject: logSubject.dispatch(SHARD, event.data.executor),
    inFlightMax: 1,
    timeoutMs: 5_000,
    retry: 'until-closed',
  });
  await writer.append([event]);
  await writer.close();
};

interface Recorder extends Pick<Driver, 'eventsOf' | 'outputOf'> {
  readonly stop: () => Promise<void>;
}

/** Everything that executors record, from the beginning of the log. */
const recordEverything = (connection: LogConnection): Recorder => {
  const over = new AbortController();
  const events: RunEvent[] = [];
  const chunks: OutputChunk[] = [];
  const options = { shard: SHARD, fromSequence: 1, signal: over.signal };
  const following = (async () => {
    for await (const commits of follow(connection, { ...options, subjects: [logSubject.executor(SHARD)] })) {
      for (const decoded of commits.flatMap((commit) => commit.events)) {
        if (!decoded.known) throw new Error(`${decoded.type ?? 'event'}: ${decoded.reason}`);
        events.push(decoded.event);
      }
    }
  })();
  const reading = (async () => {
    for await (const packs of followOutput(connection, options)) chunks.push(...packs.flatMap((pack) => pack.chunks));
  })();
  return {
    eventsOf: (runId) => events.filter(({ subject }) => subject === runId),
    outputOf: (runId) => chunks.filter((chunk) => chunk.runId === runId),
    stop: async () => {
      over.abort();
      await Promise.all([following, reading]);
    },
  };
};

interface Leader extends Pick<Driver, 'heartbeats' | 'answer' | 'cancel' | 'drop'> {
  /** The executor that takes runs now. */
  readonly executor: () => Promise<string>;
  readonly close: () => void;
}

const answerHeartbeats = (connection: LogConnection, leaseMs: number): Leader => {
  const heartbeats: Heartbeat[] = [];
  const cancelled = new Set<string>();
  const dropped: HeldAttempt[] = [];
  let answering = true;
  const listening = respond(connection, messagingSubject.heartbeat(SHARD), async (text) => {
    if (!answering) throw new Error('silent');
    heartbeats.push(JSON.parse(text) as Heartbeat);
    const reply: HeartbeatAnswer = { leaseMs, known: true, cancel: [...cancelled], dropped };
    return JSON.stringify(reply);
  });
  return {
    heartbeats,
    close: listening.close,
    answer: (yes) => {
      answering = yes;
    },
    drop: (attempt) => dropped.push(attempt),
    cancel: (runId) => {
      cancelled.add(runId);
      const latest = heartbeats.at(-1);
      if (latest !== undefined) publish(connection, messagingSubject.cancel(latest.executor), runId);
    },
    executor: () =>
      eventually(() => {
        const heartbeat = heartbeats.findLast(({ draining }) => !draining);
        if (heartbeat === undefined) throw new Error('no executor yet');
        return heartbeat.executor;
      }),
  };
};

const lastOf = (events: readonly RunEvent[]): RunEvent => {
  const last = events.find(isLast);
  if (last === undefined) throw new Error(`the run has only: ${names(events).join(', ')}`);
  return last;
};

const textOf = (chunks: readonly OutputChunk[]): string => chunks.map(({ text }) => text).join('');

const setSecret = async (connection: LogConnection, name: string, change: SecretChange): Promise<void> => {
  const store = openSecrets(connection);
  const ring = parseKeyRing(MASTER_KEY, 'test');
  const place = { workspace: DEFAULT_WORKSPACE, name };
  await store.change(DEFAULT_WORKSPACE, name, (current) => changeSecret(current, change, { place, ring, now: 0 }));
  await store.close();
};

export const startDriver = async ({ env = {}, leaseMs = 10_000 }: DriverOptions = {}): Promise<Driver> => {
  const { url } = claimNats();
  const dataDir = makeTempFolder('executor');
  const connection = await connectLog({ url, name: 'driver' });
  await ensureTopology(connection, { logMaxBytes: 64 * 1_048_576 });
  const leader = answerHeartbeats(connection, leaseMs);
  const record = recordEverything(connection);
  const startExecutor = (more: Readonly<Record<string, string>> = {}): Promise<StartedService> =>
    startService(EXECUTOR_MAIN, {
      env: { NATS_URL: url, MILLRACE_DATA_DIR: dataDir, MILLRACE_MASTER_KEY: MASTER_KEY, ...env, ...more },
    });
  const bundles = openBundles(connection);
  const executor = await startExecutor();
  const append = (event: RunDispatched): Promise<void> => appendDispatch(connection, event);
  const { eventsOf, outputOf } = record;
  return {
    executor,
    dataDir,
    heartbeats: leader.heartbeats,
    startExecutor,
    eventsOf,
    outputOf,
    textOf: (runId) => textOf(outputOf(runId)),
    store: bundles.put,
    deploy: async (file, text, metadata = {}) => {
      const object = encodeBundle({ file, ...metadata }, Buffer.from(text));
      const version = createHash('sha256').update(object).digest('hex');
      await bundles.put(version, object);
      return version;
    },
    setSecret: (name, change) => setSecret(connection, name, change),
    dispatch: async (overrides) => {
      const event = dispatched({ executor: await leader.executor(), ...overrides });
      await append(event);
      return event;
    },
    repeat: (dispatch) => append({ ...dispatch, id: `${dispatch.id}-again` }),
    cancel: leader.cancel,
    drop: leader.drop,
    answer: leader.answer,
    ending: (runId, timeoutMs = 20_000) => eventually(() => lastOf(eventsOf(runId)), { timeoutMs }),
    close: async () => {
      await executor.stop();
      leader.close();
      await record.stop();
      await connection.close();
    },
  };
};
