import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { lockDataFolder } from './data-lock.ts';

const home = mkdtempSync(join(tmpdir(), 'millrace-lock-'));
afterAll(() => rmSync(home, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(home, String((folders += 1)));

test('a folder that is in use is refused by the name of the process, and free again after release', async () => {
  const folder = newFolder();
  const lock = await lockDataFolder(folder);
  await expect(lockDataFolder(folder)).rejects.toMatchObject({
    code: 'data.in_use',
    message: expect.stringContaining(`process ${process.pid}`),
  });
  await lock.release();
  await (await lockDataFolder(folder)).release();
});

test.each([
  ['a process that is gone', '2147483646 1'],
  ['a process that got the number of one that is gone', `${process.pid} 1`],
  ['nobody', ''],
  ['nonsense', 'x y z'],
])('a lock of %s is taken over', async (_whose, content) => {
  const folder = newFolder();
  await (await lockDataFolder(folder)).release();
  writeFileSync(join(folder, 'supervisor.pid'), content);
  await (await lockDataFolder(folder)).release();
});

test('of several that find a stale lock at once, one gets it', async () => {
  const folder = newFolder();
  await (await lockDataFolder(folder)).release();
  writeFileSync(join(folder, 'supervisor.pid'), '2147483646 1');
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockDataFolder(folder)));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
