export * from './claim.ts';
export * from './events.ts';
export * from './eventually.ts';
export * from './given.ts';
export { setup } from './global-setup.ts';
export * from './start-service.ts';
export * from './temp-folder.ts';
export * from './test-servers.ts';
