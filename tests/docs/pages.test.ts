import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALL_DIALECTS } from '@millrace/dialects';
import { configurationTable } from '@millrace/runtime';
import { expect, test } from 'vitest';
import { dialectSettingsTable } from './dialect-settings-table.ts';
import { isLike } from './output.ts';
import { allPages, anchorsOf, blocksOf, linksOf, type Page, REPOSITORY } from './page.ts';

const PAGES = allPages();

const pageOf = (name: string): Page => {
  const page = PAGES.find((one) => one.name === name);
  if (page === undefined) throw new Error(`there is no ${name}`);
  return page;
};

test('every relative link leads to a file, and to a heading that is there', () => {
  const broken = PAGES.flatMap((page) =>
    linksOf(page)
      .filter(({ file, anchor }) => {
        if (!existsSync(join(REPOSITORY, file))) return true;
        return anchor !== '' && !anchorsOf(readFileSync(join(REPOSITORY, file), 'utf8')).has(anchor);
      })
      .map(({ file, anchor }) => `${page.name}: ${file}#${anchor}`),
  );
  expect(broken).toEqual([]);
});

test('the index of docs/ names every page of it', () => {
  const index = linksOf(pageOf('docs/README.md')).map(({ file }) => file);
  const pages = readdirSync(join(REPOSITORY, 'docs')).filter((name) => name.endsWith('.md') && name !== 'README.md');
  expect(pages.filter((name) => !index.includes(`docs/${name}`))).toEqual([]);
});

test('docs/configuration.md holds exactly the tables that the code generates', () => {
  expect(pageOf('docs/configuration.md').text).toContain(`\n${configurationTable()}\n`);
  expect(pageOf('docs/configuration.md').text).toContain(`\n${dialectSettingsTable(ALL_DIALECTS)}\n`);
});

const sourcesBelow = (folder: string): readonly string[] =>
  readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.test\.ts$|^testing\//.test(name))
    .map((name) => readFileSync(join(REPOSITORY, folder, name), 'utf8'));

/** Where errors come from that the gateway answers with. */
const ANSWERING = [
  'services/gateway/src',
  'libs/dialects/src',
  'libs/domain/src/cloud-events',
  'libs/domain/src/environment',
  'libs/read-model/src',
  'libs/eventlog/src',
];
/** Ends a service when it starts. */
const NO_CODES = new Set(['log.server_too_old']);
/** Of these areas; others never reach a caller. */
const CODE =
  /'((?:auth|body|cloudevents|env|gateway|http|idempotency|input|live|log|logs|read_model|requests?|runs?|signature|token|trigger|wait|workflow)\.[a-z_]+)'/g;

test('docs/http.md explains every error code that the sources of the gateway name', () => {
  const { text } = pageOf('docs/http.md');
  const codes = new Set(
    ANSWERING.flatMap(sourcesBelow).flatMap((source) => [...source.matchAll(CODE)].map(([, code = '']) => code)),
  );
  expect(codes.size).toBeGreaterThan(30);
  expect([...codes].filter((code) => !NO_CODES.has(code) && !text.includes(`| \`${code}\``))).toEqual([]);
});

test('docs/http.md names every limit of the gateway', () => {
  const { text } = pageOf('docs/http.md');
  const limits = readFileSync(join(REPOSITORY, 'services/gateway/src/limits.ts'), 'utf8');
  const names = [...limits.matchAll(/^export const ([A-Z_]+) =/gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test('docs/workflows.md names every variable that a caller may not set', () => {
  const { text } = pageOf('docs/workflows.md');
  const source = readFileSync(join(REPOSITORY, 'libs/domain/src/environment/denied-names.ts'), 'utf8');
  const names = [...source.matchAll(/^ {2}'([A-Z0-9_]+)',$/gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(80);
  expect(names.filter((name) => !text.includes(name))).toEqual([]);
});

test('a block ends where its fence does, and knows whether text stands before it', () => {
  const page = '```sh\na\n```\n\n```text\nb\n```\nprose\n```sh no-run: because\nc\n```\n';
  expect(blocksOf(page)).toMatchObject([
    { language: 'sh', text: 'a', line: 1, followsDirectly: false },
    { language: 'text', text: 'b', line: 5, followsDirectly: true },
    { language: 'sh', text: 'c', exemption: 'because', followsDirectly: false },
  ]);
  expect(() => blocksOf('```sh\na\n')).toThrow('line 1');
});

test('output is alike when only ids, times and the like differ, and not when anything else does', () => {
  const shown = 'run 01a1fe17-7444-77b9-9777-8bec8f04edbd of a/b\n…\nHTTP/1.1 202 in 3 ms';
  expect(isLike(shown, 'run 01a1fe17-0000-77b9-9777-8bec8f04edbd of a/b\nx\ny\nHTTP/1.1 202 in 40 ms\n')).toBe(true);
  expect(isLike(shown, 'run 01a1fe17-0000-77b9-9777-8bec8f04edbd of a/b\nHTTP/1.1 200 in 40 ms\n')).toBe(false);
  expect(isLike('a …', 'b c')).toBe(false);
});

/** Between our own processes, or for our own tests. */
const INTERNAL = ['MILLRACE_', 'MILLRACE_FAILPOINTS', 'MILLRACE_SUPERVISED', 'MILLRACE_BOOTSTRAPPED', 'MILLRACE_TEST'];

test('docs/ names every variable that the product reads or sets', () => {
  const pages = PAGES.filter(({ name }) => name.startsWith('docs/')).map(({ text }) => text);
  const sources = ['libs', 'services', 'infra'].flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder)).flatMap((name) =>
      existsSync(join(REPOSITORY, folder, name, 'src')) ? sourcesBelow(`${folder}/${name}/src`) : [],
    ),
  );
  const names = new Set(sources.flatMap((source) => source.match(/\bMILLRACE_[A-Z_]*/g) ?? []));
  expect(names.size).toBeGreaterThan(25);
  const unknown = [...names].filter((name) => !INTERNAL.includes(name) && !pages.some((text) => text.includes(name)));
  expect(unknown).toEqual([]);
});

test('every npm script that a page names is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as { scripts: object };
  const named = PAGES.flatMap(({ text }) => [...text.matchAll(/npm (?:run ([a-z:]+)|(start|test)\b)/g)]).map(
    ([, script, short]) => script ?? short ?? '',
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !Object.keys(scripts).includes(name))).toEqual([]);
});
