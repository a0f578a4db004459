import { describe, expect, test } from 'vitest';
import { type Fault } from './fault.ts';
import { readMetadata } from './read-metadata.ts';

const refusal = (text: string): readonly Omit<Fault, 'file'>[] => {
  const reading = readMetadata(text, 'a/b.yaml');
  if (reading.outcome === 'ready') throw new Error('expected a refusal');
  return reading.faults.map(({ file, ...fault }) => {
    expect(file).toBe('a/b.yaml');
    return fault;
  });
};

describe('readMetadata', () => {
  test('reads every key', () => {
    const text = `
description: Dumps a database
input: { type: object, properties: { n: { type: integer } } }
env: [TARGET, NOTIFY]
secrets: [API_KEY]
timeout: 15m
concurrency: 2
on_limit: reject
retries: { failed: 1, lost: 0 }
methods: [GET, POST]`;
    expect(readMetadata(text, 'a/b.yaml')).toEqual({
      outcome: 'ready',
      metadata: {
        description: 'Dumps a database',
        input: { type: 'object', properties: { n: { type: 'integer' } } },
        env: ['TARGET', 'NOTIFY'],
        secrets: ['API_KEY'],
        timeout: '15m',
        concurrency: 2,
        onLimit: 'reject',
        retries: { failed: 1, lost: 0 },
        methods: ['GET', 'POST'],
      },
    });
  });

  test('reports everything that is wrong at once, whatever kind it is, and each thing once', () => {
    const text = `
tiemout: 5s
timeout: soon
concurrency: 0
env: [TARGET, LD_PRELOAD]
input: { type: objekt }`;
    const faults = refusal(text);
    expect(faults.map(({ line }) => line)).toEqual([2, 4, 3, 5, 6]);
    expect(faults.map(({ reason }) => reason.split(/[ :]/)[0])).toEqual([
      'unknown',
      'concurrency',
      'timeout',
      'env',
      'not',
    ]);
  });

  test.each([
    ['secrets: [PATH]', 'secrets: PATH has a meaning of its own for programs'],
    ['secrets: [A, A]', 'secrets: A is there twice'],
    ['secrets: [A]\nenv: [A]', 'secrets: A is in env too'],
    ['secrets: [api-key]', 'secrets.0 must match pattern'],
  ])('refuses %j', (text, reason) => {
    expect(refusal(text)).toEqual([expect.objectContaining({ line: 1, reason: expect.stringContaining(reason) })]);
  });

  test.each(['', '# nothing to say\n', '---\n'])('takes %j as no metadata', (text) => {
    expect(readMetadata(text, 'a/b.yaml')).toEqual({ outcome: 'ready', metadata: {} });
  });

  test.each([
    [
      'a key with a typing error',
      'description: x\ntiemout: 1s\n',
      2,
      1,
      'unknown key "tiemout"; did you mean "timeout"?',
    ],
    ['a key of the definition', 'onLimit: queue\n', 1, 1, 'unknown key "onLimit"; did you mean "on_limit"?'],
    ['a nested key', 'retries:\n  faild: 1\n', 2, 3, 'unknown key "faild"; did you mean "failed"?'],
    ['a strange key', 'x: 1\n', 1, 1, /^unknown key "x"; known keys: description, input, env, secrets, timeout/],
    ['a wrong type', 'concurrency: many\n', 1, 1, 'concurrency must be integer'],
    ['a number below the limit', 'concurrency: 0\n', 1, 1, 'concurrency must be >= 1'],
    [
      'an unknown method',
      'methods:\n  - GET\n  - FETCH\n',
      3,
      5,
      'methods.1 must be one of GET, POST, PUT, PATCH, DELETE',
    ],
    ['a bad duration', 'timeout: soon\n', 1, 1, 'timeout: "soon" is not a duration: write 250ms, 20s, 15m, 2h or 7d'],
    ['a duration out of range', 'timeout: 8d\n', 1, 1, 'timeout must be between 1ms and 7d, not 8d'],
    ['a duration that is a list', 'timeout: [1]\n', 1, 1, 'timeout must be a duration such as 30s, 15m or 2h'],
    [
      'a dangerous variable',
      'env: [TARGET, LD_PRELOAD]\n',
      1,
      15,
      /^env: the environment variable LD_PRELOAD may not be set/,
    ],
    ['a variable twice', 'env: [A, A]\n', 1, 10, 'env: A is there twice'],
    [
      'an input that is no schema',
      'input:\n  type: object\n  properties:\n    n: { type: integr }\n',
      4,
      10,
      /^not a JSON Schema: \/input\/properties\/n\/type /,
    ],
    [
      'an unknown keyword',
      'input:\n  type: object\n  propertees: {}\n',
      3,
      3,
      /^not a JSON Schema: \/input\/propertees: .*unknown keyword/,
    ],
    ['no mapping', '- a\n', 1, 1, 'metadata is a mapping of keys to values'],
    ['a key twice', 'timeout: 1s\ntimeout: 2s\n', 2, 1, 'Map keys must be unique'],
    ['broken YAML', 'env: [A\ntimeout: 1s\n', 2, 1, /^Flow sequence/],
  ] as const)('refuses %s with its place', (...[, text, line, column, reason]) => {
    const [fault] = refusal(text);
    expect(fault).toEqual({
      line,
      column,
      reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    });
  });

  test('takes a schema of draft-07 that says so, and refuses one of an unknown draft', () => {
    const schema = (draft: string): string => `input: { $schema: '${draft}', type: object }\n`;
    expect(readMetadata(schema('http://json-schema.org/draft-07/schema#'), 'a/b.yaml')).toMatchObject({
      outcome: 'ready',
    });
    expect(refusal(schema('http://json-schema.org/draft-99/schema'))).toMatchObject([{ line: 1, column: 1 }]);
  });

  test('reports all that is wrong, in the order of the schema', () => {
    expect(refusal('methods: []\nretries: { lost: -1 }\n').map(({ line }) => line)).toEqual([2, 1]);
  });

  test('does not unfold a bomb of aliases', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...['b', 'c', 'd', 'e', 'f'].map(
        (name, index) =>
          `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcde'[index] ?? ''}`).join(', ')}]`,
      ),
    ];
    expect(refusal(bomb.join('\n'))).toHaveLength(1);
  });
});
