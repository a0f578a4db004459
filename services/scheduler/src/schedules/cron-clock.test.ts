import { type CatalogEntry, type ScheduleTrigger, type TriggerState } from '@millrace/contracts';
import { beforeEach, describe, expect, test } from 'vitest';
import { CronClock } from './cron-clock.ts';
import { scheduledRunId } from './scheduled-request.ts';

const KEY = 'default/a/b.nightly';
const at = (text: string): number => Date.parse(`2026-11-${text}Z`);
const nightly: ScheduleTrigger = {
  id: 'nightly',
  cron: '0 3 * * *',
  timezone: 'UTC',
  catchUp: 'latest',
  enabled: true,
};

const entryOf = (trigger: ScheduleTrigger, deployedAt = '2026-11-20T12:00:00Z'): CatalogEntry => ({
  workspace: 'default',
  path: 'a/b',
  current: {
    version: 'v',
    kind: 'script',
    file: 'b.sh',
    description: '',
    methods: ['POST'],
    schedules: [trigger],
    policy: { timeoutMs: 1, retries: { failed: 0, lost: 0 } },
    deployedAt,
    deployedFrom: 'a/b.sh',
  },
});

/** Everything around the clock; what it fires reaches the log when `record` says so. */
class Around {
  nowMs = at('20T12:00:00');
  entries: CatalogEntry[] = [entryOf(nightly)];
  decided: TriggerState | undefined;
  logBeganMs = at('01T00:00:00');
  readonly fired = new Map<string, number>();
  readonly firings: string[] = [];
  alarm: string | undefined;

  clock(): CronClock {
    return new CronClock({
      state: { fired: this.fired },
      entries: () => this.entries,
      triggerStates: { get: () => this.decided },
      alarms: {
        push: (name, dueMs) => {
          this.alarm = `${name} ${new Date(dueMs).toISOString()}`;
        },
        close: () => undefined,
      },
      logBeganMs: this.logBeganMs,
      now: () => this.nowMs,
      fire: (_declared, instantMs) => this.firings.push(new Date(instantMs).toISOString()),
    });
  }

  record(): void {
    for (const instant of this.firings) this.fired.set(KEY, Date.parse(instant));
  }
}

let around: Around;
beforeEach(() => {
  around = new Around();
});

describe('a declared schedule', () => {
  test('has an alarm for its next instant, and fires when it rings, once', () => {
    const clock = around.clock();
    expect([around.alarm, around.firings]).toEqual([`cron.${KEY} 2026-11-21T03:00:00.000Z`, []]);
    around.nowMs = at('21T03:00:00.200');
    for (const names of [['cron.default/x/y.nightly', 'run.x.1'], [`cron.${KEY}`], [`cron.${KEY}`]])
      clock.onRing(names);
    clock.tick();
    expect(around.firings).toEqual(['2026-11-21T03:00:00.000Z']);
    expect(around.alarm).toBe(`cron.${KEY} 2026-11-22T03:00:00.000Z`);
  });

  test('fires without an alarm, a second late', () => {
    const clock = around.clock();
    around.nowMs = at('21T03:00:00.900');
    clock.tick();
    expect(around.firings).toEqual([]);
    around.nowMs = at('21T03:00:01.100');
    clock.tick();
    expect(around.firings).toEqual(['2026-11-21T03:00:00.000Z']);
  });

  test('is not fired again by the next leader that finds it in the log, and is by one that does not', () => {
    around.nowMs = at('21T03:00:00.200');
    around.clock();
    around.clock();
    expect(around.firings).toHaveLength(2);
    expect(new Set(around.firings.map((instant) => scheduledRunId(KEY, Date.parse(instant)))).size).toBe(1);
    around.record();
    around.clock();
    expect(around.firings).toHaveLength(2);
  });

  test('catches up one instant of many that were missed, none when it says so', () => {
    around.nowMs = at('24T08:00:00');
    around.clock();
    around.entries = [entryOf({ ...nightly, catchUp: 'none' })];
    around.clock();
    expect(around.firings).toEqual(['2026-11-24T03:00:00.000Z']);
  });

  test('does not catch up what was before its deploy, before it was enabled, or before the log', () => {
    around.nowMs = at('24T08:00:00');
    around.entries = [entryOf(nightly, '2026-11-24T07:00:00Z')];
    around.clock();
    around.entries = [entryOf({ ...nightly, enabled: false })];
    const name = { workspace: 'default', workflow: 'a/b', trigger: 'nightly' };
    around.decided = { ...name, state: 'enabled', reason: '', at: '2026-11-24T07:30:00Z' };
    around.clock();
    around.entries = [entryOf(nightly)];
    around.decided = undefined;
    around.logBeganMs = at('24T06:00:00');
    around.clock();
    expect(around.firings).toEqual([]);
  });

  test('is left alone while it is disabled or stopped, and is noticed when it is enabled', () => {
    const clock = around.clock();
    const name = { workspace: 'default', workflow: 'a/b', trigger: 'nightly' };
    around.decided = { ...name, state: 'stopped', reason: '', at: '2026-11-20T13:00:00Z' };
    clock.tick();
    around.nowMs = at('21T03:00:05');
    clock.onRing([`cron.${KEY}`]);
    clock.tick();
    expect(around.firings).toEqual([]);
    around.decided = { ...name, state: 'enabled', reason: '', at: '2026-11-21T03:30:00Z' };
    around.nowMs = at('21T04:00:00');
    clock.tick();
    expect([around.alarm, around.firings]).toEqual([`cron.${KEY} 2026-11-22T03:00:00.000Z`, []]);
  });

  test('loses no instant to a deploy at that very moment', () => {
    const clock = around.clock();
    around.nowMs = at('21T03:00:00.050');
    around.entries = [entryOf(nightly, '2026-11-21T03:00:00.040Z')];
    clock.refresh();
    expect(around.firings).toEqual(['2026-11-21T03:00:00.000Z']);
  });

  test('has an alarm for a day at most: the stream of alarms forgets', () => {
    around.entries = [entryOf({ ...nightly, cron: '@yearly' })];
    around.clock();
    expect(around.alarm).toBe(`cron.${KEY} 2026-11-21T12:00:00.000Z`);
  });
});
