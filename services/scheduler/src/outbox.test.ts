import { type Position } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { completed, eventually } from '@millrace/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Outbox } from './outbox.ts';

interface Sent {
  readonly subject: string;
  readonly runId: string | undefined;
  readonly store: () => void;
  readonly refuse: (error: unknown) => void;
}

let sent: Sent[];
let stored: string[];
let refused: unknown[];
let delayed: string[];
let outbox: Outbox;

beforeEach(() => {
  [sent, stored, refused, delayed] = [[], [], [], []];
  outbox = new Outbox({
    writer: {
      append: (subject, [event]) =>
        new Promise<Position>((resolve, reject) => {
          const store = (): void => resolve({ sequence: sent.length, index: 0 });
          sent.push({ subject, runId: event?.subject, store, refuse: reject });
        }),
    },
    onRefused: (error) => refused.push(error),
    onDelayed: ({ code }) => delayed.push(code),
  });
});
afterEach(() => outbox.close());

const say = (subject: string, runId: string): void => {
  outbox.push(subject, completed({ runId }), () => stored.push(runId));
  outbox.flush();
};
const names = (): (string | undefined)[] => sent.map(({ runId }) => runId);

test('a subject has one batch in flight, and what gathers meanwhile is the next', async () => {
  say('ex1', '1');
  say('ex1', '2');
  say('ex1', '3');
  say('ex2', '4');
  expect(names()).toEqual(['1', '4']);
  sent[0]?.store();
  await eventually(() => expect(names()).toEqual(['1', '4', '2', '3']));
  expect(stored).toEqual(['1']);
});

test('what the log has no room for is offered again, and says so only once it is stored', async () => {
  say('ex1', '1');
  say('ex1', '2');
  sent[0]?.refuse(new AppError('unavailable', 'log.full', 'full'));
  await eventually(() => expect(names()).toEqual(['1', '2', '1']), { timeoutMs: 3_000 });
  for (const { store } of sent.slice(1)) store();
  await eventually(() => expect([...stored].sort()).toEqual(['1', '2']));
  expect([delayed, refused]).toEqual([['log.full'], []]);
});

test('a refusal for good is told once, and nothing is sent any more', async () => {
  const lost = new AppError('conflict', 'lease.lost', 'lost');
  say('ex1', '1');
  say('ex2', '2');
  for (const { refuse } of sent) refuse(lost);
  await eventually(() => expect(refused).toEqual([lost]));
  say('ex1', '3');
  say('ex3', '4');
  expect([names(), stored]).toEqual([['1', '2'], []]);
});
