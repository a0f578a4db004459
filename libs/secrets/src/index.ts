export * from './change-secret.ts';
export * from './master-key.ts';
export * from './sealing.ts';
export * from './secret-values.ts';
