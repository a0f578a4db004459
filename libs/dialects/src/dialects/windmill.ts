/**
 * The dialect `windmill`: `/api/w/{workspace}/jobs/…` to start and to ask, `/api/r/{path}` for routes of one's own.
 *
 * Where the documentation of Windmill and its source exclude each other, the documentation is the default and the source a setting.
 */
import { type Trigger } from '@millrace/contracts';
import { type Dialect, type DialectModule, type ExampleCall } from '../dialect.ts';
import { TOKEN_HEADER } from '../example-credentials.ts';
import { type WorkflowInService } from '../trigger-directory.ts';
import { describeWindmill } from './windmill/describe.ts';
import { renderError } from './windmill/errors.ts';
import { flowRoutes } from './windmill/flow-routes.ts';
import { httpRoutes, routeDeclaration, routeExample } from './windmill/http-routes.ts';
import { makeJobStream } from './windmill/job-stream.ts';
import { HASH_DIGITS } from './windmill/job-view.ts';
import { pollRoutes } from './windmill/poll-routes.ts';
import { readSettings, SettingsSchema } from './windmill/settings.ts';
import { NAME, startRoutes } from './windmill/start-routes.ts';

const HEADERS = { ...TOKEN_HEADER, 'content-type': 'application/json' };

const examplesOf = (
  { workflow, workspace, version }: WorkflowInService,
  triggers: readonly Trigger[],
): readonly ExampleCall[] => {
  const jobs = `/api/w/${workspace}/jobs`;
  const call = { method: 'POST', headers: HEADERS, body: '{}' };
  return [
    { ...call, title: 'start, and get the id', path: `${jobs}/run/p/${workflow}` },
    { ...call, title: 'start, and get the result', path: `${jobs}/run_wait_result/p/${workflow}` },
    {
      ...call,
      title: 'start this very version',
      path: `${jobs}/run/h/${version.version.slice(0, HASH_DIGITS)}`,
    },
    ...triggers.filter(({ dialect: name }) => name === NAME).map((trigger) => routeExample(trigger, workspace)),
  ];
};

export const dialect: DialectModule = {
  name: NAME,
  settings: SettingsSchema,
  make: (configured): Dialect => {
    const settings = readSettings(configured);
    const context = { settings, stream: makeJobStream(settings.timeout_sse_stream) };
    return {
      name: NAME,
      summary: 'POST /api/w/<workspace>/jobs/run/p/<path>, poll jobs_u/completed/get_result_maybe/<id>',
      routes: [...startRoutes(context), ...pollRoutes(context), ...flowRoutes(settings), ...httpRoutes(context)],
      described: describeWindmill(settings),
      renderError,
      declares: routeDeclaration,
      examples: examplesOf,
    };
  },
};
