/**
 * Whether the streams are the ones that the rows were folded from. A log that was replaced, restored or cut short counts its messages anew:
 * whoever went on behind the stored position would pass over what the new log holds before it.
 *
 * Each position is stored with the time at which the stream stored the message there, and the message must still have it. Asked before a
 * session begins; `follow` and `followOutput` ask the same whenever they open their consumer within it.
 */
import { AppError } from '@millrace/kernel';
import {
  holdsRequest,
  inboxContradiction,
  type LogConnection,
  logContradiction,
  outputContradiction,
} from '@millrace/eventlog';
import { listRuns, type ProjectedAnchor, type ReadModel } from '@millrace/read-model';

export interface SameLogDeps {
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
  readonly shard: number;
}

const otherLog = (what: string, finding: string): AppError =>
  new AppError(
    'unavailable',
    'read_model.other_log',
    `the ${what} in Postgres was folded from another log than the one that is there: ${finding}. ` +
      'Nothing more is projected until the rows are rebuilt: millrace projector rebuild',
  );

/** Positions of older versions have no time: the newest run's request must be where its row says it is. */
const newestRunContradiction = async ({ connection, readModel, shard }: SameLogDeps): Promise<string | undefined> => {
  const [newest] = (await listRuns(readModel, { limit: 1 })).runs;
  if (newest?.shard !== shard) return undefined;
  const { sequence, index } = newest.requested;
  const isThere = await holdsRequest(connection, shard, { runId: newest.id, sequence, index });
  return isThere ? undefined : `run ${newest.id} is not at ${sequence}.${index}`;
};

/**
 * What speaks against the log being the one that `run` and `run_event` were folded from; `undefined` when nothing does.
 *
 * @throws AppError `unavailable` when the log or Postgres is away.
 */
export const findOtherLog = async (deps: SameLogDeps, anchor: ProjectedAnchor): Promise<string | undefined> => {
  if (anchor.sequence === 0) return undefined;
  const finding = await logContradiction(deps.connection, deps.shard, anchor);
  return finding ?? (anchor.storedAt === undefined ? newestRunContradiction(deps) : undefined);
};

/** As {@link findOtherLog}, for `run_output`. */
export const findOtherOutput = async (
  { connection, shard }: Pick<SameLogDeps, 'connection' | 'shard'>,
  anchor: ProjectedAnchor,
): Promise<string | undefined> => outputContradiction(connection, anchor, shard);

/** @throws AppError `unavailable` `read_model.other_log`, or when the log or Postgres is away. */
export const checkSameLog = async (deps: SameLogDeps, anchor: ProjectedAnchor): Promise<void> => {
  const finding = await findOtherLog(deps, anchor);
  if (finding !== undefined) throw otherLog('state of runs', finding);
};

/** As {@link findOtherLog}, for `inbox_request`. */
export const findOtherInbox = async (
  { connection }: Pick<SameLogDeps, 'connection'>,
  anchor: ProjectedAnchor,
): Promise<string | undefined> => inboxContradiction(connection, anchor);

/** @throws AppError as {@link checkSameLog}. */
export const checkSameInbox = async (deps: SameLogDeps, anchor: ProjectedAnchor): Promise<void> => {
  const finding = await findOtherInbox(deps, anchor);
  if (finding !== undefined) throw otherLog('requests inbox', finding);
};

/** @throws AppError as {@link checkSameLog}. */
export const checkSameOutput = async (deps: SameLogDeps, anchor: ProjectedAnchor): Promise<void> => {
  const finding = await findOtherOutput(deps, anchor);
  if (finding !== undefined) throw otherLog('output of runs', finding);
};
