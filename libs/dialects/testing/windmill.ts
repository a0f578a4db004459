import { AppError } from '@millrace/kernel';
import { type DialectRoute, type StartRoute } from '../src/dialect.ts';
import { dialect } from '../src/dialects/windmill.ts';
import { makeDialect } from '../src/make-dialect.ts';
import { type BoundTrigger } from '../src/trigger-directory.ts';
import { anInboundRequest, type RequestParts } from './windmill-request.ts';

/** By path and by hash, nothing of the trigger is looked at. */
export const bound = { version: {} } as BoundTrigger;

type Settings = Readonly<Record<string, unknown>>;
export const windmill = (settings: Settings = {}) => makeDialect(dialect, settings);

const isStart = (route: DialectRoute): route is StartRoute => route.does === 'start';

/** A start route by what follows `jobs/` in its address. */
export const startAt = (suffix: string, settings: Settings = {}): StartRoute => {
  const route = windmill(settings)
    .routes.filter(isStart)
    .find(({ url }) => url.endsWith(`/jobs/${suffix}`));
  if (route === undefined) throw new Error(`no route ${suffix}`);
  return route;
};

/** The input that a request makes. */
export const argumentsOf = (parts: RequestParts, settings: Settings = {}): unknown =>
  startAt('run_wait_result/p/*', settings).mapInput(anInboundRequest(parts), bound).input;

/** What is said about a request that is refused. */
export const complaintOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return `${error.kind} ${error.code}: ${error.message}`;
    throw error;
  }
  return 'none';
};
