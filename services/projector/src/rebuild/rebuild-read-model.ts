import { connectLog, inboxBounds, logBounds, type LogConnection, outputBounds } from '@millrace/eventlog';
import {
  type LivePositions,
  type ProjectedAnchor,
  type Projection,
  type Reach,
  type RebuildReach,
  type ReadModel,
  type RebuildTables,
  withRebuildTables,
} from '@millrace/read-model';
import { findOtherInbox, findOtherLog, findOtherOutput } from '../same-log.ts';
import { foldInboxTo, type FoldTo, foldOutputTo, foldRunsTo, type Reached } from './fold-to.ts';

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
    bounds: () => outputBounds(connection),
    foldTo: foldOutputTo,
    contradiction: (live) => findOtherOutput({ connection }, live),
  },
  requests: {
    projection: 'requests',
    bounds: () => inboxBounds(connection),
    foldTo: foldInboxTo,
    contradiction: (live) => findOtherInbox({ connection }, live),
  },
});

const NOTHING: Reached = { first: undefined, last: 0, storedAt: undefined };

/**
 * Folds each source on, to exactly where the live tables stand, because what is taken over from them stands there. Live tables that never
 * began, or that belong to a log that is gone, have nothing to say of where: it is the end of the stream.
 */
const makeFolder = (connection: LogConnection, { readModel }: RebuildTables, { shard, onProgress }: RebuildOptions) => {
  const reached: Record<Projection, Reached> = { runs: NOTHING, output: NOTHING, requests: NOTHING };
  const sources = sourcesOf(connection, readModel, shard);

  const fold = async ({ projection, bounds, foldTo, contradiction }: Source, live: ProjectedAnchor): Promise<Reach> => {
    const there = await bounds();
    const isSame = (await contradiction(live)) === undefined;
    const target = isSame && live.sequence > 0 ? live.sequence : there.last;
    const report = (sequence: number): void => onProgress?.({ projection, sequence, target });
    const step = { connection, readModel, shard, onProgress: report };
    // What retention took away is passed over, and taken over from the live tables.
    if (there.first <= target) reached[projection] = await foldTo(step, reached[projection], target);
    const { first = there.first, storedAt } = reached[projection];
    report(target);
    return { first, last: target, storedAt: (isSame ? live.storedAt : undefined) ?? storedAt, isSame };
  };

  return async (live: LivePositions): Promise<RebuildReach> => ({
    runs: await fold(sources.runs, live.runs),
    output: await fold(sources.output, live.output),
    requests: await fold(sources.requests, live.requests),
  });
};

/**
 * Folds the whole log into new tables and puts them in the place of the live ones, while the projector and every reader go on.
 * The rows are the same, byte for byte; those of runs that the log no longer holds, or that only the log before this one held, are taken
 * over.
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
