export { openReadModel, pingReadModel, type ReadModel, type ReadModelOptions } from './connect.ts';
export * from './count-waiting-runs.ts';
export { cursorBetween } from './cursor-between.ts';
export * from './find-response.ts';
export * from './find-run.ts';
export * from './find-shard.ts';
export * from './list-output.ts';
export * from './list-run-events.ts';
export * from './list-requests.ts';
export * from './list-runs.ts';
export * from './migrate.ts';
export * from './projected-position.ts';
export * from './run.ts';
export * from './server-settings.ts';
export * from './snapshot.ts';
export { LIVE_SCHEMA, REBUILD_SCHEMA } from './database.ts';
export * from './load-runs.ts';
export { type MoveOutcome } from './projection-transaction.ts';
export {
  type InboxRequestRecord,
  type RunEventRecord,
  type RunOutputRecord,
  type RunProgressRecord,
  type RunRecord,
} from './records.ts';
export * from './write-inbox.ts';
export * from './write-output.ts';
export * from './write-runs.ts';
export * from './hash-read-model.ts';
export * from './rebuild-tables.ts';
export { LOG_LOST, type Reach } from './take-over.ts';
