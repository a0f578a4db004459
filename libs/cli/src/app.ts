import {
  type Application,
  buildApplication,
  buildCommand,
  buildRouteMap,
  help,
  version as showVersion,
} from '@stricli/core';
import { ATTEND_FLAGS } from './attend-run.ts';
import { type CliContext } from './context.ts';
import { errorTexts, type ShowError, showText } from './error-texts.ts';
import { explainError } from './explain-error.ts';
import { argument, COMMON_ALIASES, COMMON_FLAGS, switchFlag, textFlag, textsFlag } from './flags.ts';
import { proposeRuns, proposeWorkflows } from './propose.ts';
import { requests } from './requests-routes.ts';
import { runs } from './runs-routes.ts';
import { trigger } from './trigger-routes.ts';
import { webhook } from './webhook-routes.ts';

const none = { kind: 'tuple', parameters: [] } as const;
const one = <Parameter>(parameter: Parameter) => ({ kind: 'tuple', parameters: [parameter] }) as const;

const RUN_ID = { ...argument('Id of a run, as run and runs print it', 'run-id'), proposeCompletions: proposeRuns };
const WORKFLOW = {
  ...argument('Path of a workflow, such as backup/db-full', 'workflow'),
  proposeCompletions: proposeWorkflows,
};

const run = buildCommand({
  loader: async () => (await import('./commands/run.ts')).run,
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      ...ATTEND_FLAGS,
      data: textsFlag(
        'Input: name=value (JSON values are taken as such), \'{"name":"value"}\', @file or @- for stdin',
        'data',
      ),
      env: textsFlag('Environment variable of the run', 'NAME=value'),
      notBefore: textFlag('Start no earlier: 30s, 2h, or 2026-12-24T03:00:00Z; think of --detach', 'time'),
      priority: {
        kind: 'parsed',
        parse: Number,
        optional: true,
        placeholder: 'number',
        brief: 'More is sooner, -10 to 10; more than the workflow has takes a token that may',
      },
      idempotencyKey: textFlag('Same key, same run: makes the command safe to repeat', 'key'),
    },
    aliases: { ...COMMON_ALIASES, d: 'data', e: 'env', f: 'follow' },
    positional: one(WORKFLOW),
  },
  docs: {
    brief: 'Start a run, wait for its end, print its result',
    fullDescription:
      'Exit codes: 0 completed, 1 failed, 2 usage, 3 no access, 4 no such workflow, 5 still running when the time was up, ' +
      '6 server unavailable, 130 interrupted. A run that was started goes on in the last three.',
  },
});

const rerun = buildCommand({
  loader: async () => (await import('./commands/rerun.ts')).rerun,
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      ...ATTEND_FLAGS,
      version: {
        kind: 'enum',
        values: ['latest', 'same'],
        optional: true,
        brief: 'What to run: what is in service now (default), or what ran then',
      },
    },
    aliases: { ...COMMON_ALIASES, f: 'follow' },
    positional: one(RUN_ID),
  },
  docs: { brief: 'Start a new run with the input of an old one' },
});

const tasks = buildCommand({
  loader: async () => (await import('./commands/tasks.ts')).tasks,
  parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: none },
  docs: { brief: 'List the workflows, and what was refused' },
});

const status = buildCommand({
  loader: async () => (await import('./commands/status.ts')).status,
  parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: one({ ...RUN_ID, optional: true } as const) },
  docs: { brief: 'Show how a run is, or how the server is' },
});

const logs = buildCommand({
  loader: async () => (await import('./commands/logs.ts')).logs,
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      follow: switchFlag('Follow the run to its end; then exit 0 if it completed, else 1'),
      timestamps: switchFlag('Begin each line with its time'),
    },
    aliases: { ...COMMON_ALIASES, f: 'follow', t: 'timestamps' },
    positional: one(RUN_ID),
  },
  docs: { brief: 'Print what a run wrote' },
});

const cancel = buildCommand({
  loader: async () => (await import('./commands/cancel.ts')).cancel,
  parameters: {
    flags: { ...COMMON_FLAGS, reason: textFlag('Why; kept with the run', 'text') },
    aliases: COMMON_ALIASES,
    positional: one(RUN_ID),
  },
  docs: { brief: 'Ask a run to end' },
});

const token = buildRouteMap({
  routes: {
    create: buildCommand({
      loader: async () => (await import('./commands/token.ts')).createToken,
      parameters: {
        flags: {
          ...COMMON_FLAGS,
          scope: textsFlag(
            'admin, read, run, run:<path or pattern>, jobs:run:scripts:<path>; may be repeated',
            'scope',
          ),
          label: textFlag('What it is for', 'text'),
          ttl: textFlag('How long it is valid, such as 12h or 30d; for ever without it', 'time'),
        },
        aliases: COMMON_ALIASES,
        positional: none,
      },
      docs: { brief: 'Make a token; it is shown once' },
    }),
    list: buildCommand({
      loader: async () => (await import('./commands/token.ts')).listTokens,
      parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: none },
      docs: { brief: 'List the tokens, without their secrets' },
    }),
    revoke: buildCommand({
      loader: async () => (await import('./commands/token.ts')).revokeToken,
      parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: one(argument('Id of the token', 'id')) },
      docs: { brief: 'Take a token back; it stops working within a second' },
    }),
  },
  docs: { brief: 'Make, list and revoke tokens' },
});

const SECRET_NAME = argument('Name of the secret, such as API_KEY', 'name');

const secret = buildRouteMap({
  routes: {
    set: buildCommand({
      loader: async () => (await import('./commands/secret.ts')).setSecret,
      parameters: {
        flags: {
          ...COMMON_FLAGS,
          fromFile: textFlag('File with the value; else it is read from stdin', 'file'),
          value: textFlag('The value itself; it stays in the history of the shell', 'value'),
          add: switchFlag('Keep the values before valid beside this one'),
          retire: switchFlag('Take no value: keep the newest one only'),
          workflow: textsFlag('Only these may read it, as path or pattern; may be repeated; * for all', 'pattern'),
        },
        aliases: COMMON_ALIASES,
        positional: one(SECRET_NAME),
      },
      docs: { brief: 'Set a secret; in effect within a second' },
    }),
    list: buildCommand({
      loader: async () => (await import('./commands/secret.ts')).listSecrets,
      parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: none },
      docs: { brief: 'List the secrets, without their values' },
    }),
    rm: buildCommand({
      loader: async () => (await import('./commands/secret.ts')).removeSecret,
      parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: one(SECRET_NAME) },
      docs: { brief: 'Remove a secret' },
    }),
    rekey: buildCommand({
      loader: async () => (await import('./commands/secret-rekey.ts')).rekeySecrets,
      parameters: {
        flags: {
          ...COMMON_FLAGS,
          oldKeyFile: textFlag('File with the master key before', 'file'),
          keyFile: textFlag("File with the new one; by default the server's", 'file'),
        },
        aliases: COMMON_ALIASES,
        positional: none,
      },
      docs: { brief: 'Seal all secrets under another master key' },
    }),
  },
  docs: { brief: 'Set, list and remove secrets' },
});

const deploy = buildCommand({
  loader: async () => (await import('./commands/deploy.ts')).deploy,
  parameters: {
    flags: { ...COMMON_FLAGS, check: switchFlag('Only look for problems; needs no server and changes nothing') },
    aliases: COMMON_ALIASES,
    positional: one({
      ...argument('Folder of workflows; by default what the configuration says', 'folder'),
      optional: true,
    } as const),
  },
  docs: { brief: 'Put a folder of workflows into service' },
});

const projector = buildRouteMap({
  routes: {
    rebuild: buildCommand({
      loader: async () => (await import('./commands/rebuild.ts')).rebuild,
      parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: none },
      docs: { brief: 'Rebuild the read models from the log, while everything runs' },
    }),
  },
  docs: { brief: 'Look after the read models in Postgres' },
});

const doctor = buildCommand({
  loader: async () => (await import('./commands/doctor.ts')).doctor,
  parameters: { flags: COMMON_FLAGS, aliases: COMMON_ALIASES, positional: none },
  docs: { brief: 'Look for what is wrong, and say what to do; exit code 1 when something fails' },
});

const completion = buildCommand({
  loader: async () => (await import('./commands/completion.ts')).completion,
  parameters: {
    flags: { json: COMMON_FLAGS.json },
    positional: one({
      brief: 'bash, zsh or fish',
      placeholder: 'shell',
      parse: (input: string) => {
        if (input === 'bash' || input === 'zsh' || input === 'fish') return input;
        throw new SyntaxError('bash, zsh or fish');
      },
      proposeCompletions: () => ['bash', 'zsh', 'fish'],
    }),
  },
  docs: { brief: 'Print the completion script of a shell' },
});

/** Listed here for --help; `main` runs it itself, because its flags are those of the server. */
const serve = buildCommand({
  func: () => undefined,
  parameters: { flags: {}, positional: none },
  docs: { brief: 'Start everything and keep it running until Ctrl-C' },
});

/** The whole command line; every command is loaded when it is used. Errors are printed as `show` says. */
export const makeApp = (version: string, show: ShowError = showText): Application<CliContext> =>
  buildApplication<CliContext>(
    buildRouteMap({
      routes: {
        serve,
        run,
        tasks,
        status,
        runs,
        logs,
        cancel,
        rerun,
        token,
        secret,
        trigger,
        requests,
        webhook,
        deploy,
        projector,
        doctor,
        completion,
      },
      aliases: { tokens: 'token', secrets: 'secret', webhooks: 'webhook', triggers: 'trigger', workflows: 'tasks' },
      docs: { brief: 'Durable workflow runs from HTTP requests' },
    }),
    {
      name: 'millrace',
      scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
      determineExitCode: (error) => explainError(error).exitCode,
      localization: { text: errorTexts(show) },
    },
    {
      help: help({
        brief: 'Print this',
        formatting: { caseStyle: 'convert-camel-to-kebab', useAliasInUsageLine: false, onlyRequiredInUsageLine: true },
      }),
      version: showVersion({ brief: 'Print the version', info: { currentVersion: version } }),
    },
  );
