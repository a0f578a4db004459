import { type Environment } from '@millrace/runtime';

/** Where programs are looked for, whatever the executor's own PATH says. */
export const SAFE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What every child process gets. The executor's own environment, with the addresses of NATS and Postgres, is not inherited. */
export const baseEnvironment = (path: string): Readonly<Record<string, string>> => ({ PATH: path, LANG: 'C.UTF-8' });

/** The variables of the executor's own environment that scripts shall see: names separated by commas. */
export const passedEnvironment = (names: string, env: Environment): Readonly<Record<string, string>> =>
  Object.fromEntries(
    names
      .split(',')
      .map((name) => name.trim())
      .flatMap((name) => (name === '' || env[name] === undefined ? [] : [[name, env[name]]])),
  );
