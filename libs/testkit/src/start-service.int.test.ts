import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { startService } from './start-service.ts';
import { killRunning, runningProcesses } from './started-processes.ts';

const ENTRY = join(import.meta.dirname, '../testing/example-service.ts');

afterAll(() => void killRunning());

test('a service answers on its admin port until it is stopped in order', async () => {
  const service = await startService(ENTRY);
  expect((await fetch(`${service.adminUrl}/health/ready`)).status).toBe(200);
  expect(runningProcesses().map(({ pid }) => pid)).toEqual([service.pid]);
  expect(await service.stop()).toBe(0);
  expect(service.isAlive()).toBe(false);
  expect(runningProcesses()).toEqual([]);
  await eventually(() => expect(service.log().join()).toContain('"msg":"ended"'));
});

test('a service that cannot start is refused with what it wrote', async () => {
  await expect(startService(ENTRY, { env: { MILLRACE_TEST: 'start' } })).rejects.toThrow(/ended with 1.*no database/s);
});

test('one that is not stopped is found, named and killed', async () => {
  const service = await startService(ENTRY);
  expect(killRunning()).toEqual([`${ENTRY} (pid ${service.pid})`]);
  await eventually(() => expect(service.isAlive()).toBe(false));
});
