/** What document 001 is tried on: workflows under the paths of its examples, a proxy in front, and callers that send nothing that is ours. */
import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import { type AddressInfo } from 'node:net';
import { eventually, type TestPlatform } from '@millrace/testkit';
import { expect } from 'vitest';

export const HELLO = 'u/bot/hello_world_deno';
export const JOBS = '/api/w/demo/jobs';
export const SYNC = `${JOBS}/run_wait_result`;

/** The name under which the proxy is known. */
export const PUBLIC_NAME = 'hooks.example.test';

/** Seconds that a caller waits at most: long enough for a busy machine. */
export const WAIT_MAX_S = 15;

export const CONFIG = `
[server]
allowed_hosts = ["${PUBLIC_NAME}"]

[dialects.windmill]
timeout_wait_result = ${WAIT_MAX_S}
`;

const script = (...lines: readonly string[]): string => ['#!/bin/sh', ...lines, ''].join('\n');
const ECHO = script('echo said "$(cat "$MILLRACE_INPUT")" >&2', 'cp "$MILLRACE_INPUT" "$MILLRACE_OUTPUT"');

/** Functions with arguments, as the document has them. */
const SUM = `
export async function main(body: number[]) {
  if (body.length === 0) throw new TypeError('nothing to add');
  return body.reduce((sum, n) => sum + n);
}
`;
const SUM_IN_PYTHON = `
from typing import List

def main(body: List[int]):
    print(body)
    return sum(body)
`;
const ANY_IN_PYTHON = `
from typing import Any

async def main(body: Any, greeting: str = "Hello"):
    return [greeting, body]
`;

export const WORKFLOWS: Readonly<Record<string, string>> = {
  [`${HELLO}.sh`]: ECHO,
  'u/bot/other.sh': script('echo \'"other"\''),
  'u/bot/sum.ts': SUM,
  'u/bot/sum_in_python.py': SUM_IN_PYTHON,
  'u/bot/any_in_python.py': ANY_IN_PYTHON,
  'u/bot/fail.sh': script('echo "no such order" >&2', 'exit 3'),
  'u/bot/broken.sh': script('exit 1'),
  'u/bot/slow.sh': script('sleep 60'),
  'u/bot/early.sh': script('echo \'::respond {"ok":true}\'', 'sleep 1', 'echo \'"late"\''),
  'u/bot/secretive.sh': ECHO,
  'u/bot/secretive.yaml': 'delete_after_use: true\n',
  'f/team/versioned.sh': script('echo 1'),
};

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const mailForm = (): FormData => {
  const form = new FormData();
  form.set('from', 'ada@example.test');
  form.set('subject', 'Lost');
  return form;
};

/** How Slack and mail services call an address that they are given, and what the script gets. */
export const SENDERS: readonly (readonly [sender: string, request: Ask, args: object])[] = [
  [
    'Slack, with a slash command,',
    { headers: FORM, body: 'command=%2Fdeploy&text=shop&user_name=ada' },
    { command: '/deploy', text: 'shop', user_name: 'ada' },
  ],
  [
    'Slack, with an event,',
    { body: { type: 'event_callback', event: { type: 'app_mention', text: 'deploy' } } },
    { type: 'event_callback', event: { type: 'app_mention', text: 'deploy' } },
  ],
  [
    'a mail service, with a form,',
    { headers: FORM, body: 'sender=ada%40example.test&subject=Lost&body-plain=My+order' },
    { sender: 'ada@example.test', subject: 'Lost', 'body-plain': 'My order' },
  ],
  ['a mail service, with a form of parts,', { body: mailForm() }, { from: 'ada@example.test', subject: 'Lost' }],
  [
    'a mail server, with the message as it is,',
    { headers: { 'content-type': 'text/plain' }, body: 'Subject: Lost\r\n\r\nMy order' },
    { raw_string: 'Subject: Lost\r\n\r\nMy order' },
  ],
];

/** What a receiver of the workspace webhook is told in our words. */
export const CHANGES = ['workflow.deployed', 'run.started', 'run.completed', 'token.created'].map(
  (change) => `dev.millrace.${change}.v1`,
);

export interface Ask {
  /** Default POST. */
  readonly method?: string;
  /** Sent as JSON; a text or form data as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the platform's; `null` sends none. */
  readonly token?: string | null;
}

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: () => unknown;
}

/** Calls as clients of Windmill do. */
export const windmillCaller = (platform: () => Pick<TestPlatform, 'url' | 'token'>) => {
  const ask = async (path: string, { method = 'POST', body, headers, ...rest }: Ask = {}): Promise<Told> => {
    const { url, token: own } = platform();
    const token = rest.token === undefined ? own : rest.token;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' || body instanceof FormData ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) as unknown };
  };

  const read = (path: string, token?: string): Promise<Told> =>
    ask(path, { method: 'GET', ...(token === undefined ? {} : { token }) });

  return {
    ask,
    read,
    hello: (body: unknown, query = '') => ask(`${SYNC}/p/${HELLO}${query}`, { body }),
    hashOf: async (path: string): Promise<string> =>
      ((await read(`/workflows/${path}`)).json() as { readonly version: string }).version.slice(0, 16),
    /** The job once it is over. */
    untilOver: (id: string): Promise<unknown> =>
      eventually(
        async () => {
          const { json } = await read(`${JOBS}_u/get/${id}`);
          expect(json()).toMatchObject({ type: 'CompletedJob' });
          return json();
        },
        { timeoutMs: 20_000 },
      ),
    /** The run of a workflow that was asked for last. */
    newestRun: async (workflow: string): Promise<{ readonly run_id: string; readonly status: string }> => {
      const { runs } = (await read(`/runs?workflow=${workflow}`)).json() as {
        readonly runs: readonly { readonly run_id: string; readonly status: string }[];
      };
      const [newest] = runs;
      if (newest === undefined) throw new Error(`${workflow} has no runs`);
      return newest;
    },
  };
};

export const asPayload = (value: unknown): string => encodeURIComponent(btoa(JSON.stringify(value)));

/** A reverse proxy as people put one in front: every path becomes this one, and a token is added. */
export const startProxy = async (platform: TestPlatform, path: string) => {
  const server = createServer((incoming, outgoing) => {
    const query = incoming.url?.split('?')[1];
    const headers = { ...incoming.headers, host: PUBLIC_NAME, authorization: `Bearer ${platform.token}` };
    const target = `${platform.url}${path}${query === undefined ? '' : `?${query}`}`;
    const onward = forward(target, { method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.once('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async (): Promise<void> => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
