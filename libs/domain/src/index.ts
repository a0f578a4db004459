export * from './environment/check-environment.ts';
export * from './workflow/scopes.ts';
export * from './workflow/workflow-path.ts';
