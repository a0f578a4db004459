import { chmod, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeTempFolder } from '@millrace/testkit';
import { expect, describe, test } from 'vitest';
import { readWorkflow, type WorkflowReading } from './read-workflow.ts';
import { scanFolder } from './scan-folder.ts';

const folder = makeTempFolder('read-workflow');
let folders = 0;

/** Reads the only workflow of a new folder with these files. */
const read = async (files: Readonly<Record<string, string>>): Promise<WorkflowReading> => {
  const root = join(folder, String((folders += 1)));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(root, dirname(file)), { recursive: true });
    await writeFile(join(root, file), text);
    if (text.startsWith('#!')) await chmod(join(root, file), 0o755);
  }
  const { sources, misplaced } = await scanFolder(root);
  expect(misplaced).toEqual([]);
  expect(sources).toHaveLength(1);
  return readWorkflow(sources[0]!);
};

const refusal = async (files: Readonly<Record<string, string>>): Promise<unknown> => {
  const reading = await read(files);
  if (reading.outcome === 'ready') throw new Error('expected a refusal');
  return reading.faults[0];
};

const ready = async (files: Readonly<Record<string, string>>): Promise<WorkflowReading & { outcome: 'ready' }> => {
  const reading = await read(files);
  if (reading.outcome === 'refused') throw new Error(reading.faults[0].reason);
  return reading;
};

const WORKFLOW = (definition: string): string =>
  `import { defineWorkflow } from '@millrace/sdk';\nexport default defineWorkflow(${definition}, async () => 1);\n`;

describe('readWorkflow: scripts', () => {
  test('takes a script alone, with defaults', async () => {
    const { draft, bytes } = await ready({ 'a/b.sh': 'echo hi\n' });
    expect(Buffer.from(bytes).toString()).toBe('echo hi\n');
    expect(draft).toEqual({
      version: expect.stringMatching(/^[0-9a-f]{64}$/),
      kind: 'script',
      file: 'b.sh',
      description: '',
      methods: ['POST'],
      policy: { timeoutMs: 900_000, retries: { failed: 0, lost: 2 } },
    });
  });

  test('takes the metadata beside it', async () => {
    const { draft } = await ready({
      'a/b.sh': 'echo hi\n',
      'a/b.yaml': 'timeout: 2s\nenv: [TARGET]\nretries: { failed: 3 }\n',
    });
    expect(draft.env).toEqual(['TARGET']);
    expect(draft.policy).toEqual({ timeoutMs: 2_000, retries: { failed: 3, lost: 2 } });
  });

  test('names a version by bundle and metadata', async () => {
    const version = async (files: Readonly<Record<string, string>>): Promise<string> =>
      (await ready(files)).draft.version;
    const script = { 'a/b.sh': 'echo hi\n' };
    expect(await version(script)).toBe(await version(script));
    expect(await version({ 'a/b.sh': 'echo ho\n' })).not.toBe(await version(script));
    expect(await version({ ...script, 'a/b.yaml': 'timeout: 2s\n' })).not.toBe(await version(script));
    expect(await version({ ...script, 'a/b.yaml': 'timeout: 15m\n' })).toBe(await version(script));
  });

  test.each([
    ['bash', 'b.sh', '#!/bin/bash\nif true; then\n  echo\n', 4, /^syntax error/],
    ['bash by default', 'b.sh', 'echo (\n', 1, /^syntax error/],
    ['sh', 'b.sh', '#!/bin/sh\nfor\n', 3, /^Syntax error/],
    ['an executable', 'b', '#!/usr/bin/env -S bash -e\necho (\n', 2, /^syntax error/],
    ['an empty file', 'b.py', '\n', 1, /empty/],
    ['Windows line endings', 'b.sh', '#!/bin/sh\r\necho\r\n', 1, /^Windows line endings/],
  ])('refuses %s with line and reason', async (...[, name, text, line, reason]) => {
    expect(await refusal({ [`a/${name}`]: text })).toEqual({
      file: `a/${name}`,
      line,
      reason: expect.stringMatching(reason),
    });
  });

  test('refuses Python with line and column, and executes nothing', async () => {
    const marker = join(folder, 'executed');
    const text = `open(${JSON.stringify(marker)}, 'w')\ndef f(:\n  pass\n`;
    expect(await refusal({ 'a/b.py': text })).toEqual({
      file: 'a/b.py',
      line: 2,
      column: 7,
      reason: expect.stringMatching(/^SyntaxError: /),
    });
    await expect(readFile(marker)).rejects.toThrow('ENOENT');
  });

  test('refuses what is too large for a bundle, without reading it', async () => {
    const root = join(folder, 'large');
    await mkdir(join(root, 'a'), { recursive: true });
    await writeFile(join(root, 'a/b.sh'), 'echo\n');
    await truncate(join(root, 'a/b.sh'), 2 ** 40);
    const [source] = (await scanFolder(root)).sources;
    expect(await readWorkflow(source!)).toMatchObject({
      faults: [{ file: 'a/b.sh', reason: expect.stringMatching(/^too large/) }],
    });
  });

  test('refuses bad metadata at its own file', async () => {
    expect(await refusal({ 'a/b.sh': 'echo\n', 'a/b.yaml': 'timout: 1s\n' })).toMatchObject({
      file: 'a/b.yaml',
      line: 1,
      column: 1,
    });
  });
});

describe('readWorkflow: modules', () => {
  test('reads the definition of a workflow', async () => {
    const { draft } = await ready({
      'a/b.ts': WORKFLOW("{ description: 'x', timeout: '20s', onLimit: 'reject', concurrency: 3 }"),
    });
    expect(draft).toMatchObject({ kind: 'workflow', file: 'b.mjs', description: 'x' });
    expect(draft.policy).toEqual({
      timeoutMs: 20_000,
      concurrency: 3,
      onLimit: 'reject',
      retries: { failed: 0, lost: 2 },
    });
  });

  test('lets the metadata beside it win', async () => {
    const { draft } = await ready({
      'a/b.ts': WORKFLOW("{ description: 'x', timeout: '20s' }"),
      'a/b.yaml': 'timeout: 1s\n',
    });
    expect(draft).toMatchObject({ description: 'x', policy: { timeoutMs: 1_000 } });
  });

  test('takes a module without a workflow for a script, and does not evaluate it', async () => {
    const throwing = "throw new Error('evaluated');\n";
    for (const text of [throwing, `export default 1;\n${throwing}`, `module.exports = 1;\n${throwing}`]) {
      expect((await ready({ 'a/b.js': text })).draft).toMatchObject({ kind: 'script', file: 'b.mjs' });
    }
  });

  test('bundles imports of other files and of packages', async () => {
    const { bytes, dependencies } = await ready({
      'a/b.ts': "import { lib } from '../_lib/lib.ts';\nimport dep from 'dep';\nconsole.log(lib, dep);\n",
      '_lib/lib.ts': "export const lib: string = 'from the library';\n",
      'node_modules/dep/index.js': "module.exports = require('node:path').sep + 'from a package';\n",
    });
    expect(Buffer.from(bytes).toString()).toContain('from the library');
    expect(Buffer.from(bytes).toString()).toContain('from a package');
    expect(dependencies.map((file) => file.split('/').slice(-2).join('/'))).toContain('_lib/lib.ts');
  });

  test.each([
    ['a syntax error', 'const a: number = ;\n', { line: 1, column: 19, reason: 'Unexpected ";"' }],
    ['an import of nothing', "import './c.ts';\n", { line: 1, column: 8, reason: 'Could not resolve "./c.ts"' }],
    [
      'a module that throws',
      `import { defineWorkflow } from '@millrace/sdk';\nconst f = (): never => {\n  throw new Error('boom');\n};\nexport default defineWorkflow(f(), () => 1);\n`,
      { line: 3, column: 9, reason: 'Error: boom' },
    ],
    [
      'a module that ends the process',
      `process.exit(3);\n${WORKFLOW('{}')}`,
      { reason: 'evaluating the file ended the process (exit code 3)' },
    ],
    [
      'an unknown key',
      WORKFLOW("{\n  description: 'x',\n  timeot: '1s' }"),
      { line: 4, reason: 'unknown key "timeot"; did you mean "timeout"?' },
    ],
    ['a bad value', WORKFLOW('{\n  concurrency: 0 }'), { line: 3, reason: 'concurrency must be >= 1' }],
  ])('refuses %s with its place', async (_what, text, fault) => {
    expect(await refusal({ 'a/b.ts': text })).toEqual({ file: 'a/b.ts', ...fault });
  });

  test.each(['async () => 1', '"shop"', '[]', 'Symbol()'])('refuses a definition that is %s', async (definition) => {
    expect(await refusal({ 'a/b.ts': WORKFLOW(definition) })).toEqual({
      file: 'a/b.ts',
      reason: 'TypeError: defineWorkflow takes an object with the definition, and then a handler',
    });
  });

  test('refuses an error in an imported file at that file', async () => {
    const files = { 'a/b.ts': "import '../_lib/lib.ts';\n", '_lib/lib.ts': '\n)\n' };
    expect(await refusal(files)).toEqual({ file: '_lib/lib.ts', line: 2, column: 1, reason: 'Unexpected ")"' });
  });

  test('gives up a module that does not end, after fifteen seconds', async () => {
    expect(await refusal({ 'a/b.ts': `for (;;);\n${WORKFLOW('{}')}` })).toEqual({
      file: 'a/b.ts',
      reason: 'evaluating the file took longer than 15 s',
    });
  });
});

describe('readWorkflow: a function main', () => {
  const TS = 'export async function main(a: number) {\n  return a;\n}\n';
  const PY = 'def main(a):\n    return a\n';

  test.each<[string, string, true | undefined]>([
    ['ops/a.ts', `export function preprocessor(event: any) {\n  return event.body;\n}\n${TS}`, true],
    ['ops/a.ts', TS, undefined],
    ['ops/a.ts', 'export function preprocessor(event: any) {}\n', undefined],
    ['ops/a.py', `def preprocessor(event):\n    return event["body"]\n\n${PY}`, true],
    ['ops/a.py', PY, undefined],
  ])('%s: %j says of a preprocessor: %s', async (file, text, expected) => {
    const { draft } = await ready({ [file]: text });
    expect(draft.preprocessor).toBe(expected);
    expect('preprocessor' in draft).toBe(expected === true);
  });
});
