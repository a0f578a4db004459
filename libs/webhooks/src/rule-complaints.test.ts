import { kindOf } from '@millrace/kernel';
import { describe, expect, test } from 'vitest';
import { parseRule, presetNames, ruleComplaints, sampleDelivery, sampleNames } from './index.ts';

const SECRETS = ['GITHUB'];

describe('a rule as it was written', () => {
  test.each([
    { preset: 'github' },
    { preset: 'stripe', toleranceSeconds: 60 },
    { preset: 'bifrost-generic', header: 'X-Mine', prefix: '' },
    { preset: 'hmac', header: 'X-Sig', algorithm: 'sha512', encoding: 'base64url', prefix: 'v1=' },
    {
      preset: 'hmac',
      header: 'X-Sig',
      timestampHeader: 'X-Time',
      template: '{timestamp}.{body}',
      toleranceSeconds: 30,
    },
    { preset: 'hmac', header: 'X-Sig', deliveryHeader: 'X-Id', template: '{id}.{body}' },
  ])('%j is good', (rule) => {
    expect(ruleComplaints(rule, SECRETS)).toEqual([]);
    expect(parseRule(rule, SECRETS)).toEqual(rule);
  });

  test.each([
    [{ preset: 'gihub' }, 'there is no preset "gihub"; did you mean github?'],
    [{}, 'there is no preset ""; known are bifrost-generic, '],
    [{ preset: ['github'] }, 'there is no preset ""'],
    [{ preset: 'github', toleranceSeconds: 60 }, 'the preset github has no member toleranceSeconds; known are none'],
    [{ preset: 'stripe', tolerance: 60 }, 'no member tolerance; known are toleranceSeconds'],
    [{ preset: 'hmac', header: 'X-Sig', algoritm: 'sha1' }, 'no member algoritm; did you mean algorithm?'],
    [{ preset: 'stripe', toleranceSeconds: 0 }, 'toleranceSeconds has to be a whole number of seconds, 1 to 86400'],
    [{ preset: 'stripe', toleranceSeconds: 1e9 }, 'toleranceSeconds has to be'],
    [{ preset: 'stripe', toleranceSeconds: '60' }, 'toleranceSeconds has to be'],
    [{ preset: 'hmac' }, 'the preset hmac needs header: the name of a header'],
    [{ preset: 'hmac', header: 'X Sig' }, 'header has to be the name of a header'],
    [{ preset: 'hmac', header: 'X-Sig', algorithm: 'md5' }, 'algorithm has to be sha1, sha256 or sha512'],
    [{ preset: 'hmac', header: 'X-Sig', encoding: 'latin1' }, 'encoding has to be hex, base64 or base64url'],
    [{ preset: 'hmac', header: 'X-Sig', template: 'constant' }, 'with {body} in it'],
    [
      { preset: 'hmac', header: 'X-Sig', template: '{timestamp}{body}' },
      '{timestamp} in template needs timestampHeader',
    ],
    [{ preset: 'hmac', header: 'X-Sig', template: '{id}.{body}' }, '{id} in template needs deliveryHeader'],
    [
      { preset: 'hmac', header: 'X-Sig', timestampHeader: 'X-Time', template: '{body}' },
      'timestampHeader protects nothing unless template has {timestamp} in it',
    ],
  ])('%j is refused: %s', (rule, words) => {
    const complaints = ruleComplaints(rule, SECRETS);
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain(words);
  });

  const signing = (template: string) => ({
    preset: 'hmac',
    header: 'X-Sig',
    deliveryHeader: 'X-Id',
    template,
    ...(template.includes('{timestamp}') ? { timestampHeader: 'X-Time' } : {}),
  });

  test.each([
    ['{id}{body}', '{id}', '{body}'],
    ['{body}{id}', '{body}', '{id}'],
    ['v1:{url}{body}', '{url}', '{body}'],
    ['{id}{timestamp}{body}', '{id}', '{body}'],
    ['{id}{method}{url}.{body}', '{id}', '{url}'],
    ['{body}{timestamp}{method}{id}', '{body}', '{id}'],
  ])('%s leaves open where %s ends, and is refused with what to write', (template, first, second) => {
    expect(ruleComplaints(signing(template), SECRETS)).toEqual([
      expect.stringMatching(
        new RegExp(`^template: nothing between ${first} and ${second} .*such as ${first}.${second}$`),
      ),
    ]);
  });

  test.each([
    '{id}.{body}',
    '{timestamp}{body}',
    '{body}{timestamp}',
    '{timestamp}{id}.{body}',
    '{method}{url}\n{body}',
    '{body}{body}',
    '{method}{timestamp}{body}',
  ])('%s is clear', (template) => {
    expect(ruleComplaints(signing(template), SECRETS)).toEqual([]);
  });

  test.each(presetNames)('%s without a secret is refused (A8)', (preset) => {
    const rule = { preset, ...(preset === 'hmac' ? { header: 'X-Sig' } : {}) };
    for (const names of [[], ['']]) {
      expect(ruleComplaints(rule, names)).toEqual([
        `the preset ${preset} needs a secret: without one anybody could sign`,
      ]);
    }
  });

  test('all complaints come at once, as an error of kind invalid', () => {
    const rule = { preset: 'hmac', prefix: 7, colour: 'red' };
    expect(ruleComplaints(rule, [])).toHaveLength(4);
    const refusal = (): unknown => {
      try {
        return parseRule(rule, []);
      } catch (error) {
        return kindOf(error);
      }
    };
    expect(refusal()).toBe('invalid');
  });
});

test('every preset has an example, and every JSON example is JSON', () => {
  for (const preset of presetNames) expect(sampleNames.some((name) => name.startsWith(`${preset}.`))).toBe(true);
  const json = sampleNames
    .map((name) => sampleDelivery(name))
    .filter(({ headers }) => headers['content-type'] === 'application/json');
  expect(json.length).toBeGreaterThan(15);
  for (const { body } of json) expect(typeof JSON.parse(new TextDecoder().decode(body))).toBe('object');
});

test('an unknown example is named, with the one that was probably meant', () => {
  expect(() => sampleDelivery('github.pusch')).toThrow('did you mean github.push?');
});
