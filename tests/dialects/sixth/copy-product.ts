import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { makeTempFolder } from '@millrace/testkit';

const PRODUCT = join(import.meta.dirname, '../../..');
const AREAS = ['libs', 'services', 'infra'] as const;
const SCOPE = '@millrace';
const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', 'dist', 'testing']);

const isSource = (path: string): boolean => !LEFT_OUT.has(basename(path)) && !path.endsWith('.test.ts');

/** Foreign packages are the installed ones; those of the product are the copies. */
const linkPackages = (product: string): void => {
  const [installed, target] = [join(PRODUCT, 'node_modules'), join(product, 'node_modules')];
  mkdirSync(join(target, SCOPE), { recursive: true });
  for (const name of readdirSync(installed)) {
    if (name !== SCOPE && name !== '.cache') symlinkSync(join(installed, name), join(target, name));
  }
  for (const area of AREAS) {
    for (const name of readdirSync(join(product, area))) {
      symlinkSync(join(product, area, name), join(target, SCOPE, name));
      const nested = join(PRODUCT, area, name, 'node_modules');
      if (readdirSync(dirname(nested)).includes('node_modules')) {
        symlinkSync(nested, join(product, area, name, 'node_modules'));
      }
    }
  }
};

/** The product's own sources in a new folder, ready to be started; nothing in it is a link to ours. */
export const copyProduct = (): string => {
  const product = makeTempFolder('product');
  cpSync(join(PRODUCT, 'package.json'), join(product, 'package.json'));
  for (const area of AREAS) cpSync(join(PRODUCT, area), join(product, area), { recursive: true, filter: isSource });
  linkPackages(product);
  return product;
};

/** Moves a file into the folder that is scanned for dialects; its imports stay what they are, as seen from there. */
export const addDialect = (product: string, file: string): void => {
  const moved = join('libs', 'dialects', 'src', 'dialects', basename(file));
  const sources = relative(dirname(file), join(PRODUCT, 'libs', 'dialects', 'src'));
  const text = readFileSync(file, 'utf8').replaceAll(`'${sources}/`, `'../`);
  writeFileSync(join(product, moved), text, { flag: 'wx' });
};
