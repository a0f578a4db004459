import { AppError } from '@millrace/kernel';
import { isDeniedName } from './denied-names.ts';

export const ENVIRONMENT_VARIABLES_MAX = 100;
/** Of one value, as UTF-8. */
export const ENVIRONMENT_VALUE_BYTES_MAX = 4_096;

/** What a shell can name; BASH_FUNC_x%% and the like are no such names. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
/** Names from outside are shown at most this long. */
const SHOWN_LENGTH_MAX = 80;

const codePointBytes = (code: number): number => {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x1_0000 ? 3 : 4;
};

/** Length in UTF-8; a lone surrogate takes the three bytes of its replacement character. */
const utf8Length = (text: string): number => {
  let bytes = 0;
  for (const character of text) bytes += codePointBytes(character.codePointAt(0) ?? 0);
  return bytes;
};

const refuse = (code: string, message: string, variable?: string): AppError =>
  new AppError('invalid', code, message, variable === undefined ? {} : { details: { variable } });

const checkName = (name: string, declared: readonly string[] | undefined): void => {
  const shown = name.slice(0, SHOWN_LENGTH_MAX);
  if (!NAME.test(name)) {
    const rule = 'a name is letters, digits and "_", does not begin with a digit, and has at most 64 characters';
    throw refuse('env.name', `"${shown}" is no name of an environment variable: ${rule}`, shown);
  }
  if (isDeniedName(name))
    throw refuse('env.denied', `the environment variable ${name} may not be set by a caller`, name);
  if (declared !== undefined && !declared.includes(name)) {
    const known = declared.length === 0 ? 'none' : declared.join(', ');
    throw refuse(
      'env.undeclared',
      `this workflow does not take the environment variable ${name}; it takes: ${known}`,
      name,
    );
  }
};

const checkValue = (name: string, value: unknown): string => {
  if (typeof value !== 'string')
    throw refuse('env.not_text', `the environment variable ${name} must be a string`, name);
  if (value.includes('\0')) throw refuse('env.nul', `the environment variable ${name} contains a NUL character`, name);
  if (utf8Length(value) > ENVIRONMENT_VALUE_BYTES_MAX) {
    throw refuse(
      'env.too_long',
      `the environment variable ${name} is longer than ${ENVIRONMENT_VALUE_BYTES_MAX} bytes`,
      name,
    );
  }
  return value;
};

/**
 * The environment variables that a caller may give to a run. `undefined` is an empty environment.
 *
 * @param env anything that came from outside
 * @param declared the only names that this workflow takes; absent: any safe name
 * @param secrets names under which the workflow gets secrets
 * @throws AppError `invalid`, the first problem found, its message and `details.variable` naming the variable:
 *   `env.not_object`, `env.too_many`, `env.name`, `env.denied` (even when declared), `env.undeclared`, `env.not_text`, `env.nul`, `env.too_long`,
 *   `env.secret`.
 */
export const checkEnvironment = (
  env: unknown,
  declared?: readonly string[],
  secrets: readonly string[] = [],
): Record<string, string> => {
  if (env === undefined) return {};
  if (typeof env !== 'object' || env === null || Array.isArray(env)) {
    throw refuse('env.not_object', 'the environment must be an object of names and strings');
  }
  const entries: [string, unknown][] = Object.entries(env);
  if (entries.length > ENVIRONMENT_VARIABLES_MAX) {
    throw refuse(
      'env.too_many',
      `at most ${ENVIRONMENT_VARIABLES_MAX} environment variables can be set, these are ${entries.length}`,
    );
  }
  return Object.fromEntries(
    entries.map(([name, value]) => {
      checkName(name, declared);
      if (secrets.includes(name))
        throw refuse('env.secret', `${name} is a secret of this workflow: no caller sets it`, name);
      return [name, checkValue(name, value)];
    }),
  );
};
