/**
 * Many of each, on one machine: what a cluster must not lose when a part of it goes, in order or by force. One cluster serves all tests of
 * this file; each leaves it whole.
 */
import { join } from 'node:path';
import { eventually } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Clients, makeClients } from './clients.ts';
import { type Cluster, type Kind, type Member, startCluster } from './cluster.ts';
import {
  checkPublicEvents,
  checkWitness,
  readReplicas,
  readWitness,
  untilAllCompleted,
  untilReplicated,
} from './verify.ts';

const CLIENTS = 8;
const RUNS = 150;
const SLOTS = 4;

/** Both write `<run id> <attempt>` as their first act. */
const WORKFLOWS = {
  'witness/short.sh': `#!/bin/sh
printf '%s %s\\n' "$MILLRACE_RUN_ID" "$MILLRACE_ATTEMPT" >> "$WITNESS"
`,
  'witness/long.sh': `#!/bin/sh
printf '%s %s\\n' "$MILLRACE_RUN_ID" "$MILLRACE_ATTEMPT" >> "$WITNESS"
sleep "$SECONDS_LONG"
`,
  'witness/long.yaml': 'env: [WITNESS, SECONDS_LONG]\n',
  'witness/short.yaml': 'env: [WITNESS]\n',
};

const stack = new AsyncDisposableStack();
let cluster: Cluster;
let clients: Clients;

beforeAll(async () => {
  cluster = await startCluster({
    counts: { gateway: 2, scheduler: 2, executor: 3, projector: 2 },
    workflows: WORKFLOWS,
    concurrentRuns: 64,
    slots: SLOTS,
  });
  stack.defer(() => cluster.stop());
  clients = makeClients(cluster, CLIENTS);
  stack.defer(() => clients.close());
}, 300_000);

afterAll(() => stack.disposeAsync(), 120_000);

const witnessOf = (name: string): string => join(cluster.home, `witness-${name}`);

/** Starts short runs, does something once some are accepted, and goes on until it is done and enough are. */
const runWhile = async (name: string, disturb: () => Promise<void>): Promise<readonly string[]> => {
  let disturbing: Promise<void> | undefined;
  let isDone = false;
  const job = { path: 'witness/short', body: { env: { WITNESS: witnessOf(name) } } };
  const runIds = await clients.send(job, (acknowledged) => {
    if (acknowledged >= RUNS / 3) {
      disturbing ??= disturb().finally(() => (isDone = true));
      disturbing.catch(() => undefined); // awaited below, once the clients have stopped
    }
    return acknowledged >= RUNS && isDone;
  });
  await disturbing;
  return runIds;
};

const checkAll = async (name: string, runIds: readonly string[]): Promise<void> => {
  expect(new Set(runIds).size).toBe(runIds.length);
  await untilAllCompleted(cluster, runIds);
  checkWitness(witnessOf(name), runIds);
  await checkPublicEvents(cluster, runIds);
  expect(clients.failures).toEqual([]);
};

/** One line of JSON for whoever reads the log of the test. */
const tell = (figures: Readonly<Record<string, unknown>>): void =>
  void process.stdout.write(`${JSON.stringify(figures)}\n`);

test('every stream has three copies', async () => {
  const streams = await readReplicas(cluster);
  expect([...streams.keys()]).toEqual(expect.arrayContaining(['LOG_0', 'EVENTS', 'LOGS', 'KV_catalog', 'OBJ_bundles']));
  expect([...streams].filter(([, { copies }]) => copies !== 3)).toEqual([]);
});

describe('the loss of one nats-server', () => {
  test.each([0, 1, 2])('number %i: nothing accepted is lost, no attempt runs twice', async (index) => {
    await untilReplicated(cluster);
    const member = cluster.nats.members[index];
    if (member === undefined) throw new Error('no such server');
    const name = `nats-${index}`;
    const runIds = await runWhile(name, async () => {
      await member.kill();
      await clients.send(
        { path: 'witness/short', body: { env: { WITNESS: witnessOf(`${name}-alone`) } } },
        (acknowledged) => acknowledged >= CLIENTS,
      );
      await member.start();
    });
    await checkAll(name, runIds);
  });
});

describe('a rolling restart', () => {
  test.each<Kind>(['gateway', 'scheduler', 'executor', 'projector'])('of every %s fails no request', async (kind) => {
    const name = `rolling-${kind}`;
    const runIds = await runWhile(name, async () => {
      for (const member of cluster.members(kind)) await member.restart();
    });
    await checkAll(name, runIds);
  });
});

interface Health {
  readonly dependencies: { readonly scheduler?: { readonly detail?: string } };
}

const leads = async ({ service }: Member): Promise<boolean> => {
  const response = await fetch(`${service().adminUrl}/health/ready`, { signal: AbortSignal.timeout(5_000) });
  return ((await response.json()) as Health).dependencies.scheduler?.detail === 'leading';
};

/** The leader, once there is one and it is not `other`. */
const findLeader = (other?: Member): Promise<Member> =>
  eventually(
    async () => {
      for (const member of cluster.members('scheduler')) {
        if (member !== other && (await leads(member).catch(() => false))) return member;
      }
      throw new Error('no scheduler leads');
    },
    { timeoutMs: 60_000, intervalMs: 50 },
  );

test('another scheduler takes over when the leader is killed', async () => {
  const leader = await findLeader();
  const runIds = await runWhile('take-over', async () => {
    const killedAt = performance.now();
    await leader.service().kill();
    const other = await findLeader(leader);
    tell({ test: 'take-over', from: leader.name, to: other.name, ms: Math.round(performance.now() - killedAt) });
    await leader.start();
  });
  await checkAll('take-over', runIds);
});

/** Sends so many long runs and waits until as many as there are slots have begun. */
const startLongRuns = async (name: string, count: number, seconds: string): Promise<readonly string[]> => {
  const job = { path: 'witness/long', body: { env: { WITNESS: witnessOf(name), SECONDS_LONG: seconds } } };
  let left = count;
  return clients.send(job, () => {
    left -= 1;
    return left < 0;
  });
};

const untilStarted = (name: string, count: number): Promise<void> =>
  eventually(() => expect(readWitness(witnessOf(name)).length).toBeGreaterThanOrEqual(count), { timeoutMs: 60_000 });

test('an executor that joins is given what waits', async () => {
  const slots = SLOTS * cluster.members('executor').length;
  const name = 'join';
  const runIds = await startLongRuns(name, slots + SLOTS, '20');
  await untilStarted(name, slots);
  const begin = performance.now();
  const joined = await cluster.add('executor');
  await untilStarted(name, slots + SLOTS);
  tell({ test: 'join', msFromItsStartToAllOfItsSlots: Math.round(performance.now() - begin) });
  await joined.stop();
  await checkAll(name, runIds);
});

describe('an executor that is asked to end', () => {
  const pick = (): Member => {
    const [first] = cluster.members('executor');
    if (first === undefined) throw new Error('no executor');
    return first;
  };

  test('lets runs go on that end within its grace', async () => {
    const name = 'drain-short';
    const runIds = await startLongRuns(name, SLOTS * 3, '2');
    await untilStarted(name, SLOTS * 3);
    await pick().restart();
    await checkAll(name, runIds);
    expect(readWitness(witnessOf(name)).filter((line) => !line.endsWith(' 1'))).toEqual([]);
  });

  test('hands longer ones back, and others run them', async () => {
    const name = 'drain-long';
    const runIds = await startLongRuns(name, SLOTS * 3, '15');
    await untilStarted(name, SLOTS * 3);
    await pick().restart();
    await checkAll(name, runIds);
    const again = readWitness(witnessOf(name)).filter((line) => line.endsWith(' 2'));
    expect(again.length).toBeGreaterThan(0);
  });
});
