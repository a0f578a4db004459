import { describe, expect, test } from 'vitest';
import { checkServerVersion } from './server-version.ts';

describe('server version', () => {
  test.each(['2.14.0', '2.14.0-RC.1', '2.15.1', '3.0.0'])('takes %s', (version) => {
    expect(() => checkServerVersion(version)).not.toThrow();
  });
  test.each(['2.9.10', '2.13.9', '1.4.1', ''])('refuses "%s"', (version) => {
    expect(() => checkServerVersion(version)).toThrow('too old');
  });
});
