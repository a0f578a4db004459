/**
 * Who may say what. NATS lets each service publish on its own subjects only, so the subject of a commit says who wrote it; what an
 * event is about says whether that writer may say it. Everyone who reads the log asks here, so that a forged event is one for nobody.
 */
import { type RunEvent, type RunEventType } from './run-events.ts';

const EXECUTOR_PREFIX = '/millrace/executor/';

/** The `source` of everything that an executor says. */
export const executorSource = (executor: string): string => `${EXECUTOR_PREFIX}${executor}`;

/** Whether an executor speaks; else it is a service that decides about all runs. */
export const isSaidByExecutor = ({ source }: Pick<RunEvent, 'source'>): boolean => source.startsWith(EXECUTOR_PREFIX);

/** Whether an executor other than this one speaks. */
export const isSaidByOther = (event: Pick<RunEvent, 'source'>, executor: string | undefined): boolean =>
  isSaidByExecutor(event) &&
  (executor === undefined ||
    event.source.length !== EXECUTOR_PREFIX.length + executor.length ||
    !event.source.endsWith(executor));

/** Whether an event may stand in a commit. */
export type MayStand = (event: RunEvent) => boolean;

const REQUESTS: ReadonlySet<RunEventType> = new Set(['dev.millrace.run.requested.v1']);
const OF_GATEWAYS: ReadonlySet<RunEventType> = new Set([
  'dev.millrace.run.requested.v1',
  'dev.millrace.run.cancel.requested.v1',
]);
const DISPATCHES: ReadonlySet<RunEventType> = new Set(['dev.millrace.run.dispatched.v1']);
const OF_EXECUTORS: ReadonlySet<RunEventType> = new Set([
  'dev.millrace.run.started.v1',
  'dev.millrace.run.progressed.v1',
  'dev.millrace.run.responded.v1',
  'dev.millrace.run.attempt.failed.v1',
  'dev.millrace.run.attempt.lost.v1',
  'dev.millrace.run.completed.v1',
  'dev.millrace.run.failed.v1',
  'dev.millrace.run.cancelled.v1',
  'dev.millrace.run.timed_out.v1',
]);

const ofNobodyElse =
  (types: ReadonlySet<RunEventType>): MayStand =>
  (event) =>
    types.has(event.type) && !isSaidByExecutor(event);

/** By the token of the subject behind the shard. What is not named here was never guarded, such as `commit` of old logs. */
const RULES: ReadonlyMap<string, MayStand> = new Map<string, MayStand>([
  ['gateway', ofNobodyElse(OF_GATEWAYS)],
  ['request', ofNobodyElse(REQUESTS)],
  ['scheduled', ofNobodyElse(REQUESTS)],
  ['dispatch', ofNobodyElse(DISPATCHES)],
  ['decision', (event) => !REQUESTS.has(event.type) && !isSaidByExecutor(event)],
  ['executor', (event) => OF_EXECUTORS.has(event.type) && isSaidByExecutor(event)],
  ['lease', () => false],
  ['probe', () => false],
]);

const anything: MayStand = () => true;

/** What the writers of a subject of the log may say. */
export const writerRuleOf = (subject: string): MayStand => RULES.get(subject.split('.', 3)[2] ?? '') ?? anything;
