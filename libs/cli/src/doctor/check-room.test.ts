import { expect, test } from 'vitest';
import { checkRoom } from './check-room.ts';

const GIB = 1_024 ** 3;
const fill = (stream: string, bytes: number, maxBytes: number) => ({ stream, bytes, maxBytes, lastSequence: 1 });

test('the log, public events and output are shown with what they hold and have room for', () => {
  const findings = checkRoom([fill('LOG_0', GIB, 4 * GIB), fill('EVENTS', 0, GIB), fill('LOGS', GIB, GIB)], 100 * GIB);
  expect(findings).toEqual([
    { level: 'OK', name: 'log room', detail: '1 GiB of 4 GiB used (25 %), room for 3 GiB' },
    { level: 'OK', name: 'events room', detail: '0 B of 1 GiB used (0 %), room for 1 GiB' },
    { level: 'OK', name: 'output room', detail: '1 GiB of 1 GiB used (100 %), room for 0 B' },
    { level: 'OK', name: 'stream room', detail: 'all streams may grow by 4 GiB, 100 GiB of the disk are free' },
  ]);
});

test('above four fifths the log is a warning, and what to do stands beside it', () => {
  const [log] = checkRoom([fill('LOG_0', 3.3 * GIB, 4 * GIB)], undefined);
  expect(log).toMatchObject({ level: 'WARN', fix: expect.stringContaining('log_max_bytes') });
});

test('streams that may grow beyond the disk are a warning, those under buckets included', () => {
  const findings = checkRoom([fill('LOG_0', 0, GIB), fill('KV_catalog', 0, GIB)], 1.5 * GIB);
  expect(findings.at(-1)).toMatchObject({ level: 'WARN', name: 'stream room' });
  expect(checkRoom([fill('LOG_0', 5, Number.POSITIVE_INFINITY)], GIB)[0]).toMatchObject({ level: 'OK' });
});

test('commits that are gone from the middle of the log are a failure', () => {
  const findings = checkRoom([{ ...fill('LOG_0', 1, 2), missing: 3 }], undefined);
  expect(findings.filter(({ level }) => level === 'FAIL')).toMatchObject([
    { name: 'log whole', detail: expect.stringMatching(/^3 commits/) },
  ]);
});
