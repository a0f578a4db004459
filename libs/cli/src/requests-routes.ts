import { buildCommand, buildRouteMap } from '@stricli/core';
import { argument, COMMON_ALIASES, COMMON_FLAGS, textFlag } from './flags.ts';
import { proposeWorkflows } from './propose.ts';

const REQUEST_ID = argument('Id of a request, as requests prints it', 'id');

const byId = { kind: 'tuple', parameters: [REQUEST_ID] } as const;

/** `millrace requests …`; without a further word, `list`. */
export const requests = buildRouteMap({
  routes: {
    list: buildCommand({
      loader: async () => (await import('./commands/requests.ts')).listRequests,
      parameters: {
        flags: {
          ...COMMON_FLAGS,
          workflow: { ...textFlag('Only those to this workflow', 'path'), proposeCompletions: proposeWorkflows },
          trigger: textFlag('Only those to the trigger of this id', 'id'),
          outcome: {
            kind: 'enum',
            values: ['accepted', 'refused', 'filtered', 'duplicate', 'challenge'],
            optional: true,
            brief: 'Only those that ended so',
          },
          since: textFlag('Only those since then: 1h, 7d, or a time', 'time'),
          until: textFlag('Only those before then', 'time'),
          limit: {
            kind: 'parsed',
            parse: Number,
            optional: true,
            placeholder: 'number',
            brief: 'How many, 1 to 1000; 50 by default',
          },
          cursor: textFlag('Where the page before ended', 'cursor'),
        },
        aliases: COMMON_ALIASES,
        positional: { kind: 'tuple', parameters: [] },
      },
      docs: { brief: 'List what reached the triggers, the newest first, also what was refused' },
    }),
    show: buildCommand({
      loader: async () => (await import('./commands/requests.ts')).showRequest,
      parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: byId },
      docs: { brief: 'Show one request, with what was sent and without credentials' },
    }),
    redeliver: buildCommand({
      loader: async () => (await import('./commands/requests.ts')).redeliverRequest,
      parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: byId },
      docs: { brief: 'Give a request to its trigger again; exit code 1 when a condition is still false' },
    }),
  },
  defaultCommand: 'list',
  docs: { brief: 'Show what reached the triggers and what became of it, and deliver it again' },
});
