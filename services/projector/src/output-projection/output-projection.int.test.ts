import { type OutputChunk } from '@millrace/contracts';
import { makeOutputWriter, outputBounds } from '@millrace/eventlog';
import { listOutput, projectedPosition } from '@millrace/read-model';
import { startPostgres } from '@millrace/embedded';
import { aRunId, eventually, makeTempFolder, requested } from '@millrace/testkit';
import { findRun, hashReadModel } from '@millrace/read-model';
import { expect, test } from 'vitest';
import { makeLog, makeRandom, NASTY } from '../../testing/histories.ts';
import { makeBed, type ProjectorBed, SHARD } from '../../testing/projector-bed.ts';
import { rebuildReadModel } from '../rebuild/rebuild-read-model.ts';

const chunkOf = (runId: string, index: number): OutputChunk => ({
  runId,
  attempt: 1,
  index,
  stream: index % 2 === 0 ? 'stdout' : 'stderr',
  time: '2026-01-02T03:04:05.678Z',
  text: `${index} ${NASTY}`,
});

const outputCaughtUp = async ({ connection, readModel }: ProjectorBed): Promise<void> => {
  const { last } = await outputBounds(connection);
  await eventually(async () => expect(await projectedPosition(readModel, SHARD, 'output')).toBe(last));
};

test('output is folded in its order over a SIGKILL, and is there again after a rebuild', async () => {
  const bed = await makeBed();
  try {
    const projector = await bed.startProjector();
    const writer = makeOutputWriter(bed.connection, { shard: SHARD });
    const [one, two] = [aRunId(), aRunId()];
    for (let index = 0; index < 300; index += 1) {
      writer.append(chunkOf(one, index));
      writer.append(chunkOf(two, index));
      if (index === 150) await Promise.all([writer.flush(), projector.kill()]);
    }
    writer.append({ ...chunkOf('no run', 0) });
    writer.append({ ...chunkOf(one, 300), time: 'soon' });
    await writer.flush();
    await writer.close();
    await bed.startProjector();
    await outputCaughtUp(bed);
    const expected = Array.from({ length: 300 }, (_, index) => `${index} ${NASTY}`);
    for (const id of [one, two])
      expect((await listOutput(bed.readModel, id)).map(({ text }) => text)).toEqual(expected);
    await rebuildReadModel({ natsUrl: bed.natsUrl, databaseUrl: bed.databaseUrl });
    expect((await listOutput(bed.readModel, two)).map(({ text }) => text)).toEqual(expected);
  } finally {
    await bed.close();
  }
});

test('while Postgres is down nothing is lost, and the rows go on by themselves when it is back', async () => {
  const dataDir = makeTempFolder('projector-postgres');
  let postgres = await startPostgres({ dataDir });
  const bed = await makeBed({ databaseUrl: postgres.url });
  try {
    const projector = await bed.startProjector();
    await bed.append(makeLog(60, makeRandom(1)).commits);
    await bed.caughtUp();
    postgres.kill();
    await postgres.exited;
    const { commits } = makeLog(120, makeRandom(2));
    const run = requested();
    await bed.append([...commits, [run]]);
    await expect(findRun(bed.readModel, run.subject)).rejects.toMatchObject({ kind: 'unavailable' });
    await eventually(async () => expect((await fetch(`${projector.adminUrl}/health/ready`)).status).toBe(503));
    postgres = await startPostgres({ dataDir, port: postgres.port });
    await eventually(async () => expect(await findRun(bed.readModel, run.subject)).toBeDefined());
    await bed.caughtUp();
    const before = await hashReadModel(bed.readModel);
    await rebuildReadModel({ natsUrl: bed.natsUrl, databaseUrl: bed.databaseUrl });
    expect(await hashReadModel(bed.readModel)).toBe(before);
    await eventually(async () => expect((await fetch(`${projector.adminUrl}/health/ready`)).status).toBe(200));
  } finally {
    await bed.close();
    await postgres.stop();
  }
});
