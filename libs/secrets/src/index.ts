export * from './change-secret.ts';
export * from './master-key.ts';
export * from './run-sealer.ts';
export * from './run-sealers.ts';
export * from './sealing.ts';
export * from './secret-values.ts';
