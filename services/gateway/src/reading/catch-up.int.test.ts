import { logSubject } from '@millrace/contracts';
import { connectLog, ensureTopology, logBounds, makeEventWriter } from '@millrace/eventlog';
import { openReadModel, writeRuns } from '@millrace/read-model';
import { claimDatabase, claimNats, requested } from '@millrace/testkit';
import { expect, test } from 'vitest';
import { makeCatchUp } from './catch-up.ts';
import { makeProjectionWatch } from './projection-watch.ts';

const SHARD = 0;

test('says whether the read models hold what the log holds, also when nobody knows', async () => {
  const connection = await connectLog({ url: claimNats().url, name: 'test' });
  await ensureTopology(connection, { logMaxBytes: 64 * 1024 * 1024 });
  const readModel = openReadModel({ url: (await claimDatabase()).url, poolMax: 2, applicationName: 'test' });
  const watch = makeProjectionWatch({ connection, readModel, shard: SHARD });
  const catchUp = makeCatchUp({ connection, watches: [watch] });
  expect(await catchUp()).toBe(true);

  const subject = logSubject.commit(SHARD);
  const writer = makeEventWriter(connection, {
    shard: SHARD,
    subject,
    inFlightMax: 1,
    timeoutMs: 5_000,
    retry: 'never',
  });
  await writer.append([requested()]);
  await writer.close();
  expect(await catchUp()).toBe(false);

  const { last } = await logBounds(connection, SHARD);
  await writeRuns(readModel, { shard: SHARD, from: 0, to: last, storedAt: 1, born: [], changed: [], events: [] });
  expect(await catchUp()).toBe(true);

  await connection.close();
  expect(await catchUp()).toBe(false);
  watch.close();
  await readModel.close();
});
