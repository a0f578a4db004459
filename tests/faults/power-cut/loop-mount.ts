/**
 * The data folder lies on a loop-mounted ext4; while everything runs, the file behind the mount is copied. Pages that were never
 * synced are not in it, as after a power cut. The copy is mounted, and everything starts on it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeTempFolder, startTestPlatform } from '@millrace/testkit';
import { firstLineOf, type PowerCut } from './power-cut.ts';

const DISK_BYTES = 1_500 * 1024 * 1024;

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

const whyNot = (): string | undefined => {
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
    return firstLineOf(error);
  }
};

export const loopMount: PowerCut = {
  name: 'loop mount',
  whyNot: () => Promise.resolve(whyNot()),
  cut: async ({ env, workflows, load }) => {
    const folder = makeTempFolder('power-cut');
    const image = join(folder, 'disk');
    run('truncate', '-s', String(DISK_BYTES), image);
    run('mkfs.ext4', '-q', image);
    const home = mount(image, join(folder, 'before'));
    run('chmod', '755', home);
    const platform = await startTestPlatform({ home, env, workflows });
    // What lies on disk before the load is not what is tested.
    run('sync', '-f', home);
    const acknowledged = await load(platform);
    run('cp', '--sparse=always', image, join(folder, 'after-cut'));
    await platform.stop();
    const after = mount(join(folder, 'after-cut'), join(folder, 'after'));
    // A power cut ends the supervisor too; here it is this very process, which the copied lock still names.
    rmSync(join(after, 'data/supervisor.pid'), { force: true });
    return { acknowledged, survivors: await startTestPlatform({ home: after, env }) };
  },
  cleanUp: () => {
    for (const folder of mounts.splice(0).reverse()) run('umount', '-l', folder);
  },
};
