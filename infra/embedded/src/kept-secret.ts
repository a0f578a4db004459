import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';

const EMPTY = '';

const readSecret = async (path: string): Promise<string> =>
  readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => EMPTY,
  );

/** The secret kept in a file that only we may read; made on the first call. Two that make it at once end up with the same. */
export const keepSecret = async (path: string, make = () => randomBytes(24).toString('hex')): Promise<string> => {
  const kept = await readSecret(path);
  if (kept !== EMPTY) return kept;
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${make()}\n`, { mode: 0o600 });
  try {
    await link(draft, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return readSecret(path);
};
