export * from './client.ts';
export * from './errors.ts';
export { type FollowedMessage, type FollowOptions, resultOf } from './follow-run.ts';
export { type ConnectionOptions } from './send.ts';
export * from './trigger-format.ts';
export * from './webhook-format.ts';
export * from './wire-format.ts';
export {
  type InboxRequest,
  type InboxRequestDetail,
  type InboxRequestPage,
  type Redelivery,
  type RequestFilter,
  type RequestOutcome,
  type RequestsClient,
} from './requests.ts';
export { type TriggersClient, type TriggerSwitch, type TriggerSwitched } from './triggers.ts';
export { type NewWebhook, type WebhookChange, type WebhooksClient } from './webhooks.ts';
