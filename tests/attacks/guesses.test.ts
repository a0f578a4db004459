import { startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeToken, QUICK } from './platform.ts';
import { type PlainAnswer, send } from './send.ts';

const GUESSES = 1_000;
/** `AUTH_FAILURES_MAX` of docs/http.md. */
const FAILURES_MAX = 100;
const TOKEN = /^mr_([A-Za-z0-9]+)_([A-Za-z0-9_-]+)$/;

const KEY = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({
    workflows: {
      'attack/mine.sh': QUICK,
      'attack/keyed.sh': QUICK,
      'attack/keyed.yaml': `triggers: [{ dialect: hooks, id: keyed, path: /keyed, auth: path_key, key: ${KEY} }]\n`,
    },
  });
});
afterAll(() => platform.stop());

const present = (token: string, from: string, path = '/runs'): Promise<PlainAnswer> =>
  send(platform.url, { path, from, headers: { authorization: `Bearer ${token}`, 'x-workflow-client': 'x' } });

const statusesOf = (answers: readonly PlainAnswer[]): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
};

describe('A26: whoever guesses', () => {
  const attacker = '127.26.0.1';

  test('gets a hundred answers a minute, and then none', async () => {
    const real = TOKEN.exec(await makeToken(platform.http, 'read'));
    const answers: PlainAnswer[] = [];
    for (let guess = 0; guess < GUESSES; guess += 1) {
      const near = guess % 2 === 0 ? `mr_${real?.[1] ?? ''}_${guess}` : `mr_nobody_${guess}`;
      answers.push(await present(near, attacker));
    }
    const counts = statusesOf(answers);
    // More than the limit only by what a window that went by lets in.
    expect(counts.get(401)).toBeGreaterThanOrEqual(FAILURES_MAX);
    expect(counts.get(401)).toBeLessThanOrEqual(FAILURES_MAX * 2);
    expect((counts.get(401) ?? 0) + (counts.get(429) ?? 0)).toBe(GUESSES);
    expect(Number(answers.at(-1)?.headers['retry-after'])).toBeGreaterThan(0);
  });

  test('does not lock out who has a token, from the same address or another one', async () => {
    expect((await present(platform.token, attacker)).status).toBe(200);
    expect((await present(platform.token, '127.26.0.2')).status).toBe(200);
    expect((await present('wrong', '127.26.0.3')).status).toBe(401);
  });

  test('cannot tell a token that was never there from one that is nearly right', async () => {
    const token = await makeToken(platform.http, 'read');
    const bodies = new Set<string>();
    for (const text of ['x', `${token}x`, token.slice(0, -1), token.toUpperCase(), ` ${token}`, 'x'.repeat(4_000)]) {
      const { status, text: body } = await present(text, '127.26.0.4');
      expect(status).toBe(401);
      bodies.add(body);
    }
    expect(bodies.size).toBe(1);
  });
});

describe('A26: whoever guesses the key of an address', () => {
  const attacker = '127.26.1.1';
  const tryKey = (key: string, from = attacker): Promise<PlainAnswer> =>
    send(platform.url, { method: 'POST', path: `/hooks/key/${key}/keyed`, from, body: '{}' });

  test('gets a hundred answers a minute, and cannot tell a wrong key from an address that is not there', async () => {
    const elsewhere = await send(platform.url, { method: 'POST', path: `/hooks/key/${KEY}/nothing`, body: '{}' });
    const answers: PlainAnswer[] = [];
    for (let guess = 0; guess < GUESSES / 4; guess += 1) answers.push(await tryKey(`${KEY.slice(0, -3)}${guess}`));
    const counts = statusesOf(answers);
    expect(counts.get(404)).toBeGreaterThanOrEqual(FAILURES_MAX);
    expect(counts.get(404)).toBeLessThanOrEqual(FAILURES_MAX * 2);
    expect((counts.get(404) ?? 0) + (counts.get(429) ?? 0)).toBe(GUESSES / 4);
    expect(answers[0]?.text).toBe(elsewhere.text);
  });

  test('does not lock out who has it', async () => {
    expect((await tryKey(KEY)).status).toBe(202);
    expect((await tryKey(KEY, '127.26.1.2')).status).toBe(202);
  });
});

test('A26: what is guessed has at least 128 bits, and no two are alike', async () => {
  const tokens = await Promise.all(Array.from({ length: 20 }, () => makeToken(platform.http, 'read')));
  const secrets = tokens.map((token) => TOKEN.exec(token)?.[2] ?? '');
  expect(new Set(secrets).size).toBe(tokens.length);
  for (const secret of secrets) expect(secret.length * Math.log2(62)).toBeGreaterThanOrEqual(128);
});
