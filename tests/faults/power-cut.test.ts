/**
 * A power cut without special hardware: the data folder lies on a loop-mounted ext4; while everything runs, the file behind the
 * mount is copied. Pages that were never synced are not in it, as after a power cut. The copy is mounted, everything starts on it,
 * and every run that was acknowledged before the copy must be there. With relaxed durability the same test must fail: it bites.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeTempFolder, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { startRun } from '../e2e/runs.ts';
import { readRequestedRuns } from './requested-runs.ts';
import { untilAllCompleted } from './checker.ts';

const DISK_BYTES = 1_500 * 1024 * 1024;
const RUNS = 200;
const CLIENTS = 8;

const run = (command: string, ...args: string[]): void => {
  execFileSync(command, args, { stdio: 'pipe' });
};

const mounts: string[] = [];

const mount = (image: string, folder: string): string => {
  mkdirSync(folder, { recursive: true });
  run('mount', '-o', 'loop', image, folder);
  mounts.push(folder);
  return folder;
};

/** Undefined where this machine cannot mount a file; else the reason is in the name of the skipped test. */
const whyNoLoopMount = (): string | undefined => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'mounting needs root on Linux';
  try {
    const folder = makeTempFolder('loop-probe');
    const image = join(folder, 'disk');
    run('truncate', '-s', '8M', image);
    run('mkfs.ext4', '-q', image);
    run('umount', mount(image, join(folder, 'mnt')));
    mounts.pop();
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? 'unknown') : String(error);
  }
};

const reason = whyNoLoopMount();
if (reason !== undefined) process.stderr.write(`SKIPPED: power cut: no loop mounts here: ${reason}\n`);

afterEach(() => {
  for (const folder of mounts.splice(0).reverse()) run('umount', '-l', folder);
});

/** Acknowledged run ids, and what is found of them in the log that a power cut leaves behind. */
const cutPower = async (durability: string): Promise<{ acknowledged: readonly string[]; survivors: TestPlatform }> => {
  const folder = makeTempFolder('power-cut');
  const image = join(folder, 'disk');
  run('truncate', '-s', String(DISK_BYTES), image);
  run('mkfs.ext4', '-q', image);
  const home = mount(image, join(folder, 'before'));
  run('chmod', '755', home);
  const env = { MILLRACE_DURABILITY: durability };
  const platform = await startTestPlatform({ home, env, workflows: { 'tests/slow.sh': '#!/bin/sh\nsleep 0.2\n' } });
  // What lies on disk before the load is not what is tested.
  run('sync', '-f', home);
  const acknowledged: string[] = [];
  const client = async (): Promise<void> => {
    while (acknowledged.length < RUNS) acknowledged.push(await startRun(platform.http, 'tests/slow'));
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  run('cp', '--sparse=always', image, join(folder, 'after-cut'));
  await platform.stop();
  const after = mount(join(folder, 'after-cut'), join(folder, 'after'));
  // A power cut ends the supervisor too; here it is this very process, which the copied lock still names.
  rmSync(join(after, 'data/supervisor.pid'), { force: true });
  const survivors = await startTestPlatform({ home: after, env });
  return { acknowledged, survivors };
};

describe.skipIf(reason !== undefined)(`power cut${reason === undefined ? '' : ` (${reason})`}`, () => {
  test('loses no acknowledged run under strict durability, and finishes them all', async () => {
    const { acknowledged, survivors } = await cutPower('strict');
    try {
      const found = await readRequestedRuns(survivors.natsUrl);
      expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
      await untilAllCompleted(survivors, acknowledged, 120_000);
    } finally {
      await survivors.stop();
    }
  });

  test('loses acknowledged runs under relaxed durability: the control', async () => {
    const { acknowledged, survivors } = await cutPower('relaxed');
    try {
      const found = await readRequestedRuns(survivors.natsUrl);
      expect(acknowledged.filter((id) => !found.has(id)).length).toBeGreaterThan(0);
    } finally {
      await survivors.stop();
    }
  });
});
