import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { AppError, messageOf } from '@millrace/kernel';
import { type Environment } from '../config.ts';
import { schemaProblems } from '../schema-problems.ts';
import { type ConfigurableDialect, readDialectSettings } from './dialect-settings.ts';
import { camelCase, type Setting } from './setting.ts';
import { type ServerConfig } from './server-config.ts';
import { SETTINGS } from './settings.ts';
import { tomlLines } from './toml-positions.ts';
import { unknownKeys } from './unknown-keys.ts';

export interface ServerConfigSources {
  readonly env: Environment;
  /** Texts of command-line flags by name without dashes; absent ones are `undefined`. */
  readonly flags?: Environment;
  /** Working directory; `process.cwd()` by default. */
  readonly cwd?: string;
  /** Configuration file; `MILLRACE_CONFIG` or `millrace.toml` in the working directory, when there is one, by default. */
  readonly file?: string;
  /** What `[dialects.<name>]` may say; absent: those sections are not checked. */
  readonly dialects?: readonly ConfigurableDialect[];
}

/** A problem of the configuration with the place to look at, such as `millrace.toml:3`, `MILLRACE_PORT` or `--port`. */
interface Problem {
  readonly where: string;
  readonly what: string;
}

interface ConfigFile {
  readonly folder: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly where: (path: string) => string;
}

interface Written {
  readonly value: unknown;
  readonly where: string;
  /** What a relative path is relative to. */
  readonly folder: string;
}

const refuse = (problems: readonly Problem[]): AppError => {
  const lines = problems.map(({ where, what }) => `${where}: ${what}`);
  return new AppError('invalid', 'config.invalid', lines.join('\n'), { details: { problems: lines } });
};

const loadFile = ({ env, cwd = process.cwd(), file }: ServerConfigSources): ConfigFile | undefined => {
  const asked = file ?? env['MILLRACE_CONFIG'];
  const path = resolve(cwd, asked ?? 'millrace.toml');
  if (asked === undefined && !existsSync(path)) return undefined;
  const name = relative(cwd, path).startsWith('..') ? path : relative(cwd, path);
  try {
    const text = readFileSync(path, 'utf8');
    const lines = tomlLines(text);
    const where = (key: string): string => {
      const line = lines.get(key) ?? lines.get(key.split('.')[0] ?? '');
      return line === undefined ? name : `${name}:${line}`;
    };
    return { folder: dirname(path), values: parse(text), where };
  } catch (error) {
    if (!(error instanceof TomlError)) throw refuse([{ where: name, what: messageOf(error) }]);
    const what = (error.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '');
    throw refuse([{ where: `${name}:${error.line}:${error.column}`, what }]);
  }
};

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A text from the environment or a flag, as the file would say it. */
const fromText = (schema: TSchema, text: string): unknown => {
  const listed: unknown =
    'type' in schema && schema.type === 'array'
      ? text
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== '')
      : text;
  return Value.Convert(schema, listed);
};

const given = (texts: Environment | undefined, name: string | undefined): string | undefined => {
  const text = name === undefined ? undefined : texts?.[name];
  return text === '' ? undefined : text;
};

type NamedSetting = readonly [section: string, key: string, setting: Setting<TSchema, unknown>];

/** What overrides the file: a flag, then a variable. */
const overrides = ([, , setting]: NamedSetting, sources: ServerConfigSources): readonly Written[] => {
  const texts = [
    { text: given(sources.flags, setting.flag), where: `--${setting.flag ?? ''}` },
    { text: given(sources.env, setting.env), where: setting.env ?? '' },
  ];
  const folder = sources.cwd ?? process.cwd();
  return texts.flatMap(({ text, where }) =>
    text === undefined ? [] : [{ value: fromText(setting.schema, text), where, folder }],
  );
};

const inFile = ([section, key]: NamedSetting, file: ConfigFile | undefined): readonly Written[] => {
  const table = file?.values[section];
  if (file === undefined || !isTable(table) || !Object.hasOwn(table, key)) return [];
  return [{ value: table[key], where: file.where(`${section}.${key}`), folder: file.folder }];
};

const byDefault = ([, , setting]: NamedSetting, { cwd = process.cwd() }: ServerConfigSources): readonly Written[] =>
  setting.default === undefined ? [] : [{ value: setting.default, where: 'default', folder: cwd }];

const readOne = (name: string, setting: Setting<TSchema, unknown>, written: Written, problems: Problem[]): unknown => {
  const wrong = schemaProblems(setting.schema, written.value);
  if (wrong.length > 0) {
    const what = wrong.map(({ path, message }) => [...path, message].join(' ')).join('; ');
    problems.push({ where: written.where, what: `${name} ${what}` });
    return undefined;
  }
  try {
    const value = setting.read(written.value);
    return setting.isPath === true && typeof value === 'string' ? resolve(written.folder, value) : value;
  } catch (error) {
    problems.push({ where: written.where, what: `${name}: ${messageOf(error)}` });
    return undefined;
  }
};

/** Each shard needs a part of what is divided. */
const shardProblems = ({ shards, maxConcurrentRuns, queueLimit }: ServerConfig['server']): readonly Problem[] =>
  Object.entries({ max_concurrent_runs: maxConcurrentRuns, queue_limit: queueLimit })
    .filter(([, limit]) => limit < shards)
    .map(([name, limit]) => ({
      where: 'server.shards',
      what: `is ${shards}, and server.${name} is ${limit}: it is divided among the shards, and each needs 1 at least`,
    }));

/**
 * The configuration of a server: command-line flags before environment variables before `millrace.toml` before defaults.
 *
 * @throws AppError `invalid` `config.invalid`: every problem at once, one per line, each with file and line, variable or flag.
 */
export const readServerConfig = (sources: ServerConfigSources): ServerConfig => {
  const file = loadFile(sources);
  const problems: Problem[] = file === undefined ? [] : [...unknownKeys(file.values, file.where)];
  const config = Object.fromEntries(
    Object.entries(SETTINGS).map(([section, settings]) => {
      const values = Object.entries<Setting<TSchema, unknown>>(settings).map(([key, setting]) => {
        // What is overridden is read as well: a mistake in the file is one, whoever hides it today.
        const named: NamedSetting = [section, key, setting];
        const written = [...overrides(named, sources), ...inFile(named, file), ...byDefault(named, sources)];
        const [value] = written.map((one) => readOne(`${section}.${key}`, setting, one, problems));
        return [camelCase(key), value];
      });
      return [section, Object.freeze(Object.fromEntries(values))];
    }),
  );
  const dialects = readDialectSettings(file?.values['dialects'], sources.dialects, file?.where ?? String);
  problems.push(...dialects.problems);
  if (problems.length > 0) throw refuse(problems);
  const whole = Object.freeze({ ...config, dialects: dialects.settings }) as ServerConfig;
  const unfit = shardProblems(whole.server);
  if (unfit.length > 0) throw refuse(unfit);
  return whole;
};
