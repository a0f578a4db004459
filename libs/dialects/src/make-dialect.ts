import { AppError } from '@millrace/kernel';
import { Value } from 'typebox/value';
import { type Dialect, type DialectModule } from './dialect.ts';

type Configured = Readonly<Record<string, unknown>>;

/**
 * A dialect with what was configured for it, and the defaults of the rest.
 *
 * @param configured The table `[dialects.<name>]` of `millrace.toml`.
 * @throws AppError `invalid` `config.invalid` that names every setting that is wrong.
 */
export const makeDialect = ({ name, settings, make }: DialectModule, configured: Configured = {}): Dialect => {
  const complete = Value.Default(settings, structuredClone(configured)) as Configured;
  const problems = Value.Errors(settings, complete).map(({ instancePath, message }) => {
    const key = instancePath.slice(1).replaceAll('/', '.');
    return `[dialects.${name}] ${key} ${message}`.replace(/ +/g, ' ');
  });
  if (problems.length > 0) throw new AppError('invalid', 'config.invalid', problems.join('; '));
  return make(complete);
};
