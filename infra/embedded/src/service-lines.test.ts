import { expect, test } from 'vitest';
import { type PlatformEvent } from './platform-events.ts';
import { makeLineReader, readableLine } from './service-lines.ts';

test.each([
  ['{"level":"info","msg":"ready"}', undefined],
  ['{"level":"warn","msg":"slow"}', { level: 'warn', message: 'slow' }],
  ['{"level":"error","msg":"no","reason":"why"}', { level: 'error', message: 'no: why' }],
  [
    '{"level":"warn","msg":"request refused","code":"log.full"}',
    { level: 'warn', message: 'request refused: log.full' },
  ],
  ['Error: Cannot find module', { level: 'error', message: 'Error: Cannot find module' }],
  ['null', { level: 'error', message: 'null' }],
  ['', undefined],
])('%j is shown as %j', (line, expected) => {
  expect(readableLine(line)).toEqual(expected);
});

test('lines are put together from pieces, whatever the pieces cut', () => {
  const events: PlatformEvent[] = [];
  const read = makeLineReader('gateway', (event) => events.push(event));
  for (const byte of Buffer.from('{"level":"warn","msg":"zu früh"}\n{"level":"info","msg":"x"}\n'))
    read(Buffer.of(byte));
  expect(events).toEqual([{ type: 'line', name: 'gateway', level: 'warn', message: 'zu früh' }]);
});

test('a flood is cut to ten lines and a word about the rest', () => {
  const events: PlatformEvent[] = [];
  const read = makeLineReader('gateway', (event) => events.push(event));
  for (let line = 0; line < 1_000; line += 1) read(Buffer.from('{"level":"error","msg":"again"}\n'));
  expect(events).toHaveLength(11);
  expect(events.at(-1)).toMatchObject({ message: 'more like this in its log' });
});
