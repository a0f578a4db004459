/** F29, F30, F37: a gateway that does not get to work, to a file descriptor, or to memory. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@millrace/testkit';
import { afterEach, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';

const LIMIT = 8;
const OLD_SPACE_MB = 192;

let bed: FaultBed;
afterEach(() => bed.stop());

const start = async (gatewayOptions = ''): Promise<void> => {
  bed = await startFaultBed({
    experiment: { limit: LIMIT },
    env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) },
    adaptEnvironment: (name, env) =>
      name === 'gateway' && gatewayOptions !== '' ? { ...env, NODE_OPTIONS: gatewayOptions } : env,
  });
};

test('F29: a gateway that is blocked for 5 s answers no health check meanwhile, the others go on, and it recovers', async () => {
  await start();
  const { platform, client } = bed;
  const before = await Promise.all(Array.from({ length: 40 }, () => client.start('witness/script')));
  bed.arm('gateway.before-commit', 'block 5000');
  const since = performance.now();
  const blocking = client.ask('witness/script', { timeoutMs: 20_000 });
  await eventually(() => expect(bed.hasFired('gateway.before-commit')).toBe(true));
  const isHealthy = await fetch(`${platform.url}/health`, { signal: AbortSignal.timeout(1_000) }).then(
    () => true,
    () => false,
  );
  expect(isHealthy).toBe(false);
  expect((await blocking).outcome).toBe('acknowledged');
  const recoverySeconds = await bed.untilServing(since);
  await bed.untilOver(before);
  await bed.conclude({ row: 'F29', recoverySeconds });
});

const FILES = 64;
const SOCKETS = 100;

test(`F30: with ${FILES} file descriptors a gateway refuses what it cannot take, does not die, and recovers`, async () => {
  await start();
  const { platform } = bed;
  const pid = platform.pid('gateway');
  await bed.send({ runs: 20 });
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${FILES}:${FILES}`]);
  const { hostname, port } = new URL(platform.url);
  const sockets: Socket[] = Array.from({ length: SOCKETS }, () => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    return socket;
  });
  await Promise.all(sockets.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])));
  const starved = await Promise.all(
    Array.from({ length: 10 }, () => bed.client.ask('witness/script', { timeoutMs: 2_000 })),
  );
  const since = performance.now();
  for (const socket of sockets) socket.destroy();
  const recoverySeconds = await bed.untilServing(since);
  expect(platform.pid('gateway')).toBe(pid);
  const outcomes = starved.map(({ outcome, status = 0 }) => `${outcome} ${status}`);
  await bed.conclude({ row: 'F30', recoverySeconds, starved: [...new Set(outcomes)] });
});

test(`F37: a gateway with ${OLD_SPACE_MB} MB of heap that runs out of memory is a gateway that was killed`, async () => {
  await start(`--max-old-space-size=${OLD_SPACE_MB}`);
  const { platform } = bed;
  const before = platform.pid('gateway');
  bed.arm('gateway.after-keyed-commit', 'exhaust');
  const since = performance.now();
  await bed.send({ runs: 300 });
  expect(bed.hasFired('gateway.after-keyed-commit')).toBe(true);
  await platform.untilRestarted('gateway', before);
  const recoverySeconds = await bed.untilServing(since);
  await delay(0);
  await bed.conclude({ row: 'F37', recoverySeconds });
});
