import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export const RUN_ID = '01a1fe11-e495-71fe-b41a-fa021f48c76a';
export const ADMIN = 'mr_admin_token';

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Speaks like a gateway, and says what a real one cannot be made to say at will. */
export interface ScriptedGateway {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  readonly close: () => Promise<void>;
}

const EVENTS: Readonly<Record<string, readonly object[]>> = {
  'ok/run': [{ type: 'complete', status: 'completed', output: { n: 1 } }],
  'ok/none': [{ type: 'complete', status: 'completed' }],
  'bad/run': [
    { type: 'complete', status: 'failed', error: { code: 'exit_code', message: 'exit code 3' }, exit_code: 3 },
  ],
  'bad/time': [{ type: 'complete', status: 'timed_out', error: { code: 'timeout', message: 'took too long' } }],
  'ok/talk': [
    { type: 'state', state: 'waiting' },
    { type: 'state', state: 'running' },
    { type: 'log', stream: 'stdout', text: 'plain\n\u001b]0;title\u0007coloured\n' },
    { type: 'progress', percent: 40, message: 'halfway\u001b[2J' },
    { type: 'complete', status: 'completed', output: 'text\u009b2J' },
  ],
  'ok/script': [
    { type: 'log', stream: 'stdout', text: 'begin\n{"step":1}\n' },
    { type: 'log', stream: 'stdout', text: 'end\n{"n": 1}\n' },
    { type: 'complete', status: 'completed', output: { n: 1 } },
  ],
  'ok/text': [{ type: 'complete', status: 'completed', output: 'two words' }],
  'slow/run': [{ type: 'state', state: 'running' }],
};

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

/** The run's id tells which events it has. */
const acceptedRun = (path: string) => ({
  run_id: `${RUN_ID}#${path}`,
  status: 'accepted',
  task_ref: path,
  status_url: '',
  events_url: '',
});

const sendEvents = (response: ServerResponse, path: string): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  EVENTS[path]?.forEach((event, index) => {
    const message = { attempt: 1, time: '2026-11-21T12:00:00Z', run_id: RUN_ID, ...event };
    response.write(`id: ${index}\ndata: ${JSON.stringify(message)}\n\n`);
  });
  if (path !== 'slow/run') response.end();
};

const WORKFLOWS = [
  { path: 'ok/run', description: 'Fine \u001b[31m', methods: ['POST'], version: 'abcdef0123456789', kind: 'script' },
  {
    path: 'bad/deploy',
    description: '',
    methods: ['POST'],
    problem: { file: 'bad/deploy.sh', line: 3, reason: 'syntax error', at: '' },
  },
];

const REFUSALS: Readonly<Record<string, readonly [number, object]>> = {
  '/run/at/limit': [429, { error: 'too many concurrent runs', max: 4 }],
  '/run/is/bad': [400, { code: 'input.invalid', detail: 'input.n must be integer' }],
  '/run/is/forbidden': [403, { code: 'auth.scope', detail: 'this token may not' }],
  '/run/is/taken': [409, { code: 'idempotency.conflict', detail: 'the key belongs to another request' }],
};

const answerTo = (pathname: string): readonly [number, object] => {
  if (pathname === '/workflows') return [200, { workflows: WORKFLOWS }];
  if (pathname === '/runs') return [200, { runs: [] }];
  const path = /^\/run\/(.+)$/.exec(pathname)?.[1] ?? '';
  if (path in EVENTS) return [202, acceptedRun(path)];
  return REFUSALS[pathname] ?? [404, { error: `task not found: ${path}` }];
};

const handle = (request: IncomingMessage, response: ServerResponse): void => {
  const { pathname } = new URL(request.url ?? '', 'http://x');
  const followed = /^\/runs\/[^%]+%23(.+)\/events$/.exec(pathname)?.[1];
  if (request.headers.authorization !== `Bearer ${ADMIN}`) json(response, 401, { error: 'unauthorized' });
  else if (followed !== undefined) sendEvents(response, decodeURIComponent(followed));
  else json(response, ...answerTo(pathname));
};

export const startScriptedGateway = async (): Promise<ScriptedGateway> => {
  const requests: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      handle(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close };
};
