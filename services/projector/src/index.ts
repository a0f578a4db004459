export { rebuildReadModel, type RebuildOptions, type RebuildProgress } from './rebuild/rebuild-read-model.ts';
