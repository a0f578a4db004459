/**
 * What a snapshot of very many waiting runs costs whoever takes it and whoever begins with it, without NATS.
 *
 * `node --expose-gc --conditions=@millrace/source services/scheduler/bench/snapshot.ts [--runs 1000000]`
 */
import { parseArgs } from 'node:util';
import { decodeState, encodeState, evolve, freezeState, SchedulerState } from '@millrace/domain';
import { aRunId, completed, requested } from '@millrace/testkit';

const MIB = 1024 ** 2;
const EVENTS_PER_COMMIT = 250;
const WORKFLOWS = 20;
const limits = { concurrentRunsMax: 100 };

const { values } = parseArgs({ options: { runs: { type: 'string', default: '1000000' } } });
const runs = Number(values.runs);
const print = (figures: Readonly<Record<string, unknown>>): void =>
  void process.stdout.write(`${JSON.stringify(figures)}\n`);

const clean = (): number => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return Math.round(((heapUsed + arrayBuffers) / MIB) * 10) / 10;
};
/** Processor time of this thread: the time of the wall is that of others as well. */
const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};
const round = (ms: number): number => Math.round(ms * 100) / 100;

const state = new SchedulerState(limits);
const beforeMib = clean();
const template = requested();
for (let number = 0; number < runs; number += 1) {
  const event = { ...template, subject: aRunId(), workflow: `bench/w${number % WORKFLOWS}` };
  const position = { sequence: 1 + Math.floor(number / EVENTS_PER_COMMIT), index: number % EVENTS_PER_COMMIT };
  evolve(state, event, position);
}
print({ what: 'waiting', runs: state.waiting, mib: round(clean() - beforeMib) });

for (let pass = 1; pass <= 3; pass += 1) {
  const beginMs = cpuMs();
  const pieces = encodeState(freezeState(state), { pass });
  const freezeMs = cpuMs() - beginMs;
  const taken: Uint8Array[] = [];
  const sliceMs: number[] = [];
  for (;;) {
    const sliceBeginMs = cpuMs();
    const { done, value } = pieces.next();
    sliceMs.push(cpuMs() - sliceBeginMs);
    if (done === true) break;
    taken.push(value);
    // what goes on meanwhile: pages are copied
    evolve(state, completed({ runId: aRunId() }), { sequence: 1, index: 0 });
  }
  sliceMs.sort((one, other) => one - other);
  const bytes = Buffer.concat(taken);
  const encodeMs = sliceMs.reduce((sum, ms) => sum + ms, 0);
  const worst = sliceMs.at(-1) ?? 0;
  const p99 = sliceMs[Math.floor(sliceMs.length * 0.99)] ?? 0;
  print({
    pass,
    bytes: bytes.length,
    freezeMs: round(freezeMs),
    encodeMs: round(encodeMs),
    sliceMaxMs: round(worst),
    sliceP99Ms: round(p99),
  });
  const decodeBeginMs = cpuMs();
  const restored = decodeState(bytes, limits);
  print({ pass, decodeMs: round(cpuMs() - decodeBeginMs), waiting: restored.state.waiting });
}
