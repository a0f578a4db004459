import { matchesPattern } from '@millrace/domain';
import { type Environment } from '@millrace/runtime';

/** Where programs are looked for, whatever the executor's own PATH says. */
export const SAFE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What every child process gets. The executor's own environment, with the addresses of NATS and Postgres, is not inherited. */
export const baseEnvironment = (path: string): Readonly<Record<string, string>> => ({ PATH: path, LANG: 'C.UTF-8' });

/** A variable of the executor's own environment that scripts of matching workflows see. */
export interface EnvironmentGrant {
  readonly name: string;
  readonly value: string;
  /** `backup/*`, or `*` for every workflow. */
  readonly pattern: string;
}

/** Reads grants separated by commas: `NAME` for every workflow, `NAME@pattern` for matching ones. What is not set is not granted. */
export const readGrants = (text: string, env: Environment): readonly EnvironmentGrant[] =>
  text.split(',').flatMap((entry) => {
    const [name = '', pattern = '*'] = entry.trim().split('@');
    const value = env[name];
    return name === '' || value === undefined ? [] : [{ name, value, pattern }];
  });

/** What the scripts of one workflow are granted. */
export const grantedEnvironment = (
  grants: readonly EnvironmentGrant[],
  workflow: string,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    grants.flatMap(({ name, value, pattern }) => (matchesPattern(pattern, workflow) ? [[name, value]] : [])),
  );
