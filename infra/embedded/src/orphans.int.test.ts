import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { eventually, makeTempFolder } from '@millrace/testkit';
import { isProcessAlive } from './process-alive.ts';

/** A process that starts both servers, says their pids, and never ends by itself. */
const PROGRAM = `
import { startNats, startPostgres } from '@millrace/embedded';
const [folder] = process.argv.slice(1);
const [nats, postgres] = await Promise.all([
  startNats({ dataDir: folder + '/nats', durability: 'relaxed' }),
  startPostgres({ dataDir: folder + '/postgres' }),
]);
console.log(JSON.stringify([nats.pid, postgres.pid]));
setInterval(() => undefined, 1_000);
`;

test('kill -9 of whoever started them leaves neither nats-server nor PostgreSQL', async () => {
  const folder = makeTempFolder('orphans');
  const args = ['--conditions=@millrace/source', '--input-type=module', '-e', PROGRAM, folder];
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const parent = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line]: unknown[] = await once(createInterface({ input: parent.stdout }), 'line');
  const pids = JSON.parse(String(line)) as readonly number[];
  expect(pids.map(isProcessAlive)).toEqual([true, true]);
  parent.kill('SIGKILL');
  await eventually(() => expect(pids.map(isProcessAlive)).toEqual([false, false]));
});
