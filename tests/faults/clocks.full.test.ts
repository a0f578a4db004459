/**
 * F18, F19: the wall clocks of the services disagree, and are set while runs go through. Each Node service in turn, not nats-server, whose
 * clock Go reads without asking anybody; Postgres gives no time that anything depends on.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeTempFolder } from '@millrace/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { hashesAroundRebuild } from './bed/read-model.ts';

const LIMIT = 8;
const HOUR_MS = 3_600_000;
const PRELOAD = pathToFileURL(join(import.meta.dirname, 'bed/shifted-clock.mjs')).href;
const SERVICES = ['gateway', 'scheduler', 'executor', 'projector'] as const;
type Service = (typeof SERVICES)[number];

let folder: string;
let bed: FaultBed;

const setClock = (service: Service, ms: number): void => writeFileSync(join(folder, service), String(ms));

beforeEach(async () => {
  folder = makeTempFolder('clocks');
  bed = await startFaultBed({
    experiment: { limit: LIMIT },
    env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) },
    adaptEnvironment: (name, env) => ({
      ...env,
      NODE_OPTIONS: `--import=${PRELOAD}`,
      MILLRACE_CLOCK_FILE: join(folder, name),
    }),
  });
});
afterEach(() => bed.stop());

const conclude = async (row: string, name: string): Promise<void> => {
  await bed.conclude({ row, test: name });
  const [folded, rebuilt] = await hashesAroundRebuild(bed.platform);
  expect(rebuilt).toEqual(folded);
};

/** Milliseconds that the interface says a run took; negative ones are what must not be. */
const durations = async (runIds: readonly string[]): Promise<readonly number[]> => {
  const found: number[] = [];
  for (const id of runIds) {
    const { status, json } = await bed.platform.http.get(`/api/w/default/jobs_u/completed/get/${id}`);
    expect(status).toBe(200);
    found.push((json as { readonly duration_ms: number }).duration_ms);
  }
  return found;
};

describe.each(SERVICES)('F18: the clock of the %s', (service) => {
  test.each([
    ['an hour ahead', HOUR_MS],
    ['an hour behind', -HOUR_MS],
    ['400 ms ahead', 400],
  ])('is %s, and changes nothing', async (name, ms) => {
    setClock(service, ms);
    await bed.send({ runs: 100 });
    await conclude('F18', `${service} ${name}`);
  });
});

test('F19: clocks that jump back and forth: runs end, no duration is negative, ids of a gateway only grow', async () => {
  let isOver = false;
  const jump = async (): Promise<void> => {
    while (!isOver) {
      for (const service of SERVICES) setClock(service, Math.round((bed.random() - 0.5) * 2 * HOUR_MS));
      await new Promise((resolve) => setTimeout(resolve, 200)); // paces the faults
    }
  };
  const jumping = jump();
  const ids: string[] = [];
  for (let count = 0; count < 60; count += 1) ids.push(await bed.client.start('witness/script'));
  const others = await bed.send({ runs: 200, clients: 8 });
  isOver = true;
  await jumping;
  expect(ids.toSorted()).toEqual(ids);
  await conclude('F19', 'all services');
  expect((await durations([...ids, ...others])).filter((ms) => ms < 0)).toEqual([]);
});
