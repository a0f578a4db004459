import { type Static, type TObject } from 'typebox';
import { Value } from 'typebox/value';
import { AppError } from '@millrace/kernel';
import { schemaProblems } from './schema-problems.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that is set to nothing counts as absent: compose files and shells cannot unset. */
const present = (env: Environment): Record<string, unknown> =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));

/**
 * The configuration of a process from its environment: texts become what the schema says, defaults are filled in,
 * variables that the schema does not name are left out. Frozen.
 *
 * @throws AppError `invalid` `config.invalid` that names every bad variable at once.
 */
export const loadConfig = <Schema extends TObject>(schema: Schema, env: Environment): Readonly<Static<Schema>> => {
  const candidate: unknown = Value.Convert(schema, Value.Default(schema, Value.Clean(schema, present(env))));
  const problems = schemaProblems(schema, candidate);
  if (problems.length > 0) {
    const list = problems.map(({ path, message }) => `${path.join('.')} ${message}`);
    throw new AppError('invalid', 'config.invalid', `invalid environment: ${list.join('; ')}`, {
      details: { problems: list },
    });
  }
  return Object.freeze(candidate as Static<Schema>);
};
