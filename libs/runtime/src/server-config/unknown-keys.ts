import { suggest } from '@millrace/kernel';
import { SETTINGS } from './settings.ts';

interface UnknownKey {
  readonly where: string;
  readonly what: string;
}

/** Its keys are known to the dialects. */
const DIALECTS = 'dialects';

const KEYS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(SETTINGS).map(([section, settings]) => [section, Object.keys(settings)]),
);

/** The section that has a key of this name, when the one where it stands does not. */
const homeOf = (key: string): string | undefined => [...KEYS].find(([, keys]) => keys.includes(key))?.[0];

const adviseKey = (section: string, key: string): string => {
  const near = suggest(key, KEYS.get(section) ?? []);
  if (near !== undefined) return `did you mean ${near}?`;
  const home = homeOf(key);
  if (home !== undefined) return `it belongs in [${home}]`;
  const far = [...KEYS].flatMap(([other, keys]) => keys.map((name) => ({ other, name })));
  const guess = far.find(
    ({ name }) =>
      name ===
      suggest(
        key,
        far.map((candidate) => candidate.name),
      ),
  );
  return guess === undefined
    ? `known keys: ${(KEYS.get(section) ?? []).join(', ')}`
    : `did you mean ${guess.name} in [${guess.other}]?`;
};

const adviseTop = (name: string, isTable: boolean): string => {
  const home = isTable ? undefined : homeOf(name);
  if (home !== undefined) return `it belongs in [${home}]`;
  const near = suggest(name, [...KEYS.keys(), DIALECTS]);
  return near === undefined ? `known sections: ${[...KEYS.keys()].join(', ')}` : `did you mean [${near}]?`;
};

const inSection = (section: string, value: unknown, where: (path: string) => string): readonly UnknownKey[] => {
  const known = KEYS.get(section);
  const isTable = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (known === undefined) {
    const name = isTable ? `section [${section}]` : `key ${section}`;
    return [{ where: where(section), what: `unknown ${name}: ${adviseTop(section, isTable)}` }];
  }
  if (!isTable) return [{ where: where(section), what: `${section} is a section: write [${section}]` }];
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => ({
      where: where(`${section}.${key}`),
      what: `unknown key ${key} in [${section}]: ${adviseKey(section, key)}`,
    }));
};

/** Every section and key of the file that means nothing, with what was probably meant. */
export const unknownKeys = (
  values: Readonly<Record<string, unknown>>,
  where: (path: string) => string,
): readonly UnknownKey[] =>
  Object.entries(values)
    .filter(([section]) => section !== DIALECTS)
    .flatMap(([section, value]) => inSection(section, value, where));
