/** F25: far more clients than the machine can serve. What is accepted finishes, what is not is told so and when to come again. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { sized } from './bed/selection.ts';

const CLIENTS = 200;
const LIMIT = 16;

let bed: FaultBed;
beforeAll(async () => {
  bed = await startFaultBed({
    experiment: { limit: LIMIT },
    env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) },
  });
});
afterAll(() => bed.stop());

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;

test(`F25: ${CLIENTS} clients at once are answered, and what was accepted finishes`, async () => {
  const until = performance.now() + sized(2_000, 60_000);
  const took: number[] = [];
  const outcomes = new Map<string, number>();
  const one = async (workflow: string): Promise<void> => {
    while (performance.now() < until) {
      const { outcome, status = 0, code = '', tookMs } = await bed.client.ask(workflow, { timeoutMs: 30_000 });
      if (outcome === 'acknowledged') took.push(tookMs);
      outcomes.set(`${status} ${code}`.trim(), (outcomes.get(`${status} ${code}`.trim()) ?? 0) + 1);
      if (outcome !== 'acknowledged') await new Promise((resolve) => setTimeout(resolve, 250)); // a client that was told to wait
    }
  };
  await Promise.all(
    Array.from({ length: CLIENTS }, (_, index) => one(index % 4 === 0 ? 'witness/picky' : 'witness/module')),
  );
  const since = performance.now();
  const known = new Set(['202', '429', '503']);
  expect([...outcomes.keys()].filter((outcome) => !known.has(outcome.split(' ')[0] ?? ''))).toEqual([]);
  expect([...outcomes.keys()].some((outcome) => outcome.startsWith('429'))).toBe(true);
  const sorted = took.sort((a, b) => a - b);
  const recoverySeconds = await bed.untilServing(since);
  await bed.conclude({
    row: 'F25',
    recoverySeconds,
    outcomes: Object.fromEntries(outcomes),
    acceptMsP50: percentile(sorted, 0.5),
    acceptMsP99: percentile(sorted, 0.99),
  });
  const { http, pid } = bed.platform;
  expect((await http.get('/health')).status).toBe(200);
  expect(pid('gateway')).toBeGreaterThan(0);
});
