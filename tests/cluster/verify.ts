/** What a reader of rows, a subscriber and the workflows themselves saw. */
import { readFileSync } from 'node:fs';
import { jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { eventually } from '@millrace/testkit';
import pg from 'pg';
import { expect } from 'vitest';
import { type Cluster } from './cluster.ts';

/** A lost executor is declared after 15 s, a new leader waits as long again, and the machine has much to do. */
const END_TIMEOUT_MS = 240_000;

export const connectNats = (url: string) => {
  const servers = url.split(',').map((text) => new URL(text));
  const [first] = servers;
  return connect({
    servers: servers.map(({ host }) => host),
    ...(first === undefined ? {} : { user: first.username, pass: first.password }),
  });
};

/** Waits until the rows say that every run has completed. */
export const untilAllCompleted = async ({ databaseUrl }: Cluster, runIds: readonly string[]): Promise<void> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await eventually(
      async () => {
        const { rows } = await client.query<{ id: string; state: string }>(
          'SELECT id, state FROM millrace.run WHERE id = ANY($1)',
          [runIds],
        );
        const states = new Map(rows.map(({ id, state }) => [id, state]));
        const open = runIds.filter((id) => states.get(id) !== 'completed');
        const some = open.slice(0, 3).map((id) => `${id} ${states.get(id) ?? 'without a row'}`);
        if (open.length > 0) throw new Error(`${open.length} runs are not completed, such as ${some.join(', ')}`);
      },
      { timeoutMs: END_TIMEOUT_MS, intervalMs: 250 },
    );
  } finally {
    await client.end();
  }
};

/** Lines `<run id> <attempt>` that the workflows wrote. */
export const readWitness = (file: string): readonly string[] => readFileSync(file, 'utf8').trim().split('\n');

/** Every run ran, and no attempt twice. */
export const checkWitness = (file: string, runIds: readonly string[]): void => {
  const lines = readWitness(file);
  expect(new Set(lines).size).toBe(lines.length);
  const ran = new Set(lines.map((line) => line.split(' ')[0]));
  expect(runIds.filter((id) => !ran.has(id))).toEqual([]);
};

const TERMINAL = new Set(['completed', 'failed', 'cancelled', 'timed_out', 'rejected']);

interface PublicEvent {
  readonly name: string;
  readonly runId: string;
  /** Position in the log. */
  readonly position: readonly [number, number];
}

const publicEventOf = ({ subject, headers }: JsMsg): PublicEvent => {
  const [sequence = 0, index = 0] = (headers?.get('Millrace-Position') ?? '').split('.').map(Number);
  return { name: subject.split('.')[1] ?? '', runId: headers?.get('ce-subject') ?? '', position: [sequence, index] };
};

const readPublicEvents = async ({ nats }: Cluster): Promise<readonly PublicEvent[]> => {
  const connection = await connectNats(nats.url);
  try {
    const consumer = await jetstream(connection).consumers.get('EVENTS', { filter_subjects: ['run.>'] });
    const events: PublicEvent[] = [];
    let pending = (await consumer.info()).num_pending;
    while (pending > 0) {
      for await (const message of await consumer.fetch({ max_messages: 500, expires: 5_000 })) {
        events.push(publicEventOf(message));
        pending = message.info.pending;
        if (pending === 0) break;
      }
    }
    return events;
  } finally {
    await connection.close();
  }
};

const isBehind = (
  [sequence, index]: PublicEvent['position'],
  [before, beforeIndex]: PublicEvent['position'],
): boolean => sequence > before || (sequence === before && index > beforeIndex);

/** Public events: in the order of the log, none twice, one terminal event for each run. */
export const checkPublicEvents = (cluster: Cluster, runIds: readonly string[]): Promise<void> =>
  eventually(
    async () => {
      const events = await readPublicEvents(cluster);
      const disordered = events.filter((event, index) => {
        const before = events[index - 1];
        return before !== undefined && !isBehind(event.position, before.position);
      });
      expect(disordered).toEqual([]);
      const ends = new Map<string, number>();
      for (const { name, runId } of events) if (TERMINAL.has(name)) ends.set(runId, (ends.get(runId) ?? 0) + 1);
      expect(runIds.filter((id) => ends.get(id) !== 1)).toEqual([]);
    },
    { timeoutMs: END_TIMEOUT_MS, intervalMs: 500 },
  );

/** Every stream by name: how many servers keep it, and whether all of these are up to date. */
export const readReplicas = async ({
  nats,
}: Cluster): Promise<ReadonlyMap<string, { readonly copies: number; readonly isCurrent: boolean }>> => {
  const connection = await connectNats(nats.url);
  try {
    const manager = await jetstreamManager(connection);
    const found = new Map<string, { readonly copies: number; readonly isCurrent: boolean }>();
    for await (const { config, cluster } of manager.streams.list()) {
      const replicas = cluster?.replicas ?? [];
      const isCurrent = replicas.length === config.num_replicas - 1 && replicas.every(({ current }) => current);
      found.set(config.name, { copies: config.num_replicas, isCurrent });
    }
    return found;
  } finally {
    await connection.close();
  }
};

export const untilReplicated = (cluster: Cluster): Promise<void> =>
  eventually(
    async () => {
      const behind = [...(await readReplicas(cluster))].filter(([, { isCurrent }]) => !isCurrent).map(([name]) => name);
      expect(behind).toEqual([]);
    },
    { timeoutMs: END_TIMEOUT_MS, intervalMs: 250 },
  );
