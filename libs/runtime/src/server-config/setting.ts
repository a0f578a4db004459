import { type Static, type TSchema } from 'typebox';

/** One key of `millrace.toml`: the only place that knows its type, default, unit, meaning and other names. */
export interface Setting<Schema extends TSchema, Value> {
  readonly schema: Schema;
  /** As it would stand in the file; absent: there is none. */
  readonly default?: Static<Schema>;
  /** From the file's spelling to what code works with; throws AppError `invalid` with the reason. */
  readonly read: (written: Static<Schema>) => Value;
  /** Environment variable that overrides the file. */
  readonly env?: string;
  /** Command-line flag that overrides both, without dashes. */
  readonly flag?: string;
  /** Unit or spelling of the value, for people: `runs`, `7d`. */
  readonly unit?: string;
  readonly description: string;
  /** A path: relative to the file when it stands there, otherwise to the working directory. */
  readonly isPath?: true;
}

interface Common<Schema extends TSchema> extends Omit<Setting<Schema, unknown>, 'default' | 'read'> {
  readonly default?: Static<Schema>;
}

/** A setting that always has a value. */
export const setting = <Schema extends TSchema>(
  options: Common<Schema> & { readonly default: Static<Schema> },
): Setting<Schema, Static<Schema>> => ({ ...options, read: (written) => written });

/** A setting that may be left out. */
export const optionalSetting = <Schema extends TSchema>(
  options: Common<Schema>,
): Setting<Schema, Static<Schema> | undefined> => ({ ...options, read: (written) => written });

/** A setting that is written in one way and used in another, such as `7d` and milliseconds. */
export const settingAs = <Schema extends TSchema, Value>(options: Setting<Schema, Value>): Setting<Schema, Value> =>
  options;

/** `max_concurrent_runs` → `maxConcurrentRuns` */
export type CamelCase<Text extends string> = Text extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Text;

export const camelCase = (text: string): string =>
  text.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
