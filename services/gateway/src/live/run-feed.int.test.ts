import { logStream, logSubject, ORIGIN } from '@millrace/contracts';
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
import { makeProjectionWatch, type ProjectionWatch } from '../reading/projection-watch.ts';
import { type LiveHub } from './hub.ts';
import { makeRunFeed, type RunFeedDeps } from './run-feed.ts';

const SHARD = 0;
const TOPOLOGY = { logMaxBytes: 64 * 1024 * 1024 };

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
  const writer = makeEventWriter(connection, {
    shard: SHARD,
    subject,
    inFlightMax: 1,
    timeoutMs: 5_000,
    retry: 'never',
  });
  for (let commit = 0; commit < commits; commit += 1) await writer.append([requested()]);
  await writer.close();
};

/** A hub that begins at the end of the log, where nothing happens any more. */
const hubAt = (sequence: number): LiveHub =>
  ({
    listen: async () => ({ shard: SHARD, from: { event: { sequence, index: 0 }, output: 0 }, close: () => undefined }),
  }) as unknown as LiveHub;

const openFeed = async (): Promise<unknown> => {
  const { last } = await logBounds(connection, SHARD);
  const logOf = async (): Promise<number> => SHARD;
  const deps = { connection, readModel, watches: [watch], logOf, hub: hubAt(last) } as unknown as RunFeedDeps;
  const run = { id: aRunId(), traceId: '0'.repeat(32), isOver: false };
  const after = { event: ORIGIN, output: ORIGIN };
  const { signal } = new AbortController();
  return makeRunFeed(deps)({ run, after, signal, onLagged: () => undefined }).next();
};

test('a reader is told that the read model is behind, or that it is of another log, which no waiting mends', async () => {
  await append(2);
  const { last } = await logBounds(connection, SHARD);
  const storedAt = (await readCommit(connection, SHARD, last))?.time;
  await writeRuns(readModel, { shard: SHARD, from: 0, to: last, storedAt, born: [], changed: [], events: [] });
  await append(1);
  await expect(openFeed()).rejects.toMatchObject({ kind: 'unavailable', code: 'read_model.behind' });

  await request(connection, `$JS.API.STREAM.DELETE.${logStream(SHARD)}`, '', 2_000);
  await ensureTopology(connection, TOPOLOGY);
  await append(4);
  await expect(openFeed()).rejects.toMatchObject({ kind: 'unavailable', code: 'read_model.other_log' });
});
