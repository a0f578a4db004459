import { buildCommand, buildRouteMap } from '@stricli/core';
import { argument, COMMON_ALIASES, COMMON_FLAGS, switchFlag, textFlag } from './flags.ts';
import { proposeWorkflows } from './propose.ts';

const WORKFLOW = {
  ...argument('Path of a workflow, such as backup/db-full', 'workflow'),
  proposeCompletions: proposeWorkflows,
};

const TRIGGER_ID = argument('Id of the trigger, as trigger list prints it; a dialect for its automatic one', 'id');

const SWITCH = {
  flags: { ...COMMON_FLAGS, reason: textFlag('Why, for those who read the list', 'text') },
  aliases: COMMON_ALIASES,
  positional: { kind: 'tuple', parameters: [WORKFLOW, TRIGGER_ID] },
} as const;

/** `millrace trigger …`. */
export const trigger = buildRouteMap({
  routes: {
    list: buildCommand({
      loader: async () => (await import('./commands/trigger.ts')).listTriggers,
      parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: { kind: 'tuple', parameters: [] } },
      docs: { brief: 'List the declared triggers, without their keys' },
    }),
    curl: buildCommand({
      loader: async () => (await import('./commands/trigger.ts')).showCurl,
      parameters: {
        flags: {
          ...COMMON_FLAGS,
          key: textFlag('Key of the trigger; else $MILLRACE_KEY stands for it', 'key'),
        },
        aliases: COMMON_ALIASES,
        positional: { kind: 'tuple', parameters: [WORKFLOW] },
      },
      docs: { brief: 'Print lines that start a workflow, one for every way, to be pasted into a shell' },
    }),
    enable: buildCommand({
      loader: async () => (await import('./commands/trigger.ts')).enableTrigger,
      parameters: SWITCH,
      docs: { brief: 'Let a trigger start runs again, also one that has stopped' },
    }),
    disable: buildCommand({
      loader: async () => (await import('./commands/trigger.ts')).disableTrigger,
      parameters: SWITCH,
      docs: { brief: 'Let a trigger start no more runs, until it is enabled' },
    }),
    send: buildCommand({
      loader: async () => (await import('./commands/trigger-send.ts')).sendSample,
      parameters: {
        flags: {
          ...COMMON_FLAGS,
          sign: switchFlag('Sign it as its sender does'),
          secretName: textFlag('Variable that holds the secret; else the one the trigger names, else stdin', 'NAME'),
          key: textFlag('Key of the trigger, where it has one, as with Kestra; else MILLRACE_KEY', 'key'),
          trigger: textFlag('Id of the trigger, where several take what is sent', 'id'),
          to: textFlag('Where to send it; else to the trigger of its sender', 'url'),
        },
        aliases: COMMON_ALIASES,
        positional: {
          kind: 'tuple',
          parameters: [
            argument('What to send, such as github.push', 'sample'),
            { ...WORKFLOW, optional: true } as const,
          ],
        },
      },
      docs: { brief: 'Send what GitHub, Stripe, Slack and others send, signed if you like' },
    }),
  },
  docs: { brief: 'Show how workflows can be started over HTTP, and try it' },
});
