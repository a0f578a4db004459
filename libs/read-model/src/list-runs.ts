import { AppError, MINUTE } from '@millrace/kernel';
import { isRunId, uuidV7, UUID_RANDOM_BYTES } from '@millrace/contracts';
import { type ReadModel } from './connect.ts';
import { cursorBetween } from './cursor-between.ts';
import { translateError } from './errors.ts';
import { SUMMARY_COLUMNS, toSummary } from './run-columns.ts';
import { type RunState, type RunSummary } from './run.ts';

export interface RunsQuery {
  /** Exactly this path. */
  readonly workflow?: string;
  /** One of these paths; for tokens whose scope names workflows. */
  readonly workflows?: readonly string[];
  /** In one of these states. */
  readonly status?: RunState | readonly RunState[];
  /** Requested at or after this time, RFC 3339. */
  readonly since?: string;
  /** Requested before this time, RFC 3339. */
  readonly until?: string;
  /** `next` of the page before. */
  readonly cursor?: string;
  /** Runs per page, 1 to 1,000. */
  readonly limit: number;
}

export interface RunsPage {
  /** Newest first. */
  readonly runs: readonly RunSummary[];
  /** Cursor of the page behind this one; `undefined` on the last. */
  readonly next: string | undefined;
}

const LIMIT_MAX = 1_000;
/** The id carries the time of the gateway that made it; this is how far the time of the event may be from that. */
const ID_TIME_SLACK = 10 * MINUTE;
const LOWEST = new Uint8Array(UUID_RANDOM_BYTES);

const encodeCursor = (id: string): string => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');

const decodeCursor = (cursor: string): string => {
  const hex = Buffer.from(cursor, 'base64url').toString('hex');
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  if (!isRunId(id)) throw new AppError('invalid', 'runs.invalid_cursor', 'the cursor is not one that this server gave');
  return id;
};

const timeOf = (text: string, name: string): number => {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new AppError('invalid', 'runs.invalid_time', `${name} is not an RFC 3339 time`);
  return time;
};

/** Lowest id that can belong to a time; bounds the part of the primary key that is walked. */
const lowestIdAt = (time: number): string => uuidV7(Math.max(0, time), LOWEST);

const select = (readModel: ReadModel, query: RunsQuery) => {
  let rows = readModel.db.selectFrom('run').select(SUMMARY_COLUMNS).orderBy('id', 'desc');
  if (query.workflow !== undefined) rows = rows.where('workflow', '=', query.workflow);
  if (query.workflows !== undefined) rows = rows.where('workflow', 'in', query.workflows);
  if (query.status !== undefined) rows = rows.where('state', 'in', [query.status].flat());
  if (query.since !== undefined) {
    const since = timeOf(query.since, 'since');
    rows = rows
      .where('id', '>=', lowestIdAt(since - ID_TIME_SLACK))
      .where('requested_at', '>=', new Date(since).toISOString());
  }
  if (query.until !== undefined) {
    const until = timeOf(query.until, 'until');
    rows = rows
      .where('id', '<', lowestIdAt(until + ID_TIME_SLACK))
      .where('requested_at', '<', new Date(until).toISOString());
  }
  if (query.cursor !== undefined) rows = rows.where('id', '<', decodeCursor(query.cursor));
  return rows;
};

/**
 * One page of runs, newest first. The cursor is a place, not an offset: runs that arrive meanwhile shift nothing.
 *
 * @throws AppError `invalid` for a cursor or time that is none, `unavailable` when Postgres is away.
 */
export const listRuns = async (readModel: ReadModel, query: RunsQuery): Promise<RunsPage> => {
  if (query.workflows?.length === 0) return { runs: [], next: undefined };
  const limit = Math.min(Math.max(1, Math.floor(query.limit)), LIMIT_MAX);
  const select_ = select(readModel, query).limit(limit + 1);
  const rows = await translateError(async () => select_.execute());
  const runs = rows.slice(0, limit).map(toSummary);
  const [last, behind] = [runs.at(-1), rows[limit]];
  const hasNext = last !== undefined && behind !== undefined;
  return { runs, next: hasNext ? encodeCursor(cursorBetween(last.id, behind.id)) : undefined };
};
