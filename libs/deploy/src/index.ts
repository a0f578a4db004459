export * from './deploy-folder.ts';
export { type DeployReport } from './deployer.ts';
export { type Fault } from './fault.ts';
export { type VersionDraft } from './make-version.ts';
export { readWorkflow, type WorkflowReading } from './read-workflow.ts';
export { type FolderScan, scanFolder, type WorkflowSource } from './scan-folder.ts';
export { type DeployedWorkflow, type DeployOptions } from './shelf.ts';
export * from './watch-folder.ts';
