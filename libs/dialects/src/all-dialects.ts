import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type DialectModule } from './dialect.ts';

const FOLDER = join(import.meta.dirname, 'dialects');
const isDialectFile = (file: string): boolean => /^[a-z0-9-]+\.(ts|js)$/.test(file);

const load = async (file: string): Promise<DialectModule> => {
  const module = (await import(pathToFileURL(join(FOLDER, file)).href)) as { readonly dialect?: DialectModule };
  if (module.dialect === undefined) throw new Error(`${file} does not export a dialect`);
  return module.dialect;
};

/** Every file of `dialects/`, by name: a new dialect is a new file and nothing else. */
export const ALL_DIALECTS: readonly DialectModule[] = await Promise.all(
  readdirSync(FOLDER).filter(isDialectFile).sort().map(load),
);
