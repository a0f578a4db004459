import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@millrace/testkit';
import { readServerConfig } from '@millrace/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runInBash } from './bash-session.ts';
import { isLike, masked } from './output.ts';
import { type Block, executedPages, type Page } from './page.ts';
import { type Reader, startReader } from './reader.ts';

const PAGES = executedPages();
const KNOWN = ['sh', 'js', 'ts', 'py', 'toml', 'yaml', 'json', 'text'];
/** Of all pages together. Each needs a reason that a reader accepts. */
const EXEMPTIONS_MAX = 3;

let reader: Reader;
beforeAll(async () => {
  reader = await startReader();
});
afterAll(() => reader.stop());

const blocksIn = (page: Page, ...languages: readonly string[]): readonly Block[] =>
  page.blocks.filter(({ language }) => languages.includes(language));

/** A block without a file is a program of its own. */
const runProgram = async ({ language, text }: Block): Promise<void> => {
  const folder = mkdtempSync(join(reader.folder, 'program-'));
  const file = join(folder, `program.${language === 'ts' ? 'mts' : 'mjs'}`);
  writeFileSync(file, reader.here(text));
  const { url: MILLRACE_URL, token: MILLRACE_TOKEN, natsUrl: NATS_URL } = reader.platform;
  await promisify(execFile)(process.execPath, ['--conditions=@millrace/source', file], {
    cwd: folder,
    env: { ...reader.env, MILLRACE_URL, MILLRACE_TOKEN, NATS_URL },
    timeout: 30_000,
  });
};

const readToml = ({ text }: Block): void => {
  const cwd = mkdtempSync(join(reader.folder, 'config-'));
  writeFileSync(join(cwd, 'millrace.toml'), text);
  readServerConfig({ env: {}, cwd });
};

/** Each shell block with the output that the page shows directly below it. */
const shellBlocksOf = ({ blocks }: Page) =>
  blocks.flatMap((block, index) => {
    if (block.language !== 'sh' || block.file !== undefined || block.exemption !== undefined) return [];
    const next = blocks[index + 1];
    return [{ block, shown: next?.language === 'text' && next.followsDirectly ? next.text : undefined }];
  });

const followPage = async (page: Page): Promise<void> => {
  await reader.save(page.blocks);
  const shellBlocks = shellBlocksOf(page);
  const token = reader.platform.token;
  const { outputs, exitCode } = await runInBash({
    folder: reader.folder,
    env: { ...reader.env, MILLRACE_URL: reader.platform.url, MILLRACE_TOKEN: token, TOKEN: token },
    blocks: shellBlocks.map(({ block }) => reader.here(block.text)),
  });
  const printed = outputs.map((output) => reader.shown(output).replaceAll(token, '$TOKEN'));
  const lastLine = shellBlocks[printed.length - 1]?.block.line ?? 0;
  expect(exitCode, `${page.name}:${lastLine}\n${printed.at(-1) ?? ''}`).toBe(0);
  shellBlocks.forEach(({ block, shown }, index) => {
    const output = printed[index] ?? '';
    if (shown === undefined || isLike(shown, output)) return;
    expect(masked(output), `${page.name}:${block.line} printed\n${output}`).toBe(masked(shown));
  });
};

describe.each(PAGES)('$name', (page) => {
  test('has only blocks of languages that are executed', () => {
    expect(page.blocks.map(({ language }) => language).filter((language) => !KNOWN.includes(language))).toEqual([]);
  });

  test.runIf(shellBlocksOf(page).length > 0 || page.blocks.some(({ file }) => file !== undefined))(
    'shell blocks run one after the other and print what is shown',
    () => followPage(page),
    180_000,
  );

  test.each(blocksIn(page, 'js', 'ts').filter(({ file, exemption }) => file === undefined && exemption === undefined))(
    'the program in line $line runs',
    (block) => runProgram(block),
    60_000,
  );

  test.each(blocksIn(page, 'toml'))('the configuration in line $line has no problem', (block) => readToml(block));

  test.each(blocksIn(page, 'json'))('the JSON in line $line can be read', ({ text }) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });

  test('metadata and scripts say where they are saved', () => {
    expect(blocksIn(page, 'yaml', 'py').filter(({ file }) => file === undefined)).toEqual([]);
  });
});

test('docs/http.md has a row for every route of /openapi.json, except for dialects with a page of their own', async () => {
  const { json } = await reader.platform.http.get('/openapi.json');
  type Operations = Readonly<Record<string, { readonly tags?: readonly string[] }>>;
  const routes = Object.entries(json.paths as Readonly<Record<string, Operations>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { tags = [] }]) => ({ route: `${method.toUpperCase()} ${path}`, tags })),
  );
  const textOf = (page: string) => PAGES.find(({ name }) => name === page)?.text;
  const own = routes.filter(({ tags }) => !tags.some((tag) => textOf(`docs/dialects/${tag}.md`) !== undefined));
  expect(own.length).toBeGreaterThan(15);
  expect(own.filter(({ route }) => textOf('docs/http.md')?.includes(`\`${route}\``) !== true)).toEqual([]);
});

/** Names of the metrics of a service, from its admin port, which only its log tells. */
const metricsOf = async (service: string): Promise<readonly string[]> => {
  const log = readFileSync(join(reader.platform.dataDir, 'logs', `${service}.log`), 'utf8');
  const port = [...log.matchAll(/"adminPort":(\d+)/g)].at(-1)?.[1] ?? '';
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return [...text.matchAll(/^# HELP (millrace_\w+)/gm)].map(([, name = '']) => name);
};

test('docs/operations.md names every metric of the services', async () => {
  await reader.platform.http.post('/webhooks', { body: { url: 'http://127.0.0.1:65000' } }); // starts the notifier
  await eventually(() => expect(reader.platform.pid('notifier')).toBeGreaterThan(0));
  const services = ['gateway', 'scheduler', 'executor', 'projector', 'notifier'];
  const names = (await Promise.all(services.map(metricsOf))).flat();
  const text = PAGES.find(({ name }) => name === 'docs/operations.md')?.text ?? '';
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test('exempt blocks are few, and each has a reason', () => {
  const exemptions = PAGES.flatMap(({ name, blocks }) =>
    blocks.flatMap(({ exemption, line }) => (exemption === undefined ? [] : [{ place: `${name}:${line}`, exemption }])),
  );
  expect(exemptions.length).toBeLessThanOrEqual(EXEMPTIONS_MAX);
  expect(exemptions.filter(({ exemption }) => exemption.length < 10)).toEqual([]);
});
