import { fork } from 'node:child_process';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, extname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Fault } from './fault.ts';
import { type WorkflowSource } from './scan-folder.ts';

/** What the default export of a bundle turned out to be. */
export type DefinitionReading =
  | { readonly outcome: 'script' }
  | { readonly outcome: 'workflow'; readonly definition: Readonly<Record<string, unknown>> }
  | { readonly outcome: 'refused'; readonly faults: readonly Fault[] };

type ChildReading =
  | { readonly outcome: 'script' }
  | { readonly outcome: 'workflow'; readonly definition: string }
  | { readonly outcome: 'threw'; readonly message: string; readonly stack: string }
  | { readonly outcome: 'ended'; readonly reason: string };

/** Milliseconds on an idle machine; a machine that starts everything at once takes seconds. */
const EVALUATION_TIMEOUT_MS = 15_000;
const CHILD = fileURLToPath(new URL(`./definition-child${extname(import.meta.filename)}`, import.meta.url));

/** Evaluates a bundle in a child process with an empty environment. */
const evaluate = (bundle: string, folder: string): Promise<ChildReading> =>
  new Promise((resolve) => {
    const child = fork(CHILD, [bundle], {
      cwd: folder,
      env: {},
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const overdue = setTimeout(() => {
      resolve({ outcome: 'ended', reason: `evaluating the file took longer than ${EVALUATION_TIMEOUT_MS / 1_000} s` });
      child.kill('SIGKILL');
    }, EVALUATION_TIMEOUT_MS);
    child.once('message', (reading) => resolve(reading as ChildReading));
    child.once('error', ({ message }) =>
      resolve({ outcome: 'ended', reason: `the file could not be evaluated: ${message}` }),
    );
    child.once('close', (code, signal) => {
      clearTimeout(overdue);
      resolve({
        outcome: 'ended',
        reason: `evaluating the file ended the process (${signal ?? `exit code ${String(code)}`})`,
      });
    });
  });

/** Where an error was thrown: its topmost frame in the author's files, which source maps place beside the bundle. */
const placeOf = (stack: string, folder: string, source: WorkflowSource): Omit<Fault, 'reason'> => {
  for (const [, file, line, column] of stack.matchAll(/(?:\(|at |file:\/\/)(\/[^\n()]+):(\d+):(\d+)/g)) {
    if (file?.startsWith(`${folder}/`) === true && !file.includes('/node_modules/')) {
      const named = posix.join(posix.dirname(source.file), file.slice(folder.length + 1));
      return { file: named, line: Number(line), column: Number(column) };
    }
  }
  return { file: source.file };
};

const interpret = (reading: ChildReading, folder: string, source: WorkflowSource): DefinitionReading => {
  switch (reading.outcome) {
    case 'script':
      return reading;
    case 'workflow':
      return { outcome: 'workflow', definition: JSON.parse(reading.definition) as Readonly<Record<string, unknown>> };
    case 'threw':
      return { outcome: 'refused', faults: [{ ...placeOf(reading.stack, folder, source), reason: reading.message }] };
    case 'ended':
      return { outcome: 'refused', faults: [{ file: source.file, reason: reading.reason }] };
  }
};

/** Evaluates a bundle, away from this process, to learn what `defineWorkflow` was given. */
export const readDefinition = async (bytes: Uint8Array, source: WorkflowSource): Promise<DefinitionReading> => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'millrace-deploy-')));
  try {
    const bundle = join(folder, `${basename(source.file, extname(source.file))}.mjs`);
    await writeFile(bundle, bytes);
    return interpret(await evaluate(bundle, folder), folder, source);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
