import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning, trackFolder } from './started-processes.ts';

const PREFIX = 'millrace-test-';

/** A new folder of this process below the system's one for temporary files; removed when the process ends. */
export const makeTempFolder = (purpose: string): string => {
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-${purpose}-`));
  trackFolder(folder);
  return folder;
};

/** Removes the folders of test processes that were killed and could not do so themselves. */
export const sweepTempFolders = (): void => {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^millrace-test-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
};
