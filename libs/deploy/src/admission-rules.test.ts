import { describe, expect, test } from 'vitest';
import { admissionPolicyOf, admissionRulesOf } from './admission-rules.ts';
import { readMetadata } from './read-metadata.ts';

const read = (text: string) => {
  const reading = readMetadata(text, 'ops/x.yaml');
  if (reading.outcome === 'refused') throw new Error(reading.faults.map(({ reason }) => reason).join('; '));
  return { policy: admissionPolicyOf(reading.metadata), rules: admissionRulesOf(reading.metadata) };
};
const refusal = (text: string): readonly string[] => {
  const reading = readMetadata(text, 'ops/x.yaml');
  return reading.outcome === 'ready' ? [] : reading.faults.map(({ reason }) => reason);
};

describe('limits of a workflow', () => {
  test.each([
    ['concurrency: 4', { policy: { concurrency: 4 }, rules: undefined }],
    ['concurrency: { limit: 4 }', { policy: { concurrency: 4 }, rules: undefined }],
    [
      'concurrency: { limit: 1, key: input.a, total: 9 }',
      { policy: { concurrency: 9, keyConcurrency: 1 }, rules: { concurrencyKey: 'input.a' } },
    ],
    ['pool: gpu', { policy: { pool: 'gpu' }, rules: undefined }],
    ['pool: default', { policy: {}, rules: undefined }],
    ['queue_limit: 0\npriority: -3', { policy: { queueLimit: 0 }, rules: { priority: -3 } }],
    ['rate: { limit: 3, period: 1m }', { policy: { rate: { limit: 3, periodMs: 60_000 } }, rules: undefined }],
    ['debounce: { period: 2s }', { policy: { debounce: { periodMs: 2_000, maxMs: 20_000 } }, rules: undefined }],
    [
      'debounce: { period: 2s, key: input.b, max_wait: 5s }',
      { policy: { debounce: { periodMs: 2_000, maxMs: 5_000 } }, rules: { debounceKey: 'input.b' } },
    ],
  ])('%s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each([
    ['concurrency: 0', 'concurrency'],
    ['concurrency: { limit: 1, key: "input." }', 'concurrency.key'],
    ['concurrency: { limit: 1, key: body.x }', 'concurrency.key'],
    ['concurrency: { limit: 1, total: 0 }', 'concurrency.total'],
    ['on_limit: skip', 'on_limit: skip needs concurrency'],
    ['on_limit: drop', 'on_limit must be one of'],
    ['priority: 11', 'priority'],
    ['pool: GPU', 'pool'],
    ['rate: { limit: 3, period: 2d }', 'rate.period must be between 1ms and 1d'],
    ['rate: { limit: 3 }', 'rate'],
    ['debounce: { period: soon }', 'debounce.period'],
    ['debounce: { period: 1s, max_wait: 0 }', 'debounce.max_wait must be between 1ms and 1d'],
    ['delete_after_use: true\nconcurrency: { limit: 1, key: input.a }', 'a key cannot be deleted after use'],
  ])('%s is refused', (text, reason) => {
    expect(refusal(text)).toEqual(expect.arrayContaining([expect.stringContaining(reason)]));
  });
});
