/** How many processes per second one small Node can start: `node spawner.ts <count>` prints `{"seconds":…}`. */
import { spawn } from 'node:child_process';

const IN_FLIGHT = 8;
const count = Number(process.argv[2] ?? 500);
let started = 0;

const spawnUntilDone = async (): Promise<void> => {
  while (started < count) {
    started += 1;
    await new Promise((resolve) => {
      spawn('/bin/true', { stdio: ['ignore', 'pipe', 'pipe'], detached: true }).on('close', resolve);
    });
  }
};

const begin = performance.now();
await Promise.all(Array.from({ length: IN_FLIGHT }, spawnUntilDone));
process.stdout.write(`${JSON.stringify({ seconds: (performance.now() - begin) / 1_000 })}\n`);
