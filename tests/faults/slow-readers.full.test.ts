/** F22: clients of event streams that do not read. They cost memory up to a bound, and the others nothing. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';

const SLOW = 200;
const GROWTH_MAX_MB = 120;
const CHATTY = `#!/bin/sh
i=0
while [ $i -lt 400 ]; do echo "line $i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; i=$((i+1)); [ $((i % 20)) -eq 0 ] && sleep 0.1; done
`;

let bed: FaultBed;
beforeAll(async () => {
  bed = await startFaultBed({
    experiment: { limit: 8 },
    env: { MILLRACE_MAX_CONCURRENT_RUNS: '8' },
    workflows: { 'slow/chatty.sh': CHATTY },
  });
});
afterAll(() => bed.stop());

const memoryMb = (pid: number): number => {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib) / 1_024);
};

/** Asks for the stream and never reads. */
const neverRead = async (runId: string): Promise<Socket> => {
  const { url, token } = bed.platform;
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.pause();
  socket.write(
    `GET /runs/${runId}/events HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${token}\r\naccept: text/event-stream\r\n\r\n`,
  );
  return socket;
};

test(`F22: ${SLOW} clients that do not read keep nobody else from following, and memory within ${GROWTH_MAX_MB} MB`, async () => {
  const { platform, client } = bed;
  await bed.send({ runs: 100 });
  const before = memoryMb(platform.pid('gateway'));
  const runIds = await Promise.all(Array.from({ length: 4 }, () => client.start('slow/chatty')));
  const sockets = await Promise.all(Array.from({ length: SLOW }, (_, index) => neverRead(runIds[index % 4] ?? '')));
  await bed.untilOver(runIds);
  // Others follow their runs meanwhile: three of twenty requests do.
  await bed.send({ runs: 100 });
  const growthMb = memoryMb(platform.pid('gateway')) - before;
  for (const socket of sockets) socket.destroy();
  await bed.conclude({ row: 'F22', slow: SLOW, growthMb });
  expect(growthMb).toBeLessThan(GROWTH_MAX_MB);
});
