import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { INBOX_STREAM, type InboxRecord, logStream } from '@millrace/contracts';
import { inboxBounds, logBounds, makeInboxWriter, request } from '@millrace/eventlog';
import { hashReadModel, listRefusedRequests, listRuns } from '@millrace/read-model';
import { aRunId, completed, dispatched, eventually, requested, started } from '@millrace/testkit';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeLog, makeRandom, NASTY } from '../../testing/histories.ts';
import { makeBed, type ProjectorBed, SHARD } from '../../testing/projector-bed.ts';
import { rebuildReadModel } from './rebuild-read-model.ts';

const ENTRY = new URL('./main.ts', import.meta.url).pathname;

let bed: ProjectorBed;
beforeEach(async () => {
  bed = await makeBed();
});
afterEach(async () => bed.close());

const rebuild = async () => rebuildReadModel({ natsUrl: bed.natsUrl, databaseUrl: bed.databaseUrl });

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
  expect((await rebuild())[0]?.runs).toMatchObject({ first: middle, last, isSame: true });
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

const aRefusedRequest = (index: number): InboxRecord => ({
  ...{ id: aRunId(), time: new Date(1_800_000_000_000 + index).toISOString(), workspace: 'default', workflow: 'a/b' },
  ...{ dialect: 'hooks', trigger: 'hooks', outcome: 'refused', code: 'signature.refused', reason: `${NASTY} ${index}` },
  ...{ verified: 'none', method: 'POST', path: '/hooks/x', route: '/hooks/*', params: {}, query: [['a', NASTY]] },
  ...{ headers: [], body: { text: NASTY, encoding: 'utf8', cut: false }, bodyBytes: 9, from: '127.0.0.1' },
});

test('refused requests come back from their stream, those that it no longer holds do not', async () => {
  const projector = await bed.startProjector();
  const writer = makeInboxWriter(bed.connection, { shard: SHARD });
  const ids = async (): Promise<readonly string[]> =>
    (await listRefusedRequests(bed.readModel, { limit: 200 })).map(({ id }) => id);
  const rowsOf = async () =>
    (await sql`select row_::text as text from millrace.inbox_request row_ order by id`.execute(bed.readModel.db)).rows;
  const records = Array.from({ length: 60 }, (_, index) => aRefusedRequest(index));
  for (const [index, record] of records.entries()) {
    writer.append(record);
    if (index % 20 === 19) await writer.flush();
  }
  await eventually(async () => expect(await ids()).toHaveLength(60));
  const before = await rowsOf();
  await rebuild();
  expect(await rowsOf()).toEqual(before);

  const { last } = await inboxBounds(bed.connection);
  expect(last).toBeGreaterThan(1);
  await request(bed.connection, `$JS.API.STREAM.PURGE.${INBOX_STREAM}`, JSON.stringify({ seq: last }), 2_000);
  await projector.kill();
  await rebuild();
  const left = await rowsOf();
  expect(left.length).toBeGreaterThan(0);
  expect(left.length).toBeLessThan(60);
  expect(before).toEqual(expect.arrayContaining(left));
  expect(await ids()).toContain(records.at(-1)?.id);
  await writer.close();
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
