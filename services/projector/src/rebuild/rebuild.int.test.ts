import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { logStream } from '@millrace/contracts';
import { logBounds, request } from '@millrace/eventlog';
import { hashReadModel, listRuns } from '@millrace/read-model';
import { aRunId, completed, dispatched, requested, started } from '@millrace/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeLog, makeRandom } from '../../testing/histories.ts';
import { makeBed, type ProjectorBed, SHARD } from '../../testing/projector-bed.ts';
import { rebuildReadModel } from './rebuild-read-model.ts';

const ENTRY = new URL('./main.ts', import.meta.url).pathname;

let bed: ProjectorBed;
beforeEach(async () => {
  bed = await makeBed();
});
afterEach(async () => bed.close());

const rebuild = async () => rebuildReadModel({ natsUrl: bed.natsUrl, databaseUrl: bed.databaseUrl, shard: SHARD });

const appendInParts = async (runs: number, seed: number, parts: number): Promise<void> => {
  const { commits } = makeLog(runs, makeRandom(seed));
  const part = Math.ceil(commits.length / parts);
  for (let begin = 0; begin < commits.length; begin += part) await bed.append(commits.slice(begin, begin + part));
};

test('runs that the log no longer holds, wholly or in part, are taken over as they are', async () => {
  await bed.startProjector();
  await appendInParts(200, 21, 10);
  await bed.caughtUp();
  const before = await hashReadModel(bed.readModel);
  const { last } = await logBounds(bed.connection, SHARD);
  const middle = Math.floor(last / 2);
  await request(bed.connection, `$JS.API.STREAM.PURGE.${logStream(SHARD)}`, JSON.stringify({ seq: middle }), 2_000);
  expect((await logBounds(bed.connection, SHARD)).first).toBe(middle);
  expect((await rebuild()).runs).toMatchObject({ first: middle, last, isSame: true });
  expect(await hashReadModel(bed.readModel)).toBe(before);
});

test('a run that the log only holds a repeated request of is taken over as it is', async () => {
  await bed.startProjector();
  const runId = aRunId();
  await bed.append([[requested({ runId }), dispatched({ runId })]]);
  await bed.append([[requested({ runId, input: 'again' }), started({ runId })], [completed({ runId })]]);
  await bed.caughtUp();
  const before = await hashReadModel(bed.readModel);
  const second = (await logBounds(bed.connection, SHARD)).last - 1;
  await request(bed.connection, `$JS.API.STREAM.PURGE.${logStream(SHARD)}`, JSON.stringify({ seq: second }), 2_000);
  await rebuild();
  expect(await hashReadModel(bed.readModel)).toBe(before);
});

test('while the projector goes on writing, a rebuild swaps in the same rows', async () => {
  await bed.startProjector();
  await appendInParts(150, 31, 5);
  const appending = appendInParts(300, 32, 30);
  await rebuild();
  await rebuild();
  await appending;
  await bed.caughtUp();
  const before = await hashReadModel(bed.readModel);
  await rebuild();
  expect(await hashReadModel(bed.readModel)).toBe(before);
});

test('tables that were dropped come back from the log alone', async () => {
  const projector = await bed.startProjector();
  await appendInParts(100, 41, 3);
  await bed.caughtUp();
  const before = await hashReadModel(bed.readModel);
  await projector.kill();
  await sql`drop schema millrace cascade`.execute(bed.readModel.db);
  await rebuild();
  expect(await hashReadModel(bed.readModel)).toBe(before);
});

test('of two rebuilds at the same time one is refused', async () => {
  await appendInParts(100, 51, 3);
  const outcomes = await Promise.allSettled([rebuild(), rebuild()]);
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason as unknown);
  expect(refused).toMatchObject([{ kind: 'conflict', code: 'rebuild.running' }]);
});

test('the command says how far it is, in lines of JSON, and ends with what it did', async () => {
  await appendInParts(60, 61, 2);
  const env = { ...process.env, NATS_URL: bed.natsUrl, DATABASE_URL: bed.databaseUrl };
  const args = ['--conditions=@millrace/source', ENTRY];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const { last } = await logBounds(bed.connection, SHARD);
  expect(lines.filter(({ projection }) => projection === 'runs').at(-1)).toMatchObject({
    sequence: last,
    target: last,
  });
  expect(lines.at(-1)).toMatchObject({ type: 'done', runs: { last } });
  expect((await listRuns(bed.readModel, { limit: 100 })).runs).toHaveLength(60);

  const nowhere = { ...env, DATABASE_URL: 'postgres://x@127.0.0.1:1/x' };
  const failed = promisify(execFile)(process.execPath, args, { env: nowhere });
  await expect(failed).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('"read_model.unavailable"') as string,
  });
});
