import { AppError } from '@millrace/kernel';
import { followOutput, type LogConnection, type OutputPack } from '@millrace/eventlog';
import { migrate, projectedAnchor, type ReadModel, writeOutput } from '@millrace/read-model';
import { type ProjectorMetrics } from '../projector-metrics.ts';
import { checkSameOutput } from '../same-log.ts';
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
  const anchor = await projectedAnchor(readModel, shard, 'output');
  await checkSameOutput(deps, anchor);
  let position = anchor.sequence;
  onStep();

  const write = async (packs: readonly OutputPack[]): Promise<void> => {
    const begin = performance.now();
    const chunks = outputRecordsOf(packs);
    const last = packs.at(-1);
    if (last === undefined) return;
    const { sequence: to, storedAt } = last;
    const outcome = await writeOutput(readModel, { shard, from: position, to, storedAt, chunks });
    if (outcome === 'moved') throw new AppError('conflict', 'projection.moved', 'another projector writes the output');
    position = to;
    metrics.projected('output', position, shard);
    metrics.batch('output', chunks.length, (performance.now() - begin) / 1_000);
    onStep();
  };

  const options = { shard, fromSequence: position + 1, anchor, signal };
  for await (const packs of followOutput(connection, options)) await write(packs);
};
