import { buildCommand, buildRouteMap } from '@stricli/core';
import { argument, COMMON_ALIASES, COMMON_FLAGS, textFlag, textsFlag } from './flags.ts';

const none = { kind: 'tuple', parameters: [] } as const;
const one = <Parameter>(parameter: Parameter) => ({ kind: 'tuple', parameters: [parameter] }) as const;

const WEBHOOK_ID = argument('Id of the webhook, as webhook list prints it', 'id');

/** `millrace webhook …`. */
export const webhook = buildRouteMap({
  routes: {
    add: buildCommand({
      loader: async () => (await import('./commands/webhook.ts')).addWebhook,
      parameters: {
        flags: {
          ...COMMON_FLAGS,
          event: textsFlag(
            'What to tell: run.ended, run.completed, run.*, workflow.*, token.*; may be repeated',
            'event',
          ),
          format: {
            kind: 'enum',
            values: ['millrace', 'windmill'],
            optional: true,
            brief: 'What messages look like: CloudEvents (default), or those of Windmill',
          },
          description: textFlag('What it is for', 'text'),
        },
        aliases: COMMON_ALIASES,
        positional: one(argument('Address of the receiver', 'url')),
      },
      docs: { brief: 'Tell a receiver what happens from now on; prints its signing secret, once' },
    }),
    list: buildCommand({
      loader: async () => (await import('./commands/webhook.ts')).listWebhooks,
      parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: none },
      docs: { brief: 'List the webhooks, without their secrets' },
    }),
    change: buildCommand({
      loader: async () => (await import('./commands/webhook.ts')).changeWebhook,
      parameters: {
        flags: {
          ...COMMON_FLAGS,
          to: textFlag('Another address of the receiver', 'url'),
          event: textsFlag('What to tell from now on, in place of what was told; may be repeated', 'event'),
          description: textFlag('What it is for', 'text'),
        },
        aliases: COMMON_ALIASES,
        positional: one(WEBHOOK_ID),
      },
      docs: { brief: 'Change a webhook; its secret and what it is owed stay' },
    }),
    rm: buildCommand({
      loader: async () => (await import('./commands/webhook.ts')).removeWebhook,
      parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: one(WEBHOOK_ID) },
      docs: { brief: 'Remove a webhook, with what it is still owed' },
    }),
    enable: buildCommand({
      loader: async () => (await import('./commands/webhook.ts')).enableWebhook,
      parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: one(WEBHOOK_ID) },
      docs: { brief: 'Try a webhook again that was disabled' },
    }),
    test: buildCommand({
      loader: async () => (await import('./commands/webhook.ts')).testWebhook,
      parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: one(WEBHOOK_ID) },
      docs: { brief: 'Send a test' },
    }),
    deliveries: buildCommand({
      loader: async () => (await import('./commands/webhook.ts')).listDeliveries,
      parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: one(WEBHOOK_ID) },
      docs: { brief: 'Show what was sent and what was answered' },
    }),
    resend: buildCommand({
      loader: async () => (await import('./commands/webhook.ts')).resendDelivery,
      parameters: {
        flags: COMMON_FLAGS,
        aliases: COMMON_ALIASES,
        positional: { kind: 'tuple', parameters: [WEBHOOK_ID, argument('Id of the message', 'delivery')] },
      },
      docs: { brief: 'Send a message again' },
    }),
  },
  docs: { brief: 'Tell receivers what happens to runs, workflows and tokens' },
});
