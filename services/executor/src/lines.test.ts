import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { makeLineSender, makeLineSplitter } from './lines.ts';

describe('lines', () => {
  test('what is sent in one turn travels in one write', async () => {
    const writes: string[] = [];
    const send = makeLineSender((text) => writes.push(text));
    send({ a: 1 });
    send('{"b":2}');
    await setImmediate();
    send({ c: 3 });
    await setImmediate();
    expect(writes).toEqual(['{"a":1}\n{"b":2}\n', '{"c":3}\n']);
  });

  test('more than 64 KiB does not wait for the end of the turn', () => {
    const writes: string[] = [];
    makeLineSender((text) => writes.push(text))({ text: 'x'.repeat(70_000) });
    expect(writes.length).toBe(1);
  });

  test('are found however the text is cut', () => {
    const lines: string[] = [];
    const push = makeLineSplitter((line) => lines.push(line));
    for (const piece of ['{"a"', ':1}', '\n\n{"b":2}\n{"c"', ':3}\n']) push(piece);
    expect(lines).toEqual(['{"a":1}', '{"b":2}', '{"c":3}']);
  });
});
