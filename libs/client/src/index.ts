export * from './client.ts';
export * from './errors.ts';
export { type FollowedMessage, type FollowOptions, resultOf } from './follow-run.ts';
export { type ConnectionOptions } from './send.ts';
export * from './wire-format.ts';
export { type NewWebhook, type WebhooksClient } from './webhooks.ts';
