import { createHmac } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeToken, QUICK } from './platform.ts';
import { type PlainRequest, send } from './send.ts';

const SAMPLES = Number(process.env['MILLRACE_TEST_TIMING'] ?? 0);
/** Beyond it two samples are said to differ. */
const T_MAX = 4.5;
/** The slowest share of all answers says more about the machine than about the server. */
const KEPT = 0.9;

const KEY = 'a-key-in-the-address-of-64-characters-aaaaaaaaaaaaaaaaaaaaaaaaaa';
const SECRET = 'a-secret-of-github';
const BODY = '{"ref":"refs/heads/main"}';
const TRIGGERS = `
triggers:
  - { dialect: kestra, key: ${KEY} }
  - { dialect: hooks, path: /signed, signature: { preset: github, secret: GITHUB_SECRET } }
`;

interface Sample {
  readonly mean: number;
  readonly variance: number;
  readonly count: number;
}

const sampleOf = (values: readonly number[]): Sample => {
  const kept = values.toSorted((a, b) => a - b).slice(0, Math.floor(values.length * KEPT));
  const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
  const variance = kept.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (kept.length - 1);
  return { mean, variance, count: kept.length };
};

/** Welch's t of two samples. */
const welch = (a: Sample, b: Sample): number =>
  (a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count);

/** Another character in place of one, of the same kind. */
const changedAt = (text: string, index: number): string => {
  const changed = { A: 'B', a: 'b', 0: '1' }[text[index] ?? ''] ?? (/\d/.test(text[index] ?? '') ? '0' : 'a');
  return `${text.slice(0, index)}${changed}${text.slice(index + 1)}`;
};

interface Secret {
  readonly name: string;
  readonly status: number;
  /** What is to be guessed. */
  readonly right: () => Promise<string>;
  readonly guess: (text: string) => PlainRequest;
  /** Where its first character stands that has to be guessed. */
  readonly from?: number;
}

// That time tells nothing is so by construction, which unit tests show. This is the measurement, for a quiet machine.
describe.skipIf(SAMPLES === 0)('A6: measured, with MILLRACE_TEST_TIMING=10000', () => {
  let platform: TestPlatform;
  let requests = 0;
  beforeAll(async () => {
    platform = await startTestPlatform({ workflows: { 'attack/mine.sh': QUICK, 'attack/mine.yaml': TRIGGERS } });
    await platform.http.call('PUT', '/secrets/GITHUB_SECRET', { body: { value: SECRET } });
  });
  afterAll(() => platform.stop());

  const SECRETS: readonly Secret[] = [
    {
      name: 'a token',
      status: 401,
      right: () => makeToken(platform.http, 'read'),
      guess: (text) => ({ path: '/runs', headers: { authorization: `Bearer ${text}` } }),
    },
    {
      name: 'a key in the address of Kestra',
      status: 404,
      right: async () => KEY,
      guess: (text) => ({
        method: 'POST',
        path: `/api/v1/executions/webhook/attack/mine/${text}`,
        headers: { 'content-type': 'application/json' },
        body: '{}',
      }),
    },
    {
      name: 'a signature of GitHub',
      status: 401,
      from: 'sha256='.length,
      right: async () => `sha256=${createHmac('sha256', SECRET).update(BODY).digest('hex')}`,
      guess: (text) => ({
        method: 'POST',
        path: '/hooks/signed',
        headers: { 'x-hub-signature-256': text },
        body: BODY,
      }),
    },
  ];

  /** Ever new addresses: below what slows guesses down, and none of them has a past. */
  const nextAddress = (): string => {
    requests += 1;
    return `127.${6 + (requests >> 16)}.${(requests >> 8) & 255}.${requests & 255}`;
  };

  test.each(SECRETS)(
    'a guess of $name that is nearly right takes as long as one that is not',
    async ({ name, status, right, guess, from = 0 }) => {
      const text = await right();
      const guesses = [changedAt(text, text.length - 1), changedAt(text, from)];
      expect((await send(platform.url, guess(text))).status).toBeLessThan(400);
      const times: readonly number[][] = guesses.map(() => []);
      for (let sample = 0; sample < SAMPLES; sample += 1) {
        // Neither is always the first.
        for (const which of sample % 2 === 0 ? [0, 1] : [1, 0]) {
          const request = { ...guess(guesses[which] ?? ''), from: nextAddress() };
          const began = performance.now();
          const answer = await send(platform.url, request);
          times[which]?.push(performance.now() - began);
          expect(answer.status).toBe(status);
        }
      }
      const [near, far] = times.map(sampleOf) as [Sample, Sample];
      const t = welch(near, far);
      console.info(
        `${name}: nearly right ${near.mean.toFixed(4)} ms, wrong ${far.mean.toFixed(4)} ms, t = ${t.toFixed(2)}`,
      );
      expect(Math.abs(t)).toBeLessThan(T_MAX);
    },
    SAMPLES * 40 + 60_000,
  );
});
