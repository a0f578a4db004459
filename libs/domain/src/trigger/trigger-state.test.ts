import { type Trigger, type TriggerState } from '@millrace/contracts';
import { describe, expect, test } from 'vitest';
import { isStoppedBy, triggerStateOf } from './trigger-state.ts';

describe('states', () => {
  test.each<[boolean, TriggerState['state'] | undefined, TriggerState['state']]>([
    [true, undefined, 'enabled'],
    [false, undefined, 'disabled'],
    [true, 'disabled', 'disabled'],
    [true, 'stopped', 'stopped'],
    [false, 'enabled', 'enabled'],
  ])('declared enabled %s and decided %s is %s', (enabled, decided, expected) => {
    expect(triggerStateOf({ enabled }, decided === undefined ? undefined : { state: decided })).toBe(expected);
  });

  test.each<[Trigger['stopAfter'], string, boolean]>([
    [undefined, 'failed', false],
    [[], 'failed', false],
    [['failed', 'timed_out'], 'failed', true],
    [['failed', 'timed_out'], 'completed', false],
  ])('stop_after %j: %s stops it: %s', (stopAfter, status, expected) => {
    expect(isStoppedBy(stopAfter === undefined ? {} : { stopAfter }, status)).toBe(expected);
  });
});
