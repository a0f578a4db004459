export { openReadModel, pingReadModel, type ReadModel, type ReadModelOptions } from './connect.ts';
export * from './find-run.ts';
export * from './list-output.ts';
export * from './list-run-events.ts';
export * from './list-runs.ts';
export * from './migrate.ts';
export * from './projected-position.ts';
export * from './run.ts';
export * from './snapshot.ts';
