import { connectLog, logBounds, type LogConnection, outputBounds } from '@millrace/eventlog';
import {
  type LivePositions,
  type Projection,
  type RebuildReach,
  type RebuildTables,
  withRebuildTables,
} from '@millrace/read-model';
import { type FoldTo, foldOutputTo, foldRunsTo, type Reached } from './fold-to.ts';

export interface RebuildProgress {
  readonly projection: Projection;
  /** Last message folded. */
  readonly sequence: number;
  /** Last message that will be; grows while the live projector goes on. */
  readonly target: number;
}

export interface RebuildOptions {
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly shard: number;
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
}

/**
 * Where the new tables must end: exactly where the live ones stand, because what is taken over from them stands there. Live tables that
 * never began, or that belong to a log that is gone, have nothing to say: the end of the log it is.
 */
const targetOf = (live: number, { last }: Bounds): number => (live > 0 && live <= last ? live : last);

const sourcesOf = (connection: LogConnection, shard: number): readonly Source[] => [
  { projection: 'runs', bounds: () => logBounds(connection, shard), foldTo: foldRunsTo },
  { projection: 'output', bounds: () => outputBounds(connection), foldTo: foldOutputTo },
];

const NOTHING: Reached = { first: undefined, last: 0 };

/** Folds each source on, to where the live tables stand. */
const makeFolder = (connection: LogConnection, { readModel }: RebuildTables, options: RebuildOptions) => {
  const { shard, onProgress } = options;
  const reached: Record<Projection, Reached> = { runs: NOTHING, output: NOTHING };
  return async (live: LivePositions): Promise<RebuildReach> => {
    const reach: Record<Projection, Bounds> = { runs: { first: 0, last: 0 }, output: { first: 0, last: 0 } };
    for (const { projection, bounds, foldTo } of sourcesOf(connection, shard)) {
      const there = await bounds();
      const target = targetOf(live[projection], there);
      const report = (sequence: number): void => onProgress?.({ projection, sequence, target });
      const step = { connection, readModel, shard, onProgress: report };
      // What retention took away is passed over, and taken over from the live tables.
      const before = reached[projection];
      if (there.first <= target) reached[projection] = await foldTo(step, before, target);
      reach[projection] = { first: reached[projection].first ?? there.first, last: target };
      report(target);
    }
    return reach;
  };
};

/**
 * Folds the whole log into new tables and puts them in the place of the live ones, while the projector and every reader go on.
 * The rows are the same, byte for byte; those of runs that the log no longer holds are taken over as they are.
 *
 * @throws AppError `conflict` `rebuild.running` while another rebuild runs, `unavailable` when the log or Postgres is away: the live tables
 * are then as they were, and the rebuild can be repeated.
 */
export const rebuildReadModel = async (options: RebuildOptions): Promise<RebuildReach> => {
  const { natsUrl, databaseUrl, shard } = options;
  const connection = await connectLog({ url: natsUrl, name: 'projector rebuild' });
  try {
    return await withRebuildTables(databaseUrl, async (tables) => {
      const foldOn = makeFolder(connection, tables, options);
      let reach = await foldOn(await tables.livePositions(shard));
      const catchUp = async (live: LivePositions): Promise<RebuildReach> => (reach = await foldOn(live));
      await tables.swap({ shard, catchUp });
      return reach;
    });
  } finally {
    await connection.close();
  }
};
