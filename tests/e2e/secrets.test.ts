import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRun, untilEnded } from './runs.ts';

const CANARY = `canary-${process.pid}-Wp7/q+9x&zeta`;
const FORMS = [CANARY, encodeURIComponent(CANARY), Buffer.from(CANARY).toString('base64').slice(0, 28)];

const SCRIPT = `#!/bin/bash
echo "plain $CANARY"; echo "to stderr $CANARY" >&2
printf '%s' "$CANARY" | base64 -w0; echo
printf '%s' "\${CANARY:0:9}"; sleep 0.3; printf '%s\\n' "\${CANARY:9}"
echo "::progress 50 $CANARY"
printf '{"%s":"%s"}' "$CANARY" "$CANARY" > "$MILLRACE_OUTPUT"
echo "died of $CANARY" >&2; exit 4
`;
const WORKFLOW = `
import { defineWorkflow } from '@millrace/sdk';
export default defineWorkflow({ secrets: ['CANARY'] }, async ({ secrets, log, progress, input }) => {
  const value = secrets.get('CANARY');
  console.log(value, encodeURIComponent(value)); log.error(value, { value }); progress(50, value);
  if ((input as { fail?: boolean }).fail) throw new Error('no ' + value);
  return { value, [value]: [value] };
});
`;

let spans = '';
let collector: Server;
let platform: TestPlatform;
beforeAll(async () => {
  collector = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => (spans += text));
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  platform = await startTestPlatform({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
      MILLRACE_LOG_LEVEL: 'debug',
    },
    workflows: {
      'leak/script.sh': SCRIPT,
      'leak/script.yaml': 'secrets: [CANARY]\n',
      'leak/typed.ts': WORKFLOW,
      'leak/missing.sh': '#!/bin/sh\ntrue\n',
      'leak/missing.yaml': 'secrets: [NOT_THERE]\n',
    },
  });
  const set = await platform.http.call('PUT', '/secrets/CANARY', { body: { value: CANARY } });
  expect(set.status).toBe(200);
});
afterAll(async () => {
  await platform.stop();
  collector.closeAllConnections();
  collector.close();
});

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);

const dumpOf = async (connectionString: string): Promise<string> => {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      "select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
    );
    const tables: unknown[] = [];
    for (const { name } of rows) tables.push((await client.query(`select * from ${name}`)).rows);
    return JSON.stringify(tables);
  } finally {
    await client.end();
  }
};

test('A30: a run that shows its secret in every way leaves it nowhere', async () => {
  const ids: string[] = [];
  for (const [path, input] of [
    ['leak/script', {}],
    ['leak/typed', {}],
    ['leak/typed', { fail: true }],
  ] as const)
    ids.push(await startRun(platform.http, path, { input }));
  const ended = await Promise.all(ids.map((id) => untilEnded(platform.http, id)));
  expect(ended.map(({ state }) => state)).toEqual(['failed', 'completed', 'failed']);
  expect(ended[0]).toMatchObject({ exit_code: 4, error: 'exit code 4: died of ***', output: { '***': '***' } });
  expect(ended[1]?.output).toEqual({ value: '***', '***': ['***'] });
  expect(ended[2]?.error).toContain('no ***');

  const answers = await Promise.all(
    ids.flatMap((id) => [`/runs/${id}`, `/runs/${id}/logs`, `/status/${id}`].map((path) => platform.http.get(path))),
  );
  const streams = await Promise.all(
    ids.map(async (id) => {
      const headers = { authorization: `Bearer ${platform.token}`, accept: 'text/event-stream' };
      return (await fetch(`${platform.url}/runs/${id}/events`, { headers })).text();
    }),
  );
  expect(streams.join('')).toContain('plain ***');
  await eventually(() => expect(spans).toContain('leak/typed'), { timeoutMs: 30_000 });

  const database = await dumpOf(platform.databaseUrl);
  expect(database).toContain('plain ***');
  const files = filesBelow(platform.dataDir).filter((path) => !path.includes('/postgres/'));
  const store = files.filter((path) => path.includes('/nats/store/'));
  expect(store.some((path) => readFileSync(path, 'latin1').includes('plain ***'))).toBe(true);
  const places = new Map<string, string>([
    ['answers', answers.map(({ text }) => text).join('')],
    ['event streams', streams.join('')],
    ['spans', spans],
    ['Postgres', database],
    ...files.map((path) => [path, readFileSync(path, 'latin1')] as const),
  ]);
  const found = [...places].flatMap(([place, text]) => (FORMS.some((form) => text.includes(form)) ? [place] : []));
  expect(found).toEqual([]);
});

test('a run whose secret is not set fails and names it; the workflow is in service', async () => {
  const id = await startRun(platform.http, 'leak/missing');
  expect(await untilEnded(platform.http, id)).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('NOT_THERE'),
  });
  const { json } = await platform.http.get(`/runs/${id}`);
  expect(json).toMatchObject({ error: { code: 'secret_missing' } });
});
