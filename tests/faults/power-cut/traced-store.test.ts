import { describe, expect, test } from 'vitest';
import { filesOfTrace } from './traced-store.ts';

const hex = (text: string): string =>
  `"${[...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
const create = (path: string, fd: number, flags = ''): string =>
  `1 openat(AT_FDCWD, ${hex(path)}, O_RDWR|O_CREAT${flags}|O_CLOEXEC, 0600) = ${fd}`;
const write = (fd: number, text: string, offset: number): string =>
  `1 pwrite64(${fd}, ${hex(text)}, ${text.length}, ${offset}) = ${text.length}`;

const after = (which: 'live' | 'durable', ...lines: string[]): Record<string, string> => {
  const files = filesOfTrace(lines.map((line) => `${line}\n`).join(''), '/s', which);
  return Object.fromEntries([...files].map(([path, bytes]) => [path, bytes.toString()]));
};

describe('what a power cut leaves', () => {
  const begun = [create('/s/a/1', 7), write(7, 'one', 0)];

  test('is nothing of what was never synced', () => {
    expect(after('durable', ...begun)).toEqual({});
    expect(after('live', ...begun)).toEqual({ 'a/1': 'one' });
  });

  test('is what was written before a sync began, in a file whose name goes with it', () => {
    const lines = [...begun, '2 fsync(7 <unfinished ...>', write(7, 'two', 3), '2 <... fsync resumed>) = 0'];
    expect(after('durable', ...lines)).toEqual({ 'a/1': 'one' });
    expect(after('live', ...lines)).toEqual({ 'a/1': 'onetwo' });
  });

  test('is nothing that a sync which failed, or has not returned, was to keep', () => {
    expect(after('durable', ...begun, '2 fsync(7) = -1 EIO (Input/output error)')).toEqual({});
    expect(after('durable', ...begun, '2 fsync(7 <unfinished ...>')).toEqual({});
  });

  test('is the bytes of before where they were written over since', () => {
    expect(after('durable', ...begun, '1 fsync(7) = 0', write(7, 'X', 1), '1 ftruncate(7, 2) = 0')).toEqual({
      'a/1': 'one',
    });
  });

  test('is an empty file when only its folder was synced', () => {
    const folder = `1 openat(AT_FDCWD, ${hex('/s/a')}, O_RDONLY|O_CLOEXEC) = 8`;
    expect(after('durable', ...begun, folder, '1 fsync(8) = 0')).toEqual({ 'a/1': '' });
  });

  test('is the old file behind a name, until the new one or the folder is synced', () => {
    const renamed = [
      ...begun,
      '1 fdatasync(7) = 0',
      create('/s/a/tmp', 9, '|O_SYNC'),
      `1 write(9, ${hex('new')}, 3) = 3`,
      `1 renameat(AT_FDCWD, ${hex('/s/a/tmp')}, AT_FDCWD, ${hex('/s/a/1')}) = 0`,
    ];
    expect(after('durable', ...renamed)).toEqual({ 'a/1': 'one', 'a/tmp': 'new' });
    expect(after('durable', ...renamed, '1 fsync(9) = 0')).toEqual({ 'a/1': 'new' });
  });

  test('is a file that was removed, until its folder is synced', () => {
    const removed = [...begun, '1 fsync(7) = 0', `1 unlinkat(AT_FDCWD, ${hex('/s/a/1')}, 0) = 0`];
    const folder = `1 openat(AT_FDCWD, ${hex('/s/a')}, O_RDONLY) = 8`;
    expect(after('durable', ...removed)).toEqual({ 'a/1': 'one' });
    expect(after('durable', ...removed, folder, '1 fsync(8) = 0')).toEqual({});
  });

  test('has nothing of other folders, nor of the half line at the end', () => {
    const lines = [create('/other/1', 7), write(7, 'x', 0), '1 fsync(7) = 0', ...begun].map((line) => `${line}\n`);
    expect(filesOfTrace(`${lines.join('')}1 fsync(7) = 0`, '/s', 'durable').size).toBe(0);
  });

  test('follows a number that another thread got while it was closed', () => {
    const closing = ['2 close(7 <unfinished ...>', create('/s/a/2', 7), '2 <... close resumed>) = 0'];
    expect(after('durable', ...begun, ...closing, write(7, 'two', 0), '1 fsync(7) = 0')).toEqual({ 'a/2': 'two' });
  });
});
