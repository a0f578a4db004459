/** Everything of a run, a workflow or a request that is stored and shown again, with a page in it that would run in a browser. */
import { eventually, type TestPlatform } from '@millrace/testkit';
import { startRun, untilEnded } from '../e2e/runs.ts';
import { ECHO } from './platform.ts';
import { type PlainAnswer, type PlainRequest, send } from './send.ts';

/** Runs as HTML, as SVG and as XML, and says where: no quote that JSON writes in another way, nothing that XML would not take. */
export const pageThatTells = (url: string): string =>
  `<svg xmlns='http://www.w3.org/2000/svg'><script>fetch('${url}'+location.pathname,{mode:'no-cors'})</script></svg>`;

const FAILS = `
import { defineWorkflow } from '@millrace/sdk';
export default defineWorkflow({}, async ({ input }) => { throw new Error(String(input)); });
`;

/** The page in its output, its log and its progress. */
const writes = (page: string): string => `#!/bin/sh
cat <<'EOT'
::progress 50 ${page}
${page}
EOT
echo '${JSON.stringify(page).replaceAll("'", "'\\''")}' > "$MILLRACE_OUTPUT"
`;

const HOOKED = `triggers:
  - { dialect: hooks, id: shown, path: /shown, mode: sync, response: { body: result, content_type: text/html } }
  - { dialect: hooks, id: asked, path: /asked, when: 'body.a == 1' }
  - { dialect: sink, app_id: app, path: /shown, mode: sync }
  - { dialect: endpoints, name: shown }
`;

/** @param page as {@link pageThatTells} makes it. */
export const storedWorkflows = (page: string): Readonly<Record<string, string>> => ({
  'stored/writes.sh': writes(page),
  'stored/echo.ts': ECHO,
  'stored/echo.yaml': HOOKED,
  'stored/fails.ts': FAILS,
});

interface Field {
  readonly name: string;
  readonly request: PlainRequest;
}

const post = (path: string, body: unknown, type = 'application/json'): PlainRequest => ({
  method: 'POST',
  path,
  headers: { 'content-type': type },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

const JOBS = '/api/w/default/jobs/run_wait_result/p/stored/echo';

const results = (page: string): readonly Field[] => [
  ...['text/html', 'image/svg+xml', 'application/xhtml+xml', 'application/xml'].map((type) => ({
    name: `a result that says that it is ${type}`,
    request: post(JOBS, { windmill_content_type: type, result: page }),
  })),
  { name: 'a result of a hook as HTML', request: post('/hooks/shown?wait=20', JSON.stringify(page)) },
  { name: 'a result of a sink', request: post('/sink/trigger/http/app/shown', { page }) },
  { name: 'a result of an endpoint', request: post('/api/endpoints/shown', { page }) },
];

const ofRuns = (written: string, failed: string): readonly Field[] => [
  { name: 'output', request: { path: `/runs/${written}` } },
  { name: 'log', request: { path: `/runs/${written}/logs` } },
  { name: 'events', request: { path: `/runs/${written}/events` } },
  { name: 'input and error', request: { path: `/runs/${failed}` } },
  { name: 'status', request: { path: `/status/${failed}` } },
  { name: 'a job of Windmill', request: { path: `/api/w/default/jobs_u/get/${failed}` } },
  { name: 'an execution of an endpoint', request: { path: `/api/executions/${failed}` } },
];

const ofAddresses = (page: string): readonly Field[] =>
  ['/workflows/', '/api/endpoints/'].map((prefix) => ({
    name: `a name in the address ${prefix}`,
    request: { path: `${prefix}${encodeURIComponent(page)}` },
  }));

const withToken = ({ token }: TestPlatform, request: PlainRequest): PlainRequest => ({
  ...request,
  headers: { 'x-workflow-client': 'x', ...request.headers, authorization: `Bearer ${token}` },
});

const filterOne = async (platform: TestPlatform, page: string): Promise<string> => {
  const asked = post(`/hooks/asked?from=${encodeURIComponent(page)}`, { a: page });
  await send(platform.url, withToken(platform, { ...asked, headers: { ...asked.headers, 'x-page': page } }));
  return eventually(async () => {
    const { json } = await platform.http.get('/requests?trigger=asked');
    const [{ id }] = (json as { readonly requests: readonly [{ readonly id: string }] }).requests;
    return id;
  });
};

const upload = async (platform: TestPlatform, page: string): Promise<string> => {
  const body = new FormData();
  body.append('file', new Blob([page], { type: 'text/html' }), 'page.html');
  const { url, token } = platform;
  const answer = await fetch(`${url}${JOBS}`, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body });
  const { file } = (await answer.json()) as { readonly file: readonly [{ readonly s3: string }] };
  return file[0].s3;
};

export type StoredAnswer = PlainAnswer & { readonly name: string };

/** What the server answers wherever the page is stored, by the name of the field. */
export const storedAnswers = async (platform: TestPlatform, page: string): Promise<readonly StoredAnswer[]> => {
  const written = await startRun(platform.http, 'stored/writes', { input: page });
  const failed = await startRun(platform.http, 'stored/fails', { input: page });
  await Promise.all([untilEnded(platform.http, written), untilEnded(platform.http, failed)]);
  const request = await filterOne(platform, page);
  const file = await upload(platform, page);
  const label = post('/tokens', { label: page, scopes: ['read'] });
  await send(platform.url, withToken(platform, label));
  const fields: readonly Field[] = [
    ...results(page),
    ...ofRuns(written, failed),
    ...ofAddresses(page),
    { name: 'a request that was filtered', request: { path: `/requests/${request}` } },
    { name: 'labels of tokens', request: { path: '/tokens' } },
    {
      name: 'an uploaded file',
      request: { path: `/api/w/default/job_helpers/download_s3_file?file_key=${encodeURIComponent(file)}` },
    },
  ];
  const answers: StoredAnswer[] = [];
  for (const field of fields) {
    answers.push({ name: field.name, ...(await send(platform.url, withToken(platform, field.request))) });
  }
  return answers;
};
