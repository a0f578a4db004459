import { describe, expect, test } from 'vitest';
import { makeVersion } from '../make-version.ts';
import { readMetadata } from '../read-metadata.ts';
import { readTriggers } from './read-triggers.ts';

/** What is said of a file, with its line. */
const refusals = (text: string): readonly string[] => {
  const reading = readMetadata(text, 'a/b.yaml');
  return reading.outcome === 'ready' ? [] : reading.faults.map(({ line, reason }) => `${line ?? 0}: ${reason}`);
};

describe('a declared schedule', () => {
  test('is read with its defaults, beside triggers that requests call', () => {
    const { triggers, schedules, complaints } = readTriggers([
      { cron: '0 3 * * *' },
      { dialect: 'hooks', path: '/a', auth: 'public' },
      {
        dialect: 'schedule',
        id: 'nightly',
        cron: '@daily',
        timezone: 'Europe/Berlin',
        input: { full: true },
        catch_up: 'none',
        stop_after: ['failed'],
        enabled: false,
      },
      { cron: '*/5 * * * * *' },
    ]);
    expect(complaints).toEqual([]);
    expect(triggers.map(({ id }) => id)).toEqual(['hooks']);
    expect(schedules).toEqual([
      { id: 'schedule', cron: '0 3 * * *', timezone: 'UTC', catchUp: 'latest', enabled: true },
      {
        id: 'nightly',
        cron: '@daily',
        timezone: 'Europe/Berlin',
        input: { full: true },
        catchUp: 'none',
        stopAfter: ['failed'],
        enabled: false,
      },
      { id: 'schedule-3', cron: '*/5 * * * * *', timezone: 'UTC', catchUp: 'latest', enabled: true },
    ]);
  });

  test('is part of the version, and of its name', () => {
    const versionWith = (triggers: readonly unknown[]) =>
      makeVersion({ kind: 'script', file: 'b.sh', bytes: Buffer.from('true'), metadata: { triggers: [...triggers] } });
    const [one, other] = [versionWith([{ cron: '0 3 * * *' }]), versionWith([{ cron: '0 4 * * *' }])];
    expect(one.schedules).toMatchObject([{ cron: '0 3 * * *' }]);
    expect(one).not.toHaveProperty('triggers');
    expect(one.version).not.toBe(other.version);
  });

  test.each([
    ["triggers:\n  - cron: '0 25 * * *'\n", '2: cron: hour "25" is not between 0 and 23'],
    ["triggers:\n  - id: x\n    cron: '0 0 30 2 *'\n", '3: cron: "0 0 30 2 *" is never due'],
    [
      "triggers:\n  - cron: '@daily'\n    timezone: Europe/Berln\n",
      '3: timezone: there is no time zone "Europe/Berln"; write one such as Europe/Berlin',
    ],
    ['triggers:\n  - { dialect: schedule }\n', '2: the schedule must have required properties cron'],
    ["triggers:\n  - { cron: '@daily', path: /x }\n", /^2: unknown key "path"; known keys: dialect, id, cron/],
    ["triggers:\n  - { cron: '@daily', catch_up: all }\n", '2: catch_up must be one of latest, none'],
    ["triggers:\n  - { cron: '@daily', id: a }\n  - { cron: '@hourly', id: a }\n", '3: the id a is there twice'],
    [
      "delete_after_use: true\ntriggers:\n  - cron: '@daily'\n",
      '3: nobody takes the result of a schedule: its workflow cannot be deleted after use',
    ],
    [
      "input: { type: object, required: [n], properties: { n: {} } }\ntriggers:\n  - cron: '@daily'\n",
      "3: the input of the schedule must have required property 'n'",
    ],
  ])('%j is refused', (text, reason) => {
    expect(refusals(text)).toEqual([typeof reason === 'string' ? reason : expect.stringMatching(reason)]);
  });

  test('fits the schema of the input', () => {
    const schema = 'input: { type: object, required: [n], properties: { n: { type: integer } } }\n';
    expect(refusals(`${schema}triggers:\n  - { cron: '@daily', input: { n: 1 } }\n`)).toEqual([]);
    expect(refusals(`${schema}triggers:\n  - { cron: '@daily', input: { n: one } }\n`)).toEqual([
      '3: the input of the schedule /n must be integer',
    ]);
  });
});

describe('retries.backoff', () => {
  const policyOf = (retries: object) =>
    makeVersion({ kind: 'script', file: 'b.sh', bytes: Buffer.from('true'), metadata: { retries } }).policy.retries;

  test('becomes milliseconds, with defaults for what is left out', () => {
    expect(policyOf({ failed: 3 })).toEqual({ failed: 3, lost: 2 });
    expect(policyOf({ failed: 3, backoff: {} })).toEqual({
      failed: 3,
      lost: 2,
      backoff: { firstMs: 1_000, factor: 2, maxMs: 300_000, jitter: 0.2 },
    });
    expect(policyOf({ backoff: { first: '10m', factor: 1, jitter: 0 } })).toMatchObject({
      backoff: { firstMs: 600_000, factor: 1, maxMs: 600_000, jitter: 0 },
    });
  });

  test.each([
    ['retries: { backoff: { first: soon } }', /retries\.backoff\.first: "soon" is not a duration/],
    ['retries: { backoff: { max: 2d } }', /retries\.backoff\.max must be between 1ms and 1d, not 2d/],
    ['retries: { backoff: { first: [] } }', /retries\.backoff\.first must be a duration/],
    ['retries: { backoff: { factor: 0.5 } }', /retries\.backoff\.factor must be >= 1/],
    ['retries: { backoff: { jiter: 1 } }', /unknown key "jiter"; did you mean "jitter"/],
  ])('%s is refused', (text, reason) => {
    expect(refusals(text)).toEqual([expect.stringMatching(reason)]);
  });
});
