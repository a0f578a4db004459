import { buildCommand, buildRouteMap } from '@stricli/core';
import { argument, COMMON_ALIASES, COMMON_FLAGS, textFlag } from './flags.ts';
import { proposeRuns, proposeWorkflows } from './propose.ts';

const RUN_ID = { ...argument('Id of a run, as run and runs print it', 'run-id'), proposeCompletions: proposeRuns };

const RUN_STATES = [
  'waiting',
  'dispatched',
  'running',
  'completed',
  'failed',
  'cancelled',
  'timed_out',
  'rejected',
] as const;

const listRuns = buildCommand({
  loader: async () => (await import('./commands/runs.ts')).runs,
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      workflow: { ...textFlag('Only runs of this workflow', 'path'), proposeCompletions: proposeWorkflows },
      status: { kind: 'enum', values: RUN_STATES, optional: true, brief: 'Only runs in this state' },
      since: textFlag('Only runs queued since then: 1h, 7d, or a time', 'time'),
      until: textFlag('Only runs queued before then', 'time'),
      limit: {
        kind: 'parsed',
        parse: Number,
        optional: true,
        placeholder: 'number',
        brief: 'How many, 1 to 200; 50 by default',
      },
      cursor: textFlag('Where the page before ended', 'cursor'),
    },
    aliases: COMMON_ALIASES,
    positional: { kind: 'tuple', parameters: [] },
  },
  docs: { brief: 'List runs, the newest first' },
});

/** `millrace runs`, `runs why`. */
export const runs = buildRouteMap({
  routes: {
    list: listRuns,
    why: buildCommand({
      loader: async () => (await import('./commands/why.ts')).why,
      parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: { kind: 'tuple', parameters: [RUN_ID] } },
      docs: { brief: 'Say in one line why a run waits' },
    }),
  },
  defaultCommand: 'list',
  docs: { brief: 'List runs, the newest first; say why one waits' },
});
