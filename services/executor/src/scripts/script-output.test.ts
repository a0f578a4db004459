import { describe, expect, test } from 'vitest';
import { OUTPUT_BYTES_MAX } from '../attempts/execution.ts';
import { makeStdoutReader, parseProgress, type Progress } from './script-output.ts';

const read = (...pieces: readonly string[]) => {
  const texts: string[] = [];
  const progress: Progress[] = [];
  const responses: unknown[] = [];
  const reader = makeStdoutReader({
    onText: (text) => texts.push(text),
    onProgress: (one) => progress.push(one),
    onResponse: (one) => responses.push(one),
  });
  for (const piece of pieces) reader.push(piece);
  reader.end();
  return { texts, progress, responses, last: reader.lastLine() };
};

describe('parseProgress', () => {
  test.each([
    ['::progress 40 half way', { percent: 40, message: 'half way' }],
    ['::progress 12.5%', { percent: 12.5 }],
    ['::progress 400', { percent: 100 }],
    ['::progress 7 x\r', { percent: 7, message: 'x' }],
  ])('%j is progress', (line, expected) => {
    expect(parseProgress(line)).toEqual(expected);
  });

  test.each(['progress 40', '::progress', '::progress many', ' ::progress 4', '::progress 40x'])(
    '%j is none',
    (line) => {
      expect(parseProgress(line)).toBeUndefined();
    },
  );
});

describe('stdout of a script', () => {
  test('takes progress out and passes the rest on', () => {
    expect(read('a\n::progress 10 x\nb\n')).toEqual({
      texts: ['a\nb\n'],
      progress: [{ percent: 10, message: 'x' }],
      responses: [],
      last: 'b',
    });
  });

  test('finds a progress report that arrives in pieces', () => {
    expect(read('::pro', 'gress 3', '0 go', '\nx')).toEqual({
      texts: ['x'],
      progress: [{ percent: 30, message: 'go' }],
      responses: [],
      last: 'x',
    });
  });

  test('passes a prompt without a line end on at once', () => {
    const texts: string[] = [];
    const listener = { onProgress: () => undefined, onResponse: () => undefined };
    makeStdoutReader({ onText: (text) => texts.push(text), ...listener }).push('password: ');
    expect(texts).toEqual(['password: ']);
  });

  test('does not take the middle of a line for progress', () => {
    expect(read('x ::progress 3\n')).toMatchObject({
      texts: ['x ::progress 3\n'],
      progress: [],
      last: 'x ::progress 3',
    });
  });

  test('remembers the last line over empty lines and progress', () => {
    expect(read('{"a":1}\n\n::progress 100').last).toBe('{"a":1}');
  });

  test('a line is measured in bytes, whatever pieces it comes in', () => {
    const most = 'ü'.repeat(524_287);
    expect(read(`"${most}"\n`).last.length).toBe(524_289);
    expect(read('1\n', `"${most}`, 'ü"\n').last).toBe('');
    expect(read(`${most}üü`, '::progress 3\n').progress).toEqual([]);
  });

  test('a line over the limit is no result', () => {
    const { last, texts } = read('x\n', 'y'.repeat(700_000), 'y'.repeat(700_000), '\n');
    expect(last).toBe('');
    expect(texts.join('').length).toBe(1_400_003);
  });
});

describe('an early answer on stdout', () => {
  test.each([
    ['::respond {"a":1}\n', { a: 1 }],
    ['::respond null', null],
    ['::respond [1,\t2]\r\n', [1, 2]],
  ])('%j is one, and no output', (text, expected) => {
    expect(read(text)).toEqual({ texts: [], progress: [], responses: [expected], last: '' });
  });

  test('may come in pieces, and is as long as a result may be', () => {
    const value = 'x'.repeat(OUTPUT_BYTES_MAX - 100);
    const line = `::respond ${JSON.stringify(value)}\n`;
    const pieces = line.match(/.{1,65536}\n?/g) ?? [];
    expect(read(...pieces)).toMatchObject({ texts: [], responses: [value] });
  });

  test.each(['::respond {a:1}\n', '::respond\n', ' ::respond 1\n', `::respond "${'x'.repeat(OUTPUT_BYTES_MAX)}"\n`])(
    'a line that is none remains output (%#)',
    (text) => {
      const { texts, responses } = read(text);
      expect(texts.join('')).toBe(text);
      expect(responses).toEqual([]);
    },
  );
});
