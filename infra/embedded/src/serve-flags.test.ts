import { expect, test } from 'vitest';
import { parseServeFlags, serveHelp } from './serve-flags.ts';

test('flags are read in both spellings', () => {
  const { flags, file, wantsHelp } = parseServeFlags(['--port', '9090', '--bind=0.0.0.0', '--config', 'a.toml']);
  expect(flags).toMatchObject({ port: '9090', bind: '0.0.0.0' });
  expect(file).toBe('a.toml');
  expect(wantsHelp).toBe(false);
});

test('every problem is told at once, with what was probably meant', () => {
  expect(() => parseServeFlags(['--prot=1', 'extra', '--bind'])).toThrow(
    'unknown flag --prot: did you mean --port?\nunexpected "extra"\n--bind needs a value',
  );
});

test('what is said is for programs where they ask for it', () => {
  expect([parseServeFlags([]).isJson, parseServeFlags(['--json']).isJson]).toEqual([false, true]);
});

test('help names every flag', () => {
  for (const flag of ['--port', '--bind', '--data-dir', '--workflows', '--max-concurrent-runs', '--json']) {
    expect(serveHelp()).toContain(flag);
  }
});
