export * from './context.ts';
export * from './define-workflow.ts';
export * from './definition.ts';
export * from './schedule-definition.ts';
export * from './trigger-definition.ts';
