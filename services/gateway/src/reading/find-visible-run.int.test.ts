import { logStream, logSubject, SINGLE_RING } from '@millrace/contracts';
import {
  connectLog,
  ensureTopology,
  logBounds,
  type LogConnection,
  makeEventWriter,
  readCommit,
  request,
} from '@millrace/eventlog';
import { openReadModel, type ReadModel, writeRuns } from '@millrace/read-model';
import { aRunId, claimDatabase, claimNats, requested } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeEndedRuns } from '../waiting/ended-runs.ts';
import { makeFindVisibleRun } from './find-visible-run.ts';
import { makeProjectionWatch, type ProjectionWatch } from './projection-watch.ts';

const SHARD = 0;
const TOPOLOGY = { logMaxBytes: 64 * 1024 * 1024 };
const READER = { id: 'reader', scopes: ['read'] };

let connection: LogConnection;
let readModel: ReadModel;
let watch: ProjectionWatch;
beforeAll(async () => {
  connection = await connectLog({ url: claimNats().url, name: 'test' });
  await ensureTopology(connection, TOPOLOGY);
  readModel = openReadModel({ url: (await claimDatabase()).url, poolMax: 2, applicationName: 'test' });
  watch = makeProjectionWatch({ connection, readModel, shard: SHARD });
});
afterAll(async () => {
  watch.close();
  await readModel.close();
  await connection.close();
});

const append = async (commits: number): Promise<void> => {
  const subject = logSubject.commit(SHARD);
  const options = { shard: SHARD, subject, inFlightMax: 1, timeoutMs: 5_000, retry: 'never' } as const;
  const writer = makeEventWriter(connection, options);
  for (let commit = 0; commit < commits; commit += 1) await writer.append([requested()]);
  await writer.close();
};

test('a run that is nowhere is not found, and unknown once the log was replaced, also by one of the same length', async () => {
  const find = makeFindVisibleRun({
    connection,
    readModel,
    watches: [watch],
    ended: makeEndedRuns(),
    reveal: { run: async (row) => row },
    ring: SINGLE_RING,
  });
  await append(3);
  const { last } = await logBounds(connection, SHARD);
  const storedAt = (await readCommit(connection, SHARD, last))?.time;
  await writeRuns(readModel, { shard: SHARD, from: 0, to: last, storedAt, born: [], changed: [], events: [] });
  await expect(find(READER, aRunId())).rejects.toMatchObject({ kind: 'not_found', code: 'run.not_found' });

  await request(connection, `$JS.API.STREAM.DELETE.${logStream(SHARD)}`, '', 2_000);
  await ensureTopology(connection, TOPOLOGY);
  const otherLog = { kind: 'unavailable', code: 'read_model.other_log' };
  for (const grown of [0, 3, 1]) {
    await append(grown);
    await expect(find(READER, aRunId())).rejects.toMatchObject(otherLog);
  }
  expect((await logBounds(connection, SHARD)).last).toBe(last + 1);
});

test('a place that the projector passed is not passed any more once the position went back', async () => {
  const stand = async (from: number, to: number): Promise<void> => {
    await writeRuns(readModel, { shard: 7, from, to, storedAt: undefined, born: [], changed: [], events: [] });
  };
  const other = makeProjectionWatch({ connection, readModel, shard: 7 });
  await stand(0, 9);
  expect(await other.passes('runs', 9, 0)).toBe(true);
  await stand(9, 4);
  expect(await other.passes('runs', 9, 0)).toBe(false);
  other.close();
});
