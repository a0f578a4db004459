import { type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { type DialectModule } from './dialect.ts';

type Settings = Readonly<Record<string, unknown>>;

const valueOf = (schema: TSchema, text: string): unknown => {
  if (!('type' in schema) || schema.type !== 'array') return Value.Convert(schema, text);
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
};

/**
 * Settings that variables of the environment say under the names that they have in the other system: `variable` beside the description
 * of a setting names it. They count more than `millrace.toml`, as all variables do.
 */
export const environmentSettings = (
  { settings }: Pick<DialectModule, 'settings'>,
  env: Readonly<Record<string, string | undefined>>,
): Settings =>
  Object.fromEntries(
    Object.entries<TSchema>(settings.properties).flatMap(([key, schema]) => {
      const { variable } = schema as { readonly variable?: string };
      const text = variable === undefined ? undefined : env[variable];
      return text === undefined || text === '' ? [] : [[key, valueOf(schema, text)]];
    }),
  );
