/** What the query of a call asks for, besides the arguments that are in the body. */
import { AppError } from '@millrace/kernel';
import { type StartArguments } from '../../dialect.ts';
import { type InboundRequest } from '../../inbound-request.ts';
import { type Arguments, argumentsOfPairs } from './argument-names.ts';

/** Headers that hold credentials never become arguments: those are kept with the run. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization']);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const invalid = (message: string): AppError => new AppError('invalid', 'windmill.bad_option', message);

const listOf = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

export const isTrue = (text: string | undefined): boolean => text === 'true';

const headerArguments = (request: InboundRequest, names: readonly string[]): Arguments => {
  const pairs = names.flatMap((name) => {
    const value = request.header(name.toLowerCase());
    return value === undefined ? [] : [[name.toLowerCase().replaceAll('-', '_'), value] as const];
  });
  return argumentsOfPairs(pairs);
};

const queryArguments = (request: InboundRequest, names: readonly string[]): Arguments =>
  argumentsOfPairs(
    names.flatMap((name) => {
      const value = request.query(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );

/** What a trigger or the configuration names, besides the query. */
export interface Included {
  readonly headers: readonly string[];
  readonly query: readonly string[];
}

/**
 * Arguments from headers and from the query; they count more than those of the body.
 *
 * @throws AppError `invalid` `windmill.bad_option` for a header or parameter that holds credentials.
 */
export const includedArguments = (request: InboundRequest, always: Included): Arguments => {
  const headers = listOf(request.query('include_header'));
  const parameters = listOf(request.query('include_query'));
  const secret = headers.find((name) => CREDENTIALS.has(name.toLowerCase()));
  if (secret !== undefined) throw invalid(`include_header: ${secret} holds credentials and is no argument`);
  if (parameters.includes('token')) throw invalid('include_query: token holds credentials and is no argument');
  const named = always.headers.filter((name) => !CREDENTIALS.has(name.toLowerCase()));
  return {
    ...headerArguments(request, [...named, ...headers]),
    ...queryArguments(request, [...always.query, ...parameters]),
  };
};

/** More than any limit or time-out means: a database knows no larger counts. */
const NUMBER_MAX = 2 ** 52;

const numberOf = (request: InboundRequest, name: string): number | undefined => {
  const text = request.query(name);
  if (text === undefined) return undefined;
  const value = text === '' ? Number.NaN : Number(text);
  if (!(value >= 0)) throw invalid(`${name} must be a number`);
  return Math.min(value, NUMBER_MAX);
};

/** With an offset; a plus that was not percent-encoded arrives as a space. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[ +-]\d{2}:\d{2})$/i;

const instantOf = (text: string): number => {
  const atMs = INSTANT.test(text) ? Date.parse(text.replace(' ', '+')) : Number.NaN;
  if (Number.isNaN(atMs)) throw invalid('scheduled_for must be an instant such as 2026-12-24T03:00:00Z');
  return atMs;
};

/** A run that begins at once is not what somebody asked for who wants it suspended. */
const refuseSuspension = (request: InboundRequest): void => {
  if (isTrue(request.query('suspended_mode'))) {
    throw invalid('suspended_mode: this server does not suspend runs');
  }
};

const startOf = (request: InboundRequest): Pick<StartArguments, 'start'> => {
  const instant = request.query('scheduled_for');
  if (instant !== undefined) return { start: { atMs: instantOf(instant) } };
  const seconds = numberOf(request, 'scheduled_in_secs') ?? 0;
  return seconds === 0 ? {} : { start: { inMs: seconds * 1_000 } };
};

const idempotencyOf = (jobId: string | undefined): Pick<StartArguments, 'idempotencyKey'> => {
  if (jobId === undefined) return {};
  if (!UUID.test(jobId)) throw invalid('job_id must be a UUID');
  return { idempotencyKey: `job_id ${jobId.toLowerCase()}` };
};

const timeoutOf = (seconds: number | undefined): Pick<StartArguments, 'timeoutMs'> =>
  seconds === undefined || seconds === 0 ? {} : { timeoutMs: seconds * 1_000 };

/**
 * Options of the job.
 *
 * @param waits Whether the caller waits: `queue_limit` is for synchronous calls only.
 * @throws AppError `invalid` `windmill.bad_option`.
 */
export const jobOptions = (request: InboundRequest, waits: boolean): Omit<StartArguments, 'input'> => {
  if (request.search === '') return {};
  refuseSuspension(request);
  const queueLimit = waits ? numberOf(request, 'queue_limit') : undefined;
  return {
    ...startOf(request),
    ...idempotencyOf(request.query('job_id')),
    ...timeoutOf(numberOf(request, 'timeout')),
    ...(queueLimit === undefined ? {} : { waitingMax: Math.floor(queueLimit) }),
  };
};
