import { homedir } from 'node:os';
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where downloaded programs may be kept, best first: `MILLRACE_CACHE_DIR` alone when set. */
export const cacheFolders = (env: Environment): readonly string[] => {
  if (env['MILLRACE_CACHE_DIR'] !== undefined) return [resolve(env['MILLRACE_CACHE_DIR'])];
  const xdg = env['XDG_CACHE_HOME'];
  const home = xdg === undefined || xdg === '' ? join(homedir(), '.cache') : xdg;
  return [join(home, 'millrace'), resolve('.millrace', 'cache')];
};

/** The first of the folders that can be written to, made if need be; `undefined` when none can. */
export const writableFolder = async (folders: readonly string[]): Promise<string | undefined> => {
  for (const folder of folders) {
    try {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK | constants.X_OK);
      return folder;
    } catch {
      continue;
    }
  }
  return undefined;
};
