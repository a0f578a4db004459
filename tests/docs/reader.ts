import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { type Block, REPOSITORY } from './page.ts';

/** The address that the pages name. */
const SHOWN_URL = 'http://127.0.0.1:8080';

/** Somebody who follows a page: a server with the examples, and the folder in which the server was started. */
export interface Reader {
  readonly platform: TestPlatform;
  readonly folder: string;
  /** What a reader's shell has: the token, and `millrace` and `npx` on the path. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A text of a page with the address of this server in place of the one shown. */
  readonly here: (text: string) => string;
  /** The other way round. */
  readonly shown: (text: string) => string;
  /** Saves the blocks that have a file; workflows among them are in service when this returns. */
  readonly save: (blocks: readonly Block[]) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** `npx millrace` finds the command of the checkout; npm itself is not what is tested. */
const makeCommands = (folder: string): string => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const commands = {
    millrace: `exec '${process.execPath}' '${join(REPOSITORY, 'libs/cli/bin/millrace.mjs')}' "$@"`,
    node: `exec '${process.execPath}' --conditions=@millrace/source "$@"`,
    npx: 'exec "$@"',
  };
  for (const [name, line] of Object.entries(commands)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
};

const WORKFLOW = /^workflows\/(.+)\.(?:sh|py|ts|mjs)$/;

const untilInService = async (platform: TestPlatform, path: string): Promise<void> =>
  eventually(
    async () => {
      const { status, json } = await platform.http.get(`/workflows/${path}`);
      if (status !== 200 || json.version === undefined || json.problem !== undefined)
        throw new Error(`${path} is not in service: ${JSON.stringify(json)}`);
    },
    { timeoutMs: 30_000 },
  );

export const startReader = async (): Promise<Reader> => {
  const platform = await startTestPlatform({
    workflowsFrom: join(REPOSITORY, 'workflows'),
    env: { MILLRACE_NOTIFIER_ALLOW_PRIVATE: '127.0.0.0/8' },
  });
  const folder = platform.home;
  symlinkSync('data', join(folder, '.millrace'));
  symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
  const path = [makeCommands(folder), join(REPOSITORY, 'node_modules', '.bin'), process.env['PATH'] ?? ''];
  return {
    platform,
    folder,
    env: {
      ...process.env,
      PATH: path.join(delimiter),
      NO_COLOR: '1',
      MILLRACE_DATA_DIR: undefined,
      NODE_OPTIONS: undefined,
    },
    here: (text) => text.replaceAll(SHOWN_URL, platform.url),
    shown: (text) => text.replaceAll(platform.url, SHOWN_URL),
    save: async (blocks) => {
      const files = blocks.flatMap(({ file, text }) => (file === undefined ? [] : [{ file, text }]));
      // Metadata first: a workflow must not be deployed without it for a moment.
      for (const { file, text } of files.toSorted(
        (a, b) => Number(WORKFLOW.test(a.file)) - Number(WORKFLOW.test(b.file)),
      )) {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), `${text}\n`, { mode: 0o755 });
      }
      const paths = files.flatMap(({ file }) => WORKFLOW.exec(file)?.[1] ?? []);
      for (const path of paths) await untilInService(platform, path);
    },
    stop: async () => {
      rmSync(join(folder, 'node_modules'));
      await platform.stop();
    },
  };
};
