// What a job does, the same for every peer: the bench's three workflows.
import { spawn } from 'node:child_process';

const REPORT_EVERY_MS = 10;

const runTrue = () =>
  new Promise((resolve, reject) => {
    const child = spawn('/bin/true', { stdio: ['ignore', 'pipe', 'pipe'] });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code }));
  });

const jobs = {
  noop: (input) => ({ ok: true, echo: input.n }),
  clock: (input, host) => {
    const startedAt = performance.timeOrigin + performance.now();
    host.send({ started: { n: input.n, at: startedAt } });
    return { startedAt };
  },
  true: runTrue,
};

/** Performs jobs by kind, and tells the bench how many have ended. */
export const performing = (host) => {
  const done = {};
  let told = '';
  setInterval(() => {
    const now = JSON.stringify(done);
    if (now === told || !host.connected) return;
    told = now;
    host.send({ done });
  }, REPORT_EVERY_MS).unref();
  return async (kind, input) => {
    const output = await jobs[kind](input ?? {}, host);
    done[kind] = (done[kind] ?? 0) + 1;
    return output;
  };
};

export const KINDS = Object.keys(jobs);
