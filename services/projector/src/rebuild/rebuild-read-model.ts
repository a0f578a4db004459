import { shardsUpTo } from '@millrace/contracts';
import { connectLog, inboxBounds, logBounds, type LogConnection, outputBounds, readRing } from '@millrace/eventlog';
import {
  type LivePositions,
  type ProjectedAnchor,
  type Projection,
  type Reach,
  type RebuildReach,
  type ReadModel,
  type RebuildTables,
  projectionsOf,
  withRebuildTables,
} from '@millrace/read-model';
import { invariant } from '@millrace/kernel';
import { findOtherInbox, findOtherLog, findOtherOutput } from '../same-log.ts';
import { foldInboxTo, type FoldTo, foldOutputTo, foldRunsTo, type Reached } from './fold-to.ts';

export interface RebuildProgress {
  readonly projection: Projection;
  /** Where there are several. */
  readonly shard?: number;
  /** Last message folded. */
  readonly sequence: number;
  /** Last message that will be; grows while the live projector goes on. */
  readonly target: number;
}

export interface RebuildOptions {
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly onProgress?: (progress: RebuildProgress) => void;
}

interface Bounds {
  readonly first: number;
  readonly last: number;
}

interface Source {
  readonly projection: Projection;
  readonly bounds: () => Promise<Bounds>;
  readonly foldTo: FoldTo;
  /** What speaks against the live tables being of this stream. */
  readonly contradiction: (live: ProjectedAnchor) => Promise<string | undefined>;
}

const sourcesOf = (
  connection: LogConnection,
  readModel: ReadModel,
  shard: number,
): Readonly<Record<Projection, Source>> => ({
  runs: {
    projection: 'runs',
    bounds: () => logBounds(connection, shard),
    foldTo: foldRunsTo,
    contradiction: (live) => findOtherLog({ connection, readModel, shard }, live),
  },
  output: {
    projection: 'output',
    bounds: () => outputBounds(connection, shard),
    foldTo: foldOutputTo,
    contradiction: (live) => findOtherOutput({ connection, shard }, live),
  },
  requests: {
    projection: 'requests',
    bounds: () => inboxBounds(connection),
    foldTo: foldInboxTo,
    contradiction: (live) => findOtherInbox({ connection }, live),
  },
});

const NOTHING: Reached = { first: undefined, last: 0, storedAt: undefined };
/** Nothing is folded, and nothing is there to be taken over. */
const NOT_OF_SHARD: Reach = { first: 0, last: 0, storedAt: undefined, isSame: true };

/**
 * Folds each source on, to exactly where the live tables stand, because what is taken over from them stands there. Live tables that never
 * began, or that belong to a log that is gone, have nothing to say of where: it is the end of the stream.
 */
interface Folding {
  readonly shard: number;
  readonly onProgress: (progress: RebuildProgress) => void;
}

const makeFolder = (connection: LogConnection, { readModel }: RebuildTables, { shard, onProgress }: Folding) => {
  const reached: Record<Projection, Reached> = { runs: NOTHING, output: NOTHING, requests: NOTHING };
  const sources = sourcesOf(connection, readModel, shard);

  const fold = async (projection: Projection, live: ProjectedAnchor): Promise<Reach> => {
    const { bounds, foldTo, contradiction } = sources[projection];
    const there = await bounds();
    const isSame = (await contradiction(live)) === undefined;
    const target = isSame && live.sequence > 0 ? live.sequence : there.last;
    const report = (sequence: number): void => onProgress({ projection, sequence, target });
    const step = { connection, readModel, shard, onProgress: report };
    // What retention took away is passed over, and taken over from the live tables.
    if (there.first <= target) reached[projection] = await foldTo(step, reached[projection], target);
    const { first = there.first, storedAt } = reached[projection];
    report(target);
    return { first, last: target, storedAt: (isSame ? live.storedAt : undefined) ?? storedAt, isSame };
  };

  const isOfShard = (projection: Projection): boolean => projectionsOf(shard).includes(projection);
  return async (live: LivePositions): Promise<RebuildReach> => ({
    runs: await fold('runs', live.runs),
    output: await fold('output', live.output),
    requests: isOfShard('requests') ? await fold('requests', live.requests) : NOT_OF_SHARD,
  });
};

/** Folds what each log holds so far, and then, with writers locked out, the rest. */
const rebuildWith = async (
  connection: LogConnection,
  tables: RebuildTables,
  { onProgress = () => undefined }: RebuildOptions,
): Promise<readonly RebuildReach[]> => {
  const { logs } = await readRing(connection);
  const shards = shardsUpTo(logs);
  const tell = (shard: number) => (progress: RebuildProgress) =>
    onProgress(logs === 1 ? progress : { ...progress, shard });
  const folders = shards.map((shard) => makeFolder(connection, tables, { shard, onProgress: tell(shard) }));
  const fold = async (shard: number, live: LivePositions): Promise<RebuildReach> => {
    const foldOn = folders[shard];
    invariant(foldOn, 'each log has its folder');
    return foldOn(live);
  };
  for (const shard of shards) await fold(shard, await tables.livePositions(shard));
  const reaches: RebuildReach[] = [];
  const catchUp = async (shard: number, live: LivePositions): Promise<RebuildReach> =>
    (reaches[shard] = await fold(shard, live));
  await tables.swap({ shards, catchUp });
  return reaches;
};

/**
 * Folds all logs into new tables and puts them in the place of the live ones, while the projector and every reader go on.
 * The rows are the same, byte for byte; those of runs that the log no longer holds, or that only the log before this one held, are taken
 * over. Gives how far it came in each log.
 *
 * @throws AppError `conflict` `rebuild.running` while another rebuild runs, `unavailable` when the log or Postgres is away: the live tables
 * are then as they were, and the rebuild can be repeated.
 */
export const rebuildReadModel = async (options: RebuildOptions): Promise<readonly RebuildReach[]> => {
  const { natsUrl, databaseUrl } = options;
  const connection = await connectLog({ url: natsUrl, name: 'projector rebuild' });
  try {
    return await withRebuildTables(databaseUrl, (tables) => rebuildWith(connection, tables, options));
  } finally {
    await connection.close();
  }
};
