/** An executor of a server with two shards, and two leaders that are played here. */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBundle, type Heartbeat, type HeartbeatAnswer, logSubject, messagingSubject } from '@millrace/contracts';
import {
  connectLog,
  ensureTopology,
  type LogConnection,
  makeEventWriter,
  openBundles,
  respond,
} from '@millrace/eventlog';
import {
  claimNats,
  dispatched,
  eventually,
  makeTempFolder,
  startService,
  type StartedService,
} from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processesWith } from '../testing/processes.ts';
import { MASTER_KEY } from '../testing/scheduler-driver.ts';

const SHARDS = 2;
const LEASE_MS = 3_000;
const PATIENT = { timeoutMs: 20_000 };
const folder = makeTempFolder('executor-shards');

class Leader {
  readonly shard: number;
  readonly heartbeats: Heartbeat[] = [];
  readonly close: () => void;
  isSilent = false;

  constructor(connection: LogConnection, shard: number) {
    this.shard = shard;
    this.close = respond(connection, messagingSubject.heartbeat(shard), async (text) => {
      if (this.isSilent) throw new Error('silent');
      this.heartbeats.push(JSON.parse(text) as Heartbeat);
      return JSON.stringify({ leaseMs: LEASE_MS, known: true, cancel: [] } satisfies HeartbeatAnswer);
    }).close;
  }

  get latest(): Heartbeat {
    const latest = this.heartbeats.at(-1);
    if (latest === undefined) throw new Error('nobody was heard');
    return latest;
  }
}

let connection: LogConnection;
let leaders: Leader[] = [];
let executor: StartedService;

beforeAll(async () => {
  const { url } = claimNats();
  connection = await connectLog({ url, name: 'test' });
  await ensureTopology(connection, { logMaxBytes: 64 * 1_048_576, shards: SHARDS });
  leaders = [0, 1].map((shard) => new Leader(connection, shard));
  executor = await startService(new URL('main.ts', import.meta.url).pathname, {
    env: {
      NATS_URL: url,
      MILLRACE_DATA_DIR: folder,
      MILLRACE_MASTER_KEY: MASTER_KEY,
      MILLRACE_SHARDS: String(SHARDS),
      MILLRACE_SLOTS: '5',
      MILLRACE_HEARTBEAT_MS: '50',
    },
  });
  await eventually(() => leaders.map(({ latest }) => latest), PATIENT);
});
afterAll(async () => {
  await executor.kill();
  for (const { close } of leaders) close();
  await connection.close();
});

const deploy = async (file: string, text: string): Promise<string> => {
  const object = encodeBundle({ file }, Buffer.from(text));
  const version = createHash('sha256').update(object).digest('hex');
  await openBundles(connection).put(version, object);
  return version;
};

const dispatch = async ({ shard, latest }: Leader, version: string, kind: 'script' | 'workflow'): Promise<string> => {
  const subject = logSubject.dispatch(shard, latest.executor);
  const writer = makeEventWriter(connection, {
    shard,
    subject,
    inFlightMax: 1,
    timeoutMs: 5_000,
    retry: 'until-closed',
  });
  const event = dispatched({ executor: latest.executor, version, kind });
  await writer.append([event]);
  await writer.close();
  return event.subject;
};

/** A script with a child, and a workflow that says ten times a second that it lives. */
const startLong = async (leader: Leader) => {
  const mark = randomUUID();
  const ticks = join(folder, `ticks-${mark}`);
  const script = await deploy('long.sh', `trap '' TERM\nsh -c 'sleep 60; : ${mark}' &\nsh -c 'sleep 60; : ${mark}'\n`);
  const handler = `() => new Promise(() => setInterval(() => appendFileSync('${ticks}', '.'), 100))`;
  const text = `import { appendFileSync } from 'node:fs';
    export default { [Symbol.for('millrace.workflow')]: { definition: {}, handler: ${handler} } };`;
  const ids = [
    await dispatch(leader, script, 'script'),
    await dispatch(leader, await deploy('long.mjs', text), 'workflow'),
  ];
  const held = (): boolean => ids.every((id) => leader.latest.held.some(({ runId }) => runId === id));
  const count = (): number => readFileSync(ticks, 'utf8').length;
  await eventually(() => {
    expect(processesWith(mark)).toHaveLength(2);
    expect(count()).toBeGreaterThan(0);
    expect(held()).toBe(true);
  }, PATIENT);
  const stands = async (): Promise<boolean> => {
    const before = count();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return count() === before;
  };
  return { processes: () => processesWith(mark), stands, held, ticks: count };
};

test('its slots are divided among the leaders, each of which knows it by another id', () => {
  const slots = leaders.map(({ latest }) => latest.slots);
  expect(slots.sort((a, b) => a - b)).toEqual([2, 3]);
  expect(new Set(leaders.map(({ latest }) => latest.executor)).size).toBe(SHARDS);
});

test('a leader that is silent takes down what it gave out, and nothing else', async () => {
  const [spared, silent] = leaders as [Leader, Leader];
  const [kept, lost] = [await startLong(spared), await startLong(silent)];
  const { executor: before } = silent.latest;
  silent.isSilent = true;
  await eventually(() => expect(lost.processes()).toEqual([]), PATIENT);
  await eventually(async () => expect(await lost.stands()).toBe(true), PATIENT);
  const ticks = kept.ticks();
  await eventually(() => expect(kept.ticks()).toBeGreaterThan(ticks + 3), PATIENT);
  expect(kept.processes()).toHaveLength(2);
  expect(kept.held()).toBe(true);
  silent.isSilent = false;
  await eventually(() => expect(silent.latest.executor).not.toBe(before), PATIENT);
  expect(silent.latest.held).toEqual([]);
});

test('frozen beyond its leases it leaves nothing of any shard running', async () => {
  const both = await Promise.all(leaders.map(startLong));
  process.kill(executor.pid, 'SIGSTOP');
  try {
    for (const { processes, stands } of both) {
      await eventually(() => expect(processes()).toEqual([]), PATIENT);
      await eventually(async () => expect(await stands()).toBe(true), PATIENT);
    }
  } finally {
    process.kill(executor.pid, 'SIGCONT');
  }
});
