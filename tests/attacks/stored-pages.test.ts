/** A28: pages in everything that is stored and shown again. */
import { startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, hasChromium, visit } from './browser.ts';
import { type ReplaySite, startReplaySite } from './replay-site.ts';
import { type PlainAnswer } from './send.ts';
import { pageThatTells, storedAnswers, type StoredAnswer, storedWorkflows } from './stored-answers.ts';

let platform: TestPlatform;
let site: ReplaySite;
let page: string;
let answers: readonly StoredAnswer[];
beforeAll(async () => {
  site = await startReplaySite();
  page = pageThatTells(site.tellUrl);
  platform = await startTestPlatform({ workflows: storedWorkflows(page) });
  answers = await storedAnswers(platform, page);
});
afterAll(async () => {
  site.close();
  await platform.stop();
});

/** Read as what it says it is, it is no page, or one without any rights. */
const isGuarded = ({ headers }: PlainAnswer): boolean => {
  const type = String(headers['content-type']);
  const isNoPage =
    /^(?:application\/(?:problem\+)?json|text\/(?:plain|event-stream)|application\/octet-stream)(?:;|$)/.test(type);
  const isSandboxed = /(?:^|;)\s*sandbox\s*(?:;|$)/.test(String(headers['content-security-policy']));
  return headers['x-content-type-options'] === 'nosniff' && (isNoPage || isSandboxed);
};

test('A28: every field shows the page that was stored in it', () => {
  expect(answers.length).toBeGreaterThanOrEqual(12);
  expect(answers.filter(({ text }) => !text.includes(page)).map(({ name, text }) => [name, text])).toEqual([]);
});

test('A28: none of the answers is a page with the rights of this origin', () => {
  const open = answers.filter((answer) => !isGuarded(answer));
  expect(open.map(({ name, headers }) => [name, headers['content-type']])).toEqual([]);
});

describe.skipIf(!hasChromium)(`A28: in a browser (${CHROMIUM}${hasChromium ? '' : ' is not there'})`, () => {
  test('none of them runs, and each of them would without its headers', async () => {
    site.serve(answers);
    await visit(`${site.url}/`, site.visited);
    const named = site
      .told()
      .map((path) => `${path.split('/')[1] ?? ''}: ${answers[Number(path.split('/')[2])]?.name ?? ''}`);
    expect(named.sort()).toEqual(answers.map(({ name }) => `unguarded: ${name}`).sort());
  });
});
