/**
 * nats-server runs under strace. From its system calls the test knows which bytes and names were synced when the power is cut,
 * and makes a store of these alone; a platform with an empty database starts on it. The whole trace must add up to the
 * files that the server left, or it proves nothing.
 */
import { mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  eventually,
  findStrace,
  makeTempFolder,
  makeTracedNatsServer,
  startTestPlatform,
  type TestPlatform,
} from '@millrace/testkit';
import { expect } from 'vitest';
import { type PowerCut } from './power-cut.ts';
import { filesOfTrace } from './traced-store.ts';

const STORE = 'data/nats/store';

/** Runs `use` with this program as nats-server. */
const withNatsServer = async <Result>(program: string, use: () => Promise<Result>): Promise<Result> => {
  const before = process.env['NATS_SERVER_BIN'];
  process.env['NATS_SERVER_BIN'] = program;
  try {
    return await use();
  } finally {
    if (before === undefined) delete process.env['NATS_SERVER_BIN'];
    else process.env['NATS_SERVER_BIN'] = before;
  }
};

const filesOnDisk = (root: string): ReadonlyMap<string, Buffer> =>
  new Map(
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => statSync(join(root, path)).isFile())
      .map((path) => [path, readFileSync(join(root, path))]),
  );

/** Paths whose content differs, or that only one of the two has. */
const differences = (one: ReadonlyMap<string, Buffer>, other: ReadonlyMap<string, Buffer>): readonly string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter((path) => {
    const [a, b] = [one.get(path), other.get(path)];
    return a === undefined || b === undefined || !a.equals(b);
  });

const expectWholeTrace = async (trace: string, store: string): Promise<void> => {
  await eventually(() => {
    const seen = filesOfTrace(readFileSync(trace, 'latin1'), store, 'live');
    expect(seen.size).toBeGreaterThan(0);
    expect(differences(seen, filesOnDisk(store))).toEqual([]);
  });
};

const startOn = (files: ReadonlyMap<string, Buffer>, env: Readonly<Record<string, string>>): Promise<TestPlatform> => {
  const home = makeTempFolder('after-cut');
  for (const [path, bytes] of files) {
    const file = join(home, STORE, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  // Many at once: what is tested is that they end, not how long that takes.
  return startTestPlatform({ home, env: { ...env, MILLRACE_MAX_CONCURRENT_RUNS: '16' } });
};

export const strace: PowerCut = {
  name: 'strace',
  whyNot: async () => {
    const found = await findStrace();
    return 'problem' in found ? found.problem : undefined;
  },
  cut: async ({ env, workflows, load }) => {
    const found = await findStrace();
    if ('problem' in found) throw new Error(found.problem);
    const home = realpathSync(makeTempFolder('power-cut'));
    const { program, trace } = await makeTracedNatsServer(home, found);
    const platform = await withNatsServer(program, () => startTestPlatform({ home, env, workflows }));
    const acknowledged = await load(platform);
    const atTheCut = readFileSync(trace, 'latin1');
    await platform.stop();
    const store = join(home, STORE);
    await expectWholeTrace(trace, store);
    return { acknowledged, survivors: await startOn(filesOfTrace(atTheCut, store, 'durable'), env) };
  },
  cleanUp: () => undefined,
};
