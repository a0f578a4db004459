import { expect, test } from 'vitest';
import { makeCleanupStack } from './cleanup-stack.ts';
import { makeLogger } from './logger.ts';

const make = () => {
  const lines: string[] = [];
  const log = makeLogger({ service: 'test', destination: { write: (line) => void lines.push(line) } });
  return {
    stack: makeCleanupStack(log),
    messages: () => lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
  };
};

test('each step waits for the one that was registered after it', async () => {
  const { stack } = make();
  const undone: string[] = [];
  stack.defer('first', () => void undone.push('first'));
  stack.defer('second', async () => {
    await Promise.resolve();
    undone.push('second');
  });
  await stack.unwind(1_000);
  expect(undone).toEqual(['second', 'first']);
  await stack.unwind(1_000);
  expect(undone).toHaveLength(2);
});

test('what is stuck is left behind when time is up, and the rest is still asked', async () => {
  const { stack, messages } = make();
  const undone: string[] = [];
  stack.defer('quick', () => void undone.push('quick'));
  stack.defer('stuck', () => new Promise(() => undefined));
  await stack.unwind(30);
  expect(undone).toEqual(['quick']);
  expect(messages()).toEqual(['gave up cleaning up']);
});
