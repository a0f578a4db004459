import { expect, test } from 'vitest';
import { DISK_FULL_BYTES, DISK_ROOM_BYTES, makeDiskKeeper } from './disk-keeper.ts';

const ERROR = 'no space left on device';
const well = { writeError: undefined, freeBytes: 10 * DISK_ROOM_BYTES, nowMs: 0 };

test('with room and without a failed write there is nothing to say', () => {
  expect(makeDiskKeeper()(well)).toEqual({ problem: undefined, news: undefined, restart: false });
});

test('a full disk is a problem before a write fails, told once, and over when there is room', () => {
  const judge = makeDiskKeeper();
  const full = { ...well, freeBytes: DISK_FULL_BYTES - 1 };
  expect(judge(full)).toMatchObject({ problem: 'the disk is full (3 MiB free)', restart: false });
  expect(judge(full).news).toBeUndefined();
  expect(judge(well)).toEqual({ problem: undefined, news: 'the log can be written again', restart: false });
});

test('after a failed write the server is started anew as soon as there is room, and not before', () => {
  const judge = makeDiskKeeper();
  const stuck = { ...well, writeError: ERROR, freeBytes: DISK_ROOM_BYTES - 1 };
  expect(judge(stuck)).toMatchObject({ restart: false, news: expect.stringContaining('requests are refused') });
  expect(judge({ ...stuck, nowMs: 60_000 })).toMatchObject({ restart: false, news: undefined });
  const roomy = { ...stuck, freeBytes: DISK_ROOM_BYTES, nowMs: 61_000 };
  expect(judge(roomy)).toMatchObject({ restart: true, news: expect.stringContaining('starting it anew') });
  expect(judge({ ...well, nowMs: 62_000 })).toMatchObject({ problem: undefined, news: 'the log can be written again' });
});

test('while starting anew does not help, it is done less and less often', () => {
  const judge = makeDiskKeeper();
  const restarts = Array.from({ length: 180 }, (_, second) => second * 1_000).filter(
    (nowMs) => judge({ ...well, writeError: ERROR, nowMs }).restart,
  );
  expect(restarts).toEqual([0, 5_000, 15_000, 35_000, 75_000, 135_000]);
});
