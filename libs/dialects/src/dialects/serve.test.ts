import { expect, test } from 'vitest';
import { type WorkflowVersion } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { type InboundRequest } from '../inbound-request.ts';
import { type RunSnapshot } from '../run-snapshot.ts';
import { type TriggerDirectory } from '../trigger-directory.ts';
import { dialect } from './serve.ts';

const serve = dialect.make({});

test.each<[AppError, unknown]>([
  [new AppError('unauthenticated', 'auth.unauthorized', ''), { error: 'unauthorized' }],
  [new AppError('forbidden', 'auth.missing_client_header', ''), { error: 'missing X-Workflow-Client header' }],
  [
    new AppError('not_found', 'workflow.not_found', '', { details: { workflow: 'a/b' } }),
    { error: 'task not found: a/b' },
  ],
  [new AppError('not_found', 'run.not_found', ''), { error: 'run not found' }],
  [
    new AppError('over_limit', 'run.over_limit', '', { details: { max: 4 } }),
    { error: 'too many concurrent runs', max: 4 },
  ],
  [new AppError('too_large', 'http.body_too_large', ''), { error: 'request body too large', max_bytes: 1_048_576 }],
  [new AppError('invalid', 'env.denied', ''), undefined],
])('%# the dialect prescribes this body', (error, body) => {
  const answer = serve.renderError(error, undefined);
  expect(answer.headers?.['content-type']).toBe(body === undefined ? 'application/problem+json' : 'application/json');
  if (body !== undefined) expect(JSON.parse(String(answer.body))).toEqual(body);
});

const RUN: RunSnapshot = {
  id: '01a1fe04-148e-7730-95d0-3c1cf9210df0',
  workspace: 'default',
  workflow: 'backup/db-full',
  version: 'f'.repeat(64),
  state: 'waiting',
  attempt: 0,
  requestedAt: '2026-01-02T03:04:05.678Z',
  requestedBy: 'admin',
  startedAt: undefined,
  endedAt: undefined,
  progress: undefined,
  progressMessage: undefined,
  input: {},
  output: undefined,
  exitCode: undefined,
  error: undefined,
  traceId: undefined,
};
const VERSION = { methods: ['POST'] } as unknown as WorkflowVersion;
const [started, ended] = ['2026-01-02T03:04:06.000Z', '2026-01-02T03:04:07.000Z'];
const ENDED = { attempt: 1, startedAt: started, endedAt: ended };

/** Members that clients of the dialect know; one that is not there is not there. */
const statusOf = (run: Partial<RunSnapshot>): Readonly<Record<string, unknown>> => {
  const route = serve.routes.find(({ does }) => does === 'read');
  if (route?.does !== 'read') throw new Error('there is no route for the status');
  const body = JSON.parse(String(route.render({ ...RUN, ...run }, {} as InboundRequest, '').body)) as object;
  const known = new Set(['run_id', 'status', 'exit_code', 'steps', 'started', 'ended', 'error']);
  return Object.fromEntries(Object.entries(body).filter(([name]) => known.has(name)));
};

/** Rows of 0.4. */
test.each<[string, Partial<RunSnapshot>, Readonly<Record<string, unknown>>]>([
  ['waits', {}, { status: 'running' }],
  ['runs', { state: 'running', startedAt: started }, { status: 'running', started }],
  ['is cancelled before it ran', { state: 'cancelled', endedAt: ended }, { status: 'failed', ended }],
  [
    'completed',
    { state: 'completed', ...ENDED, exitCode: 0 },
    { status: 'completed', exit_code: 0, steps: 1, started, ended },
  ],
  [
    'completed without a process',
    { state: 'completed', ...ENDED },
    { status: 'completed', exit_code: 0, steps: 1, started, ended },
  ],
  ['failed', { state: 'failed', ...ENDED, exitCode: 3 }, { status: 'failed', exit_code: 3, steps: 1, started, ended }],
  ['timed out', { state: 'timed_out', ...ENDED }, { status: 'failed', steps: 1, started, ended }],
  [
    'could not be executed',
    { state: 'failed', endedAt: ended, error: { code: 'start_failed', message: 'no such file' } },
    { status: 'failed', ended, error: 'no such file' },
  ],
])('0.4 the status of a run that %s', (_what, run, expected) => {
  expect(statusOf(run)).toEqual({ run_id: RUN.id, ...expected });
});

/** Rows of 0.1: names are compared as they are written. */
test.each([
  ['backup/db-full', ['backup/db-full']],
  ['backup.db-full', ['backup.db-full', 'backup/db-full']],
  ['backup%2Fdb-full', ['backup%2Fdb-full', 'backup%2Fdb-full']],
  ['backup/db-full/', ['backup/db-full/', 'backup/db-full/']],
])('0.1 %s is looked up as %j', (written, expected) => {
  const route = serve.routes.find(({ does }) => does === 'start');
  if (route?.does !== 'start') throw new Error('there is no route that starts');
  const asked: string[] = [];
  const workflow = (path: string) => {
    asked.push(path);
    return path === 'backup/db-full' ? { workspace: 'default', workflow: path, version: VERSION } : undefined;
  };
  const found = route.resolve({ path: `/run/${written}` } as InboundRequest, { workflow } as TriggerDirectory);
  expect(asked).toEqual(expected);
  expect(found.length).toBe(expected.includes('backup/db-full') ? 1 : 0);
});
