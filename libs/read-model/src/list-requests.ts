import { isRunId, type InboxRecord } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { type Selectable } from 'kysely';
import { type ReadModel } from './connect.ts';
import { type RunTable } from './database.ts';
import { translateError } from './errors.ts';

/** A request that started a run, as far as the run knows. */
export interface AcceptedRequest {
  /** Id of the run. */
  readonly id: string;
  readonly time: string;
  readonly workflow: string;
  readonly dialect: string;
  readonly trigger: string;
  readonly method: string;
  readonly path: string;
  readonly verified: string;
  readonly delivery: string | undefined;
  readonly from: string | undefined;
  readonly requestedBy: string;
}

export interface RequestsQuery {
  readonly workflow?: string;
  readonly trigger?: string;
  readonly outcome?: string;
  /** At or after, RFC 3339. */
  readonly since?: string;
  /** Before, RFC 3339. */
  readonly until?: string;
  /** As {@link cursorBetween} makes it of the last request of a page and the one behind it. */
  readonly cursor?: string;
  /** 1 to 1,001: a page and one more. */
  readonly limit: number;
}

const timeOf = (text: string, name: string): string => {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new AppError('invalid', 'requests.invalid_time', `${name} is not an RFC 3339 time`);
  return new Date(time).toISOString();
};

const checkCursor = (cursor: string): string => {
  if (isRunId(cursor)) return cursor;
  throw new AppError('invalid', 'requests.invalid_cursor', 'the cursor is not one that this server gave');
};

/**
 * Requests that started no run, newest first.
 *
 * @throws AppError `invalid` for a cursor or time that is none, `unavailable` when Postgres is away.
 */
export const listRefusedRequests = async (
  readModel: ReadModel,
  query: RequestsQuery,
): Promise<readonly InboxRecord[]> => {
  let rows = readModel.db.selectFrom('inbox_request').select('record').orderBy('id', 'desc').limit(query.limit);
  if (query.workflow !== undefined) rows = rows.where('workflow', '=', query.workflow);
  if (query.trigger !== undefined) rows = rows.where('trigger_id', '=', query.trigger);
  if (query.outcome !== undefined) rows = rows.where('outcome', '=', query.outcome);
  if (query.since !== undefined) rows = rows.where('time', '>=', timeOf(query.since, 'since'));
  if (query.until !== undefined) rows = rows.where('time', '<', timeOf(query.until, 'until'));
  if (query.cursor !== undefined) rows = rows.where('id', '<', checkCursor(query.cursor));
  const found = await translateError(async () => rows.execute());
  return found.map(({ record }) => JSON.parse(record) as InboxRecord);
};

const ACCEPTED_COLUMNS = [
  'id',
  'requested_at',
  'workflow',
  'dialect',
  'trigger_id',
  'trigger_method',
  'trigger_path',
  'verified',
  'delivery',
  'caller',
  'requested_by',
] as const;

type AcceptedColumns = Pick<Selectable<RunTable>, (typeof ACCEPTED_COLUMNS)[number]>;

const toAccepted = (row: AcceptedColumns): AcceptedRequest => ({
  id: row.id,
  time: row.requested_at,
  workflow: row.workflow,
  dialect: row.dialect,
  trigger: row.trigger_id ?? '',
  method: row.trigger_method ?? '',
  path: row.trigger_path ?? '',
  verified: row.verified ?? '',
  delivery: row.delivery ?? undefined,
  from: row.caller ?? undefined,
  requestedBy: row.requested_by,
});

/**
 * Requests that started a run, newest first: read from the runs, nothing is kept of them twice.
 *
 * @throws AppError as {@link listRefusedRequests}.
 */
export const listAcceptedRequests = async (
  readModel: ReadModel,
  query: RequestsQuery,
): Promise<readonly AcceptedRequest[]> => {
  let rows = readModel.db.selectFrom('run').select(ACCEPTED_COLUMNS).where('trigger_id', 'is not', null);
  if (query.workflow !== undefined) rows = rows.where('workflow', '=', query.workflow);
  if (query.trigger !== undefined) rows = rows.where('trigger_id', '=', query.trigger);
  if (query.since !== undefined) rows = rows.where('requested_at', '>=', timeOf(query.since, 'since'));
  if (query.until !== undefined) rows = rows.where('requested_at', '<', timeOf(query.until, 'until'));
  if (query.cursor !== undefined) rows = rows.where('id', '<', checkCursor(query.cursor));
  const found = await translateError(async () => rows.orderBy('id', 'desc').limit(query.limit).execute());
  return found.map(toAccepted);
};

/**
 * The request of one run; `undefined` when there is none, or no trigger started it.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export const findAcceptedRequest = async (readModel: ReadModel, id: string): Promise<AcceptedRequest | undefined> => {
  if (!isRunId(id)) return undefined;
  const rows = readModel.db.selectFrom('run').select(ACCEPTED_COLUMNS).where('id', '=', id);
  const row = await translateError(async () => rows.where('trigger_id', 'is not', null).executeTakeFirst());
  return row === undefined ? undefined : toAccepted(row);
};

/**
 * A request that started no run, by its id; `undefined` when there is none or it is no longer kept.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export const findRefusedRequest = async (readModel: ReadModel, id: string): Promise<InboxRecord | undefined> => {
  if (!isRunId(id)) return undefined;
  const row = await translateError(async () =>
    readModel.db.selectFrom('inbox_request').select('record').where('id', '=', id).executeTakeFirst(),
  );
  return row === undefined ? undefined : (JSON.parse(row.record) as InboxRecord);
};
