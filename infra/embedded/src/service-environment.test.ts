import { readServerConfig } from '@millrace/runtime';
import { expect, test } from 'vitest';
import { adminPortOf } from './service-environment.ts';

const portsOf = (toml: Readonly<Record<string, string>>): readonly number[] => {
  const { admin } = readServerConfig({ env: toml, cwd: '/nonexistent' });
  return (['gateway', 'scheduler', 'executor', 'projector', 'notifier'] as const).map((name) =>
    adminPortOf(name, admin.port),
  );
};

test('admin ports follow each other from the one that is configured, and are free ones without it', () => {
  expect(portsOf({ MILLRACE_ADMIN_PORT: '9100' })).toEqual([9_100, 9_101, 9_102, 9_103, 9_104]);
  expect(portsOf({})).toEqual([0, 0, 0, 0, 0]);
});
