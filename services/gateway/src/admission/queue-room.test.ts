import { expect, test } from 'vitest';
import { QUEUE_FRESH_MS } from '../limits.ts';
import { makeQueueRoom } from './queue-room.ts';

test('refuses while as many wait as may, as long as somebody knows', () => {
  let nowMs = 0;
  const room = makeQueueRoom(10, () => nowMs);
  room.check();
  room.onWaiting(9);
  room.check();
  room.onWaiting(10);
  expect(() => room.check()).toThrow(expect.objectContaining({ kind: 'over_limit', code: 'queue.full' }));
  nowMs = QUEUE_FRESH_MS + 1;
  room.check();
});
