/** Judges a run of faults by what clients, workflows and subscribers saw, and by nothing that a service says about itself. */
import { readFileSync } from 'node:fs';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { eventually, type TestPlatform } from '@millrace/testkit';
import pg from 'pg';
import { expect } from 'vitest';

const TERMINAL = new Set(['completed', 'failed', 'cancelled', 'timed_out', 'rejected']);

interface PublicEvent {
  readonly name: string;
  readonly runId: string;
  readonly attempt: string;
  readonly position: string;
}

/** Everything on `EVENTS`, in order, as any NATS client reads it. */
const readPublicEvents = async (natsUrl: string): Promise<readonly PublicEvent[]> => {
  const { host, username, password } = new URL(natsUrl);
  const nats = await connect({ servers: host, user: username, pass: password });
  try {
    const consumer = await jetstream(nats).consumers.get('EVENTS', { filter_subjects: ['run.>'] });
    const events: PublicEvent[] = [];
    let pending = (await consumer.info()).num_pending;
    while (pending > 0) {
      for await (const message of await consumer.fetch({ max_messages: 500, expires: 5_000 })) {
        const header = (name: string): string => message.headers?.get(name) ?? '';
        events.push({
          name: message.subject.split('.')[1] ?? '',
          runId: header('ce-subject'),
          attempt: header('ce-attempt'),
          position: header('Millrace-Position'),
        });
        pending = message.info.pending;
        if (pending === 0) break;
      }
    }
    return events;
  } finally {
    await nats.close();
  }
};

const positionKey = (position: string): number => {
  const [sequence = '0', index = '0'] = position.split('.');
  return Number(sequence) * 1_000 + Number(index);
};

/** Public events: one terminal event for each run, each attempt started once, log order, no position twice. */
export const checkPublicEvents = async (platform: TestPlatform, runIds: readonly string[]): Promise<void> => {
  await eventually(
    async () => {
      const events = await readPublicEvents(platform.natsUrl);
      const keys = events.map(({ position }) => positionKey(position));
      expect(keys.every((key, index) => index === 0 || key > (keys[index - 1] ?? 0))).toBe(true);
      const terminals = new Map<string, number>();
      for (const { name, runId } of events)
        if (TERMINAL.has(name)) terminals.set(runId, (terminals.get(runId) ?? 0) + 1);
      expect(runIds.filter((id) => terminals.get(id) !== 1)).toEqual([]);
      const starts = events.filter(({ name }) => name === 'started').map(({ runId, attempt }) => `${runId} ${attempt}`);
      expect(new Set(starts).size).toBe(starts.length);
    },
    { timeoutMs: 30_000, intervalMs: 500 },
  );
};

/** Witness: what ran, ran once per attempt, and every acknowledged run did run. */
export const checkWitness = (file: string, runIds: readonly string[]): void => {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  expect(new Set(lines).size).toBe(lines.length);
  const ran = new Set(lines.map((line) => line.split(' ')[0]));
  expect(runIds.filter((id) => !ran.has(id))).toEqual([]);
};

/** Waits until the read model shows every run as completed. Runs of these tests cannot fail by themselves. */
export const untilAllCompleted = async (
  { databaseUrl }: TestPlatform,
  runIds: readonly string[],
  timeoutMs: number,
): Promise<void> => {
  await eventually(
    async () => {
      const client = new pg.Client({ connectionString: databaseUrl });
      client.on('error', () => undefined); // Postgres may be killed under us; the next try connects anew
      await client.connect();
      try {
        const { rows } = await client.query<{ id: string; state: string }>(
          'SELECT id, state FROM millrace.run WHERE id = ANY($1)',
          [runIds],
        );
        const states = new Map(rows.map(({ id, state }) => [id, state]));
        const open = runIds.filter((id) => states.get(id) !== 'completed');
        if (open.length > 0)
          throw new Error(
            `${open.length} runs are not completed, such as ${open[0]} (${states.get(open[0] ?? '') ?? 'no row'})`,
          );
      } finally {
        await client.end();
      }
    },
    { timeoutMs, intervalMs: 200 },
  );
};

/** SHA-256 over every row of the read model in a fixed order. */
export const hashTables = async ({ databaseUrl }: TestPlatform): Promise<Record<string, string>> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const hashOf = async (table: string, order: string): Promise<string> => {
      const { rows } = await client.query<{ hash: string | null }>(
        `SELECT encode(sha256(convert_to(string_agg(t::text, E'\\n' ORDER BY ${order}), 'UTF8')), 'hex') AS hash FROM millrace.${table} AS t`,
      );
      return rows[0]?.hash ?? 'empty';
    };
    return {
      run: await hashOf('run', 't.id'),
      run_event: await hashOf('run_event', 't.run_id, t.sequence, t.index'),
      run_output: await hashOf('run_output', 't.run_id, t.attempt, t.chunk_index'),
    };
  } finally {
    await client.end();
  }
};
