import { expect, test } from 'vitest';
import { grantedEnvironment, readGrants } from './child-environment.ts';

const env = { PGPASSFILE: '/etc/pgpass', MILLRACE_DATABASE_URL: 'postgres://x', SECRET: 's' };

test('a script sees what is granted to all, and what is granted to its workflow', () => {
  const grants = readGrants('PGPASSFILE, MILLRACE_DATABASE_URL@backup/*,MISSING', env);
  expect(grantedEnvironment(grants, 'backup/db-full')).toEqual({
    PGPASSFILE: '/etc/pgpass',
    MILLRACE_DATABASE_URL: 'postgres://x',
  });
  expect(grantedEnvironment(grants, 'demo/fail')).toEqual({ PGPASSFILE: '/etc/pgpass' });
});

test('nothing is granted by an empty text', () => {
  expect(grantedEnvironment(readGrants('', env), 'backup/db-full')).toEqual({});
});
