import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Bundles, type Catalog, connectLog, ensureTopology, openBundles, openCatalog } from '@millrace/eventlog';
import { claimNats, eventually, makeTempFolder } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deployFile, deployFolder } from './deploy-folder.ts';
import { type DeployReport } from './deployer.ts';
import { type DeployOptions } from './shelf.ts';
import { watchFolder } from './watch-folder.ts';

const { url } = claimNats();
const EXAMPLES = join(import.meta.dirname, '../../../workflows');
/** Longer than any test: then a change is seen by its event or not at all. */
const NO_SCAN_MS = 600_000;
const clock = { now: () => Date.parse('2026-11-21T12:00:00Z') };

let stop = new AsyncDisposableStack();
let catalog: Catalog;
let bundles: Bundles;

beforeAll(async () => {
  const connection = await connectLog({ url, name: 'deploy-test' });
  stop.defer(() => connection.close());
  await ensureTopology(connection);
  catalog = openCatalog(connection);
  stop.defer(() => catalog.close());
  bundles = openBundles(connection);
  await catalog.ready;
});

afterAll(async () => {
  await stop.disposeAsync();
  stop = new AsyncDisposableStack();
});

/** A folder of workflows and what deploys it into a workspace of its own. */
const makeFolder = (
  workspace: string,
): { readonly options: DeployOptions; readonly write: (file: string, text: string) => Promise<void> } => {
  const folder = makeTempFolder(workspace);
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(join(folder, dirname(file)), { recursive: true });
    await writeFile(join(folder, file), text);
  };
  return { options: { folder, catalog, bundles, clock, workspace }, write };
};

const versionOf = (workspace: string, path: string): string | undefined =>
  catalog.get(workspace, path)?.current?.version;

/** Waits until this process sees what it has stored. */
const deployAndSee = async (options: DeployOptions): Promise<DeployReport> => {
  const report = await deployFolder(options);
  await eventually(() => {
    for (const { path, version } of report.deployed) expect(versionOf(options.workspace!, path)).toBe(version);
    for (const path of report.removed) expect(catalog.get(options.workspace!, path)).toBeUndefined();
    for (const { file } of report.problems)
      expect([...catalog.entries().values()].some(({ problem }) => problem?.file === file)).toBe(true);
  });
  return report;
};

describe('deployFolder', () => {
  test('puts the examples into service, and changes nothing the second time', async () => {
    const options = { folder: EXAMPLES, catalog, bundles, clock, workspace: 'examples' };
    const first = await deployAndSee(options);
    expect(first).toMatchObject({ unchanged: [], removed: [], problems: [] });
    expect(first.deployed.map(({ path }) => path)).toEqual([
      ...['backup/db-full', 'data/fetch-transform', 'demo/fail', 'demo/progress'],
      ...['demo/stubborn', 'github/on-push', 'hello/world', 'reports/summarize'],
    ]);
    expect(await deployFolder(options)).toEqual({
      deployed: [],
      unchanged: first.deployed.map(({ path }) => path),
      removed: [],
      problems: [],
    });
    for (const { version } of first.deployed) expect((await bundles.get(version)).byteLength).toBeGreaterThan(0);
  });

  test('keeps the version before in service while a new one is refused', async () => {
    const { options, write } = makeFolder('keeps');
    await write('a/b.sh', 'echo one\n');
    const { deployed } = await deployAndSee(options);
    await write('a/b.sh', 'echo (\n');
    const refused = await deployAndSee(options);
    const problem = {
      file: 'a/b.sh',
      line: 1,
      reason: expect.stringMatching(/^syntax error/),
      at: '2026-11-21T12:00:00.000Z',
    };
    expect(refused).toMatchObject({ deployed: [], problems: [problem] });
    expect(catalog.get('keeps', 'a/b')).toMatchObject({ current: { version: deployed[0]?.version }, problem });

    await write('a/b.sh', 'echo one\n');
    expect(await deployFolder(options)).toMatchObject({ unchanged: ['a/b'], problems: [] });
    await eventually(() => expect(catalog.get('keeps', 'a/b')).not.toHaveProperty('problem'));
    expect(versionOf('keeps', 'a/b')).toBe(deployed[0]?.version);
  });

  test('shows a workflow that was never in service with its problem', async () => {
    const { options, write } = makeFolder('never');
    await write('a/b.py', 'def\n');
    await deployAndSee(options);
    expect(catalog.get('never', 'a/b')).toEqual({
      workspace: 'never',
      path: 'a/b',
      problem: expect.objectContaining({ file: 'a/b.py', line: 1 }),
    });
  });

  test('takes out of service what has no file any more, and keeps its bundle for runs in flight', async () => {
    const { options, write } = makeFolder('removes');
    await write('a/b.sh', 'echo one\n');
    await write('a/c.sh', 'echo two\n');
    const { deployed } = await deployAndSee(options);
    await rm(join(options.folder, 'a/b.sh'));
    expect(await deployAndSee(options)).toMatchObject({ removed: ['a/b'], unchanged: ['a/c'] });
    expect(await bundles.has(deployed[0]!.version)).toBe(true);
  });

  test('removes nothing when the folder cannot be read', async () => {
    const { options, write } = makeFolder('gone');
    await write('a/b.sh', 'echo one\n');
    await deployAndSee(options);
    await rename(options.folder, `${options.folder}-away`);
    await expect(deployFolder(options)).rejects.toMatchObject({ code: 'deploy.no_folder' });
    expect(versionOf('gone', 'a/b')).toBeDefined();
    await rename(`${options.folder}-away`, options.folder);
  });

  test('leaves alone what another deployer has put there, until it has the same path', async () => {
    const own = makeFolder('shared');
    const other = { ...makeFolder('shared').options, source: 'cli' };
    await own.write('a/b.sh', 'echo one\n');
    await mkdir(join(other.folder, 'x'));
    await writeFile(join(other.folder, 'x/y.sh'), 'echo two\n');
    await deployAndSee(own.options);
    expect(await deployAndSee(other)).toMatchObject({ deployed: [{ path: 'x/y' }], removed: [] });
    expect(await deployFolder(own.options)).toMatchObject({ unchanged: ['a/b'], removed: [] });

    await own.write('x/y.sh', 'echo two\n');
    expect(await deployFolder(own.options)).toMatchObject({ unchanged: ['a/b', 'x/y'] });
    await eventually(() => expect(catalog.get('shared', 'x/y')).not.toHaveProperty('source'));
    await rm(join(other.folder, 'x/y.sh'));
    expect(await deployFolder(other)).toMatchObject({ removed: [] });
  });

  test("leaves the rule at the limit open, for the server's default, unless the workflow has one", async () => {
    const { options, write } = makeFolder('limits');
    await write('a/b.sh', 'echo one\n');
    await write('a/c.sh', 'echo one\n');
    await write('a/c.yaml', 'on_limit: queue\n');
    await deployAndSee(options);
    expect(catalog.get('limits', 'a/b')?.current?.policy).not.toHaveProperty('onLimit');
    expect(catalog.get('limits', 'a/c')?.current?.policy.onLimit).toBe('queue');
  });
});

describe('deployFile', () => {
  test('deploys the one workflow that a file belongs to', async () => {
    const { options, write } = makeFolder('one');
    await write('a/b.sh', 'echo one\n');
    await write('a/c.sh', 'echo two\n');
    await write('a/c.yaml', 'description: two\n');
    const report = await deployFile({ ...options, file: 'a/c.yaml' });
    expect(report).toMatchObject({ deployed: [{ path: 'a/c' }], unchanged: [], removed: [], problems: [] });
    await eventually(() => expect(versionOf('one', 'a/c')).toBeDefined());
    await rm(join(options.folder, 'a/c.sh'));
    await rm(join(options.folder, 'a/c.yaml'));
    expect(await deployFile({ ...options, file: join(options.folder, 'a/c.sh') })).toMatchObject({ removed: ['a/c'] });
  });

  test('refuses a file that is elsewhere', async () => {
    const { options } = makeFolder('elsewhere');
    await expect(deployFile({ ...options, file: '/etc/passwd' })).rejects.toMatchObject({
      code: 'deploy.not_in_folder',
    });
  });
});

describe('watchFolder', () => {
  const watching = async (
    workspace: string,
    use: (files: ReturnType<typeof makeFolder>, reports: DeployReport[]) => Promise<void>,
    scanIntervalMs = NO_SCAN_MS,
  ): Promise<void> => {
    const files = makeFolder(workspace);
    await files.write('a/first.sh', 'echo first\n');
    const reports: DeployReport[] = [];
    const ending = new AbortController();
    const watched = watchFolder({
      ...files.options,
      signal: ending.signal,
      scanIntervalMs,
      onReport: (report) => reports.push(report),
    });
    try {
      await eventually(() => expect(reports[0]?.deployed).toMatchObject([{ path: 'a/first' }]));
      await use(files, reports);
    } finally {
      ending.abort();
      await watched;
    }
  };

  test('puts a saved file into service within a second', async () => {
    await watching('quick', async ({ write }) => {
      const tookMs: number[] = [];
      for (const text of ['one', 'two', 'three']) {
        const before = versionOf('quick', 'a/first');
        const savedMs = performance.now();
        await write('a/first.sh', `echo ${text}\n`);
        await eventually(() => expect(versionOf('quick', 'a/first')).not.toBe(before));
        tookMs.push(performance.now() - savedMs);
      }
      // The quickest of three: other tests may have the machine meanwhile.
      expect(Math.min(...tookMs)).toBeLessThan(1_000);
    });
  });

  test('deploys what is saved, moved and deleted, by its event', async () => {
    await watching('watch', async ({ options: { folder }, write }) => {
      await write('a/b.sh', 'echo one\n');
      await eventually(() => expect(versionOf('watch', 'a/b')).toBeDefined());

      const one = versionOf('watch', 'a/b');
      await write('a/b.sh', 'echo two\n');
      await eventually(() => expect(versionOf('watch', 'a/b')).not.toBe(one));

      await write('a/b.yaml', 'timeout: 3s\n');
      await eventually(() => expect(catalog.get('watch', 'a/b')?.current?.policy.timeoutMs).toBe(3_000));

      await rename(join(folder, 'a/b.sh'), join(folder, 'a/c.sh'));
      await rename(join(folder, 'a/b.yaml'), join(folder, 'a/c.yaml'));
      await eventually(() => {
        expect(catalog.get('watch', 'a/b')).toBeUndefined();
        expect(versionOf('watch', 'a/c')).toBeDefined();
      });

      await rm(join(folder, 'a/c.sh'));
      await rm(join(folder, 'a/c.yaml'));
      await eventually(() => expect(catalog.get('watch', 'a/c')).toBeUndefined());
    });
  });

  test('deploys the save of an editor that writes another file and renames it', async () => {
    await watching('atomic', async ({ options: { folder }, write }) => {
      const before = versionOf('atomic', 'a/first');
      await write('a/.first.sh.swp', 'x');
      await write('a/4913', '');
      await rename(join(folder, 'a/first.sh'), join(folder, 'a/first.sh~'));
      await write('a/first.sh', 'echo second\n');
      await rm(join(folder, 'a/4913'));
      await eventually(() => expect(versionOf('atomic', 'a/first')).not.toBe(before));
      expect([...catalog.entries().values()].filter(({ workspace }) => workspace === 'atomic')).toHaveLength(1);
    });
  });

  test('deploys a file in a folder that is new, and a workflow whose import has changed', async () => {
    await watching('deep', async ({ write }) => {
      await write('new/deep/b.ts', "import { x } from '../../_lib/x.ts';\nconsole.log(x);\n");
      await eventually(() => expect(catalog.get('deep', 'new/deep/b')?.problem).toMatchObject({ line: 1 }));

      await write('_lib/x.ts', 'export const x = 1;\n');
      await eventually(() => expect(catalog.get('deep', 'new/deep/b')).not.toHaveProperty('problem'));

      const one = versionOf('deep', 'new/deep/b');
      await write('_lib/x.ts', 'export const x = 2;\n');
      await eventually(() => expect(versionOf('deep', 'new/deep/b')).not.toBe(one));
    });
  });

  test('goes on watching a folder that was replaced by another of its name', async () => {
    await watching('replaced', async ({ options: { folder }, write }) => {
      const before = versionOf('replaced', 'a/first');
      await rm(join(folder, 'a'), { recursive: true });
      await write('a/first.sh', 'echo second\n');
      await eventually(() => expect(versionOf('replaced', 'a/first')).not.toBe(before));
      const second = versionOf('replaced', 'a/first');
      await write('a/first.sh', 'echo third\n');
      await eventually(() => expect(versionOf('replaced', 'a/first')).not.toBe(second));
    });
  });

  test('puts back what somebody else has removed', async () => {
    const removeAndSee = async (): Promise<void> => {
      await eventually(() => expect(versionOf('restored', 'a/first')).toBeDefined());
      await catalog.remove('restored', 'a/first');
      await eventually(() => expect(versionOf('restored', 'a/first')).toBeUndefined());
      await eventually(() => expect(versionOf('restored', 'a/first')).toBeDefined());
    };
    await watching('restored', removeAndSee, 500);
  });

  test('reports a refusal once, and the repair', async () => {
    await watching('refusal', async ({ write }, reports) => {
      await write('a/first.sh', 'echo (\n');
      await eventually(() => expect(reports.at(-1)?.problems).toMatchObject([{ file: 'a/first.sh', line: 1 }]));
      await write('a/first.sh', 'echo repaired\n');
      await eventually(() => expect(reports.at(-1)?.problems).toEqual([]));
      expect(reports.filter(({ problems }) => problems.length > 0)).toHaveLength(1);
    });
  });
});
