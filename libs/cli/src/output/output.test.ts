import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationText } from './duration-text.ts';
import { progressBar } from './progress-bar.ts';
import { safeJson, safeLine, safeText } from './safe-text.ts';
import { makeScreen, type ScreenOptions } from './screen.ts';
import { formatTable, textWidth } from './table.ts';

/** What a terminal would obey: everything below space but newline and tab, DEL, C1, marks that turn the direction of reading. */
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** Every kind of character up to the general punctuation, lone control characters included. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0x20ff }), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes));

describe('safeText', () => {
  test.each([
    ['\u001b]52;c;ZXZpbA==\u0007', '␛]52;c;ZXZpbA==␇'],
    ['all good\rall bad', 'all good␍all bad'],
    ['one\r\ntwo\n\tthree', 'one\ntwo\n\tthree'],
    ['\u009b31m', '\\u009b31m'],
    ['user\u202etxt.exe', 'user\\u202etxt.exe'],
    ['Zoë 日本 😀', 'Zoë 日本 😀'],
  ])('shows %j as %j', (text, shown) => {
    expect(safeText(text)).toBe(shown);
  });

  test('leaves nothing that a terminal obeys, on one line where one line is asked for', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        return !OBEYED.test(safeText(text)) && !safeLine(text).includes('\n');
      }),
    );
  });

  test('JSON means the same afterwards', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const json = safeJson(JSON.stringify({ text }));
        return !OBEYED.test(json) && (JSON.parse(json) as { text: string }).text === text;
      }),
    );
  });
});

describe('formatTable', () => {
  test('makes columns as wide as their widest cell, as a terminal counts', () => {
    expect(textWidth('日本e\u0301😀\u001b[31mx\u001b[39m')).toBe(8);
    expect(
      formatTable([
        ['A', 'B', 'C'],
        ['日本', 'x', ''],
        ['a', 'long', 'end'],
      ]),
    ).toEqual(['A     B     C', '日本  x', 'a     long  end']);
  });
});

describe('durationText', () => {
  test.each([
    [0, '0.0 s'],
    [9_949, '9.9 s'],
    [59_000, '59 s'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
  ])('%i ms is %s', (milliseconds, text) => {
    expect(durationText(milliseconds)).toBe(text);
  });
});

const screenOf = (options: Partial<ScreenOptions> & { readonly isTTY?: boolean } = {}) => {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY: options.isTTY ?? false,
    columns: 60,
    write: (text: string) => (written[name] += text),
  });
  const screen = makeScreen({ stdout: stream('stdout'), stderr: stream('stderr'), env: {}, ...options });
  return { screen, written };
};

describe('makeScreen', () => {
  test('writes data to stdout and the rest to stderr', () => {
    const { screen, written } = screenOf();
    screen.data('data');
    screen.say('said');
    screen.status('never drawn');
    screen.json({ a: 1 });
    expect(written).toEqual({ stdout: 'data\n{"a":1}\n', stderr: 'said\n' });
  });

  test('says nothing when quiet, but complains', () => {
    const { screen, written } = screenOf({ isQuiet: true, isTTY: true });
    screen.say('said');
    screen.status('drawn');
    screen.complain('wrong');
    expect(written.stderr).toBe('wrong\n');
  });

  test('passes output on as it is to a program, and shows its control characters to a person', () => {
    const program = screenOf();
    program.screen.raw('\u001b[31mred');
    const person = screenOf({ isTTY: true });
    person.screen.raw('\u001b[31mred');
    expect([program.written.stdout, person.written.stdout]).toEqual(['\u001b[31mred', '␛[31mred']);
  });

  test.each([
    [{ isTTY: true }, true],
    [{ isTTY: false }, false],
    [{ isTTY: true, env: { NO_COLOR: '1' } }, false],
    [{ isTTY: true, env: { NO_COLOR: '' } }, true],
    [{ isTTY: true, env: { TERM: 'dumb' } }, false],
  ])('paints for %j: %s', (options, isPainted) => {
    expect(screenOf(options).screen.paint('red', 'x') !== 'x').toBe(isPainted);
  });

  test('clears the status line before other lines', () => {
    const { screen, written } = screenOf({ isTTY: true });
    screen.status('50 %');
    screen.say('line');
    expect(written.stderr).toBe('\r\u001b[2K50 %\r\u001b[2Kline\n');
  });
});

describe('progressBar', () => {
  test('fills in proportion and stays on one line', () => {
    const { screen } = screenOf({ isTTY: true, env: { NO_COLOR: '1' } });
    expect(progressBar({ percent: 50, message: 'half' }, screen)).toBe(`${'█'.repeat(12)}${'░'.repeat(12)}  50 % half`);
    expect(textWidth(progressBar({ percent: 1_000, message: '日'.repeat(100) }, screen))).toBeLessThan(60);
    expect(progressBar({ percent: 1, message: 'a\u001b[2Jb\nc' }, screen)).toContain('a␛[2Jb␊c');
  });
});
