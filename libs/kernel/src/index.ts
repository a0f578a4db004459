export * from './assert.ts';
export * from './backoff.ts';
export * from './clock.ts';
export * from './decider.ts';
export * from './duration.ts';
export * from './errors.ts';
export * from './failpoint.ts';
export * from './suggest.ts';
