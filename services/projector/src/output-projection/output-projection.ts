import { AppError } from '@millrace/kernel';
import { followOutput, type LogConnection, type OutputPack } from '@millrace/eventlog';
import { migrate, projectedPosition, type ReadModel, writeOutput } from '@millrace/read-model';
import { type ProjectorMetrics } from '../projector-metrics.ts';
import { outputRecordsOf } from './output-records.ts';

export interface OutputProjectionDeps {
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
  readonly shard: number;
  readonly signal: AbortSignal;
  readonly metrics: ProjectorMetrics;
}

/** One session of the output projection: from the stored position until the signal aborts or something fails. */
export const followOutputs = async (deps: OutputProjectionDeps, onStep: () => void): Promise<void> => {
  const { connection, readModel, shard, metrics, signal } = deps;
  await migrate(readModel);
  let position = await projectedPosition(readModel, shard, 'output');
  onStep();

  const write = async (packs: readonly OutputPack[]): Promise<void> => {
    const begin = performance.now();
    const chunks = outputRecordsOf(packs);
    const to = packs.at(-1)?.sequence ?? position;
    const outcome = await writeOutput(readModel, { shard, from: position, to, chunks });
    if (outcome === 'moved') throw new AppError('conflict', 'projection.moved', 'another projector writes the output');
    position = to;
    metrics.projected('output', position);
    metrics.batch('output', chunks.length, (performance.now() - begin) / 1_000);
    onStep();
  };

  for await (const packs of followOutput(connection, { shard, fromSequence: position + 1, signal })) await write(packs);
};
