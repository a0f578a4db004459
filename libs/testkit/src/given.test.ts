import { AppError, type Decider } from '@millrace/kernel';
import { describe, expect, test } from 'vitest';
import { given } from './given.ts';

const door: Decider<'open' | 'closed', 'open' | 'break', 'opened'> = {
  initialState: 'closed',
  decide: (command, state) => {
    if (command === 'break') throw new AppError('unavailable', 'door.stuck', 'stuck');
    if (state === 'open') throw new AppError('refused', 'door.is_open', 'it is open');
    return ['opened'];
  },
  evolve: () => 'open',
};

describe('given', () => {
  test('folds the history, then decides', () => {
    expect(given(door).when('open')).toEqual(['opened']);
    expect(given(door, 'opened').refusal('open')).toBe('door.is_open');
  });

  test('takes neither an accepted command nor another error for a refusal', () => {
    expect(() => given(door).refusal('open')).toThrow('expected a refusal');
    expect(() => given(door).refusal('break')).toThrow('stuck');
  });
});
