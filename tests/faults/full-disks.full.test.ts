/** F16: the disks of Postgres, of the runs, and of the services' own logs are full, each by itself. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, makeTempFolder } from '@millrace/testkit';
import { afterEach, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';

const LIMIT = 4;
const FILLER_BYTES = 1_048_576;

let bed: FaultBed | undefined;
const mounts: string[] = [];
afterEach(async () => {
  await bed?.stop();
  bed = undefined;
  for (const folder of mounts.splice(0)) execFileSync('umount', ['-l', folder]);
});

const fill = (folder: string): (() => void) => {
  const filler = join(folder, 'filler');
  const piece = Buffer.alloc(FILLER_BYTES);
  for (let size = FILLER_BYTES; size >= 1_024; size /= 2) {
    try {
      for (;;) writeFileSync(filler, piece.subarray(0, size), { flag: 'a' });
    } catch {
      // no room for a piece of this size
    }
  }
  return () => rmSync(filler);
};

/** A small disk of its own below the data folder. */
const startWithDisk = async (below: string, megabytes: number): Promise<string> => {
  const home = makeTempFolder('full-disks');
  const folder = join(home, 'data', below);
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  mounts.push(folder);
  bed = await startFaultBed({
    home,
    experiment: { limit: LIMIT },
    env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) },
    workflows: { 'tests/big.sh': '#!/bin/sh\nhead -c 200000 /dev/zero | tr "\\0" x\n' },
  });
  return folder;
};

/** Requests come before, while the disk is full, and after. */
const throughFullDisk = async (
  folder: string,
  name: string,
  whileFull: (bed: FaultBed) => Promise<void>,
): Promise<void> => {
  if (bed === undefined) throw new Error('nothing was started');
  const [before, statuses] = [await bed.send({ runs: 20, clients: 4 }), new Map<string, number>()];
  const empty = fill(folder);
  await whileFull(bed);
  const during: string[] = [];
  for (let count = 0; count < 20; count += 1) {
    const { outcome, runId } = await bed.client.ask('witness/script');
    statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1);
    if (runId !== undefined) during.push(runId);
  }
  empty();
  const since = performance.now();
  const recoverySeconds = await bed.untilServing(since);
  await bed.untilOver([...before, ...during]);
  await bed.conclude({ row: 'F16', test: name, recoverySeconds, whileFull: Object.fromEntries(statuses) });
};

test('F16: with the disk of Postgres full, requests are taken and run, and statuses follow once there is room', async () => {
  const folder = await startWithDisk('postgres', 240);
  await throughFullDisk(folder, 'Postgres', async ({ client, platform }) => {
    // Runs with much output, until Postgres has no room for the rows.
    await eventually(
      async () => {
        const { status } = await platform.http.post('/run/tests/big', { body: {} });
        expect(status).toBe(202);
        const id = await client.start('witness/module');
        expect((await platform.http.get(`/status/${id}`)).status).toBe(503);
      },
      { timeoutMs: 60_000, intervalMs: 100 },
    );
  });
});

test('F16: with the disk of the runs full, none is failed for it: they run once there is room', async () => {
  const folder = await startWithDisk('executor', 24);
  await throughFullDisk(folder, 'runs', async ({ client, platform }) => {
    const id = await client.start('witness/script');
    await eventually(async () =>
      expect(['waiting', 'dispatched', 'running']).toContain(
        ((await platform.http.get(`/status/${id}`)).json as { state: string }).state,
      ),
    );
  });
});

test('F16: with the disk of the logs full, everything goes on', async () => {
  const folder = await startWithDisk('logs', 8);
  await throughFullDisk(folder, 'logs', async () => undefined);
});
