import { ensureTopology, type EventWriter, type LogConnection, logFill, probeLog } from '@millrace/eventlog';
import { AppError } from '@millrace/kernel';
import { claimDatabase, claimNats, completed, eventually } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../testing/start-test-gateway.ts';

const MIB = 1_048_576;
const START = { method: 'POST', url: '/run/tests/mine' } as const;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ natsUrl: claimNats().url, databaseUrl: (await claimDatabase()).url });
  await ensureTopology(gateway.connection, { logMaxBytes: 4 * MIB });
  await gateway.deploy('tests/mine');
  await eventually(() => expect(gateway.catalog.entries().size).toBe(1));
});
afterAll(() => gateway.close());

const start = async (key?: string): Promise<readonly [status: number, answer: unknown]> => {
  const response = await gateway.call({ ...START, headers: key === undefined ? {} : { 'idempotency-key': key } });
  const { run_id: runId, code } = response.json<{ run_id?: string; code?: string }>();
  return [response.statusCode, runId ?? code];
};

/** Writes until nothing of this size fits any more. */
const fillWith = async (writer: EventWriter, bytes: number): Promise<void> => {
  for (;;) {
    try {
      await writer.append([completed({ output: 'x'.repeat(bytes) })]);
    } catch (error) {
      if (error instanceof AppError && error.code === 'log.full') return;
      throw error;
    }
  }
};

/** A probe is the smallest message there is. */
const probeUntilFull = async (connection: LogConnection): Promise<void> => {
  for (let probes = 0; probes < 100; probes += 1) await probeLog(connection, { shard: 0, timeoutMs: 5_000 });
};

const FULL = [503, 'log.full'];

test('in a full log a repeat under a known key gets its run, and everything else is refused', async () => {
  const [status, runId] = await start('known');
  expect(status).toBe(202);
  for (const bytes of [500_000, 50_000, 5_000, 500, 1]) await fillWith(gateway.writer, bytes);
  await expect(probeUntilFull(gateway.connection)).rejects.toMatchObject({ kind: 'unavailable', code: 'log.full' });

  await eventually(async () => expect(await start()).toEqual(FULL));
  expect(await start('new')).toEqual(FULL);
  expect(await start('known')).toEqual([202, runId]);
  const { bytes, maxBytes } = await logFill(gateway.connection, 0);
  expect(maxBytes - bytes).toBeLessThan(2_000);
});

test('a log that has room again is written to and takes requests, with nobody asking for it', async () => {
  await ensureTopology(gateway.connection, { logMaxBytes: 16 * MIB });
  await probeLog(gateway.connection, { shard: 0, timeoutMs: 2_000 });
  await eventually(async () => expect((await start('new'))[0]).toBe(202));
});

test('what a request takes in the log is limited as it is written', async () => {
  const input = `[${'1e20,'.repeat(40_000)}0]`;
  const large = await gateway.call({
    ...START,
    headers: { 'content-type': 'application/json' },
    payload: `{"input":${input}}`,
  });
  expect([large.statusCode, large.json()]).toMatchObject([202, {}]);
  const larger = await gateway.call({
    ...START,
    headers: { 'content-type': 'application/json' },
    payload: `{"input":[${'1e20,'.repeat(100_000)}0]}`,
  });
  const error = 'the input takes 2200003 bytes as JSON; 1048576 are allowed';
  expect([larger.statusCode, larger.json()]).toEqual([413, { error, max_bytes: 1_048_576 }]);
});
