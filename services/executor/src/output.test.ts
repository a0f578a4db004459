import { type OutputChunk } from '@millrace/contracts';
import { eventually } from '@millrace/testkit';
import { describe, expect, test } from 'vitest';
import { type AttemptOutput, makeAttemptOutput } from './output.ts';

const begin = (): {
  readonly output: AttemptOutput;
  readonly chunks: OutputChunk[];
  readonly pass: (ms: number) => void;
} => {
  let now = 1_000;
  const chunks: OutputChunk[] = [];
  const clock = { now: () => now, monotonic: () => now };
  const output = makeAttemptOutput({ runId: 'r', attempt: 2, clock, append: (chunk) => chunks.push(chunk) });
  return { output, chunks, pass: (ms) => (now += ms) };
};

const brief = (chunks: readonly OutputChunk[]): readonly string[] =>
  chunks.map(({ index, stream, text }) => `${index} ${stream} ${text}`);

describe('the output of an attempt', () => {
  test('passes at once after a quiet time', () => {
    const { output, chunks, pass } = begin();
    output.write('stdout', 'a');
    pass(100);
    output.write('stderr', 'b');
    expect(brief(chunks)).toEqual(['0 stdout a', '1 stderr b']);
    expect(chunks[0]).toMatchObject({ runId: 'r', attempt: 2, time: '1970-01-01T00:00:01.000Z' });
  });

  test('is gathered for 100 ms under load, and nothing is forgotten', async () => {
    const { output, chunks } = begin();
    for (const text of ['a', 'b', 'c']) output.write('stdout', text);
    expect(brief(chunks)).toEqual(['0 stdout a']);
    await eventually(() => expect(brief(chunks)).toEqual(['0 stdout a', '1 stdout bc']));
  });

  test('keeps the order of its streams', () => {
    const { output, chunks } = begin();
    output.write('stdout', 'a');
    output.write('stdout', 'b');
    output.write('stderr', 'c');
    output.write('log', 'd');
    expect(output.close()).toBe(true);
    expect(brief(chunks)).toEqual(['0 stdout a', '1 stdout b', '2 stderr c', '3 log d']);
  });

  test('ends with its attempt', () => {
    const { output, chunks } = begin();
    expect(output.close()).toBe(false);
    output.write('stdout', 'late');
    expect(chunks).toEqual([]);
  });

  test('of 1 MiB exactly is whole; what follows is marked as missing', () => {
    const { output, chunks } = begin();
    for (let count = 0; count < 16; count += 1) output.write('stdout', 'x'.repeat(65_536));
    expect(chunks.every(({ stream }) => stream === 'stdout')).toBe(true);
    output.write('stdout', 'y');
    output.write('stdout', 'z');
    output.close();
    expect(chunks.map((chunk) => chunk.text).join('')).toMatch(/^x+\[output truncated at 1 MiB\]\n$/);
  });

  test('is cut between characters at 1 MiB, once', () => {
    const { output, chunks } = begin();
    output.write('stdout', `x${'ü'.repeat(524_287)}`);
    output.write('stdout', 'ü');
    output.write('stdout', 'more');
    output.close();
    const text = chunks.map((chunk) => chunk.text).join('');
    expect(text).toBe(`x${'ü'.repeat(524_287)}[output truncated at 1 MiB]\n`);
    expect(chunks.at(-1)?.stream).toBe('log');
  });
});
