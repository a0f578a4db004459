import { suggest } from '@millrace/kernel';
import { type TObject } from 'typebox';
import { Value } from 'typebox/value';
import { schemaProblems } from '../schema-problems.ts';

/** A dialect as its section of `millrace.toml` is checked: `[dialects.<name>]`. */
export interface ConfigurableDialect {
  readonly name: string;
  /** Its keys; each with default and description. */
  readonly settings: TObject;
}

/** By the names of the dialects, as they were written; what is not there is the default of the dialect. */
export type DialectSettings = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Problem {
  readonly where: string;
  readonly what: string;
}

export interface DialectSettingsReading {
  readonly settings: DialectSettings;
  readonly problems: readonly Problem[];
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const advise = (name: string, known: readonly string[], what: string): string => {
  const near = suggest(name, known);
  return near === undefined ? `${what}: ${known.join(', ') || 'none'}` : `did you mean ${near}?`;
};

const tableProblems = (
  { name, settings }: ConfigurableDialect,
  table: Readonly<Record<string, unknown>>,
  where: (path: string) => string,
): readonly Problem[] => {
  const known = Object.keys(settings.properties);
  const section = `dialects.${name}`;
  const unknown = Object.keys(table).filter((key) => !known.includes(key));
  const rest = Object.fromEntries(Object.entries(table).filter(([key]) => known.includes(key)));
  return [
    ...unknown.map((key) => ({
      where: where(`${section}.${key}`),
      what: `unknown key ${key} in [${section}]: ${advise(key, known, 'known keys')}`,
    })),
    ...schemaProblems(settings, Value.Default(settings, structuredClone(rest))).map(({ path, message }) => ({
      where: where(`${section}.${path[0] ?? ''}`),
      what: `${[section, ...path].join('.')} ${message}`,
    })),
  ];
};

/**
 * The section `[dialects]`: a table for each dialect.
 *
 * @param dialects Those that there are; absent: whoever reads does not know them, and takes the tables as they are.
 */
export const readDialectSettings = (
  written: unknown,
  dialects: readonly ConfigurableDialect[] | undefined,
  where: (path: string) => string,
): DialectSettingsReading => {
  if (written === undefined) return { settings: {}, problems: [] };
  if (!isTable(written) || !Object.values(written).every(isTable)) {
    const problem = {
      where: where('dialects'),
      what: 'dialects has a section for each dialect: write [dialects.sink]',
    };
    return { settings: {}, problems: [problem] };
  }
  const settings = written as DialectSettings;
  if (dialects === undefined) return { settings, problems: [] };
  const problems = Object.entries(settings).flatMap(([name, table]) => {
    const dialect = dialects.find((one) => one.name === name);
    if (dialect !== undefined) return tableProblems(dialect, table, where);
    const names = dialects.map((one) => one.name);
    const what = `unknown section [dialects.${name}]: ${advise(name, names, 'there are')}`;
    return [{ where: where(`dialects.${name}`), what }];
  });
  return { settings, problems };
};
