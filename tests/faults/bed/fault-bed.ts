import { deepStrictEqual, ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Failpoint } from '@millrace/kernel';
import {
  eventually,
  makeTempFolder,
  startTestPlatform,
  type TestPlatform,
  type TestPlatformOptions,
} from '@millrace/testkit';
import { type Verdict } from '../checker/check.ts';
import { type Experiment, fileOf, readObservations } from '../checker/observations.ts';
import { chooseSeed, makeRandom } from '../random.ts';
import { type Client, makeClient } from './client.ts';
import { type Load, sendMix } from './mix.ts';
import { makeRecorder, type Recorder } from './recorder.ts';
import { recordRow, type RowRecord } from './record.ts';
import { readPublicEvents } from './subscriber.ts';
import { witnessWorkflows } from './workflows.ts';

export interface FaultBedOptions extends TestPlatformOptions {
  readonly experiment?: Experiment;
  /** Milliseconds that each run takes; 20 by default. */
  readonly runMs?: number;
}

/** A platform under observation. */
export interface FaultBed {
  readonly platform: TestPlatform;
  readonly recorder: Recorder;
  readonly client: Client;
  readonly seed: number;
  readonly random: () => number;
  /** What the process of a service does once at a failpoint: `kill`, `stop`, `block <ms>`, `exhaust`. */
  readonly arm: (name: Failpoint, deed: string) => void;
  readonly hasFired: (name: Failpoint) => boolean;
  readonly send: (load: Omit<Load, 'client' | 'recorder'>) => Promise<readonly string[]>;
  /** Seconds since `since` (of `performance.now()`) once a new run was accepted, executed and answered. */
  readonly untilServing: (since: number) => Promise<number>;
  /** Asks for each of these runs until it is over. */
  readonly untilOver: (runIds: readonly string[], timeoutMs?: number) => Promise<void>;
  /** Runs that subscribers know of, acknowledged or not. */
  readonly runsHeardOf: () => Promise<readonly string[]>;
  /** Has the checker judge everything that was seen, records it, and fails when anything contradicts a promise. */
  readonly conclude: (row: RowRecord) => Promise<Verdict>;
  /** Goes on with another platform, on the same data; clients of the one before give up. */
  readonly restart: (again: () => Promise<TestPlatform>) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const TERMINAL = new Set(['completed', 'failed', 'cancelled', 'timed_out', 'rejected']);
const ASK_AT_ONCE = 8;
const OVER_TIMEOUT_MS = 120_000;
/** Findings that a failed test shows. */
const SHOWN_MAX = 20;
const TOLD_TIMEOUT_MS = 60_000;
const SERVING_TIMEOUT_MS = 180_000;
const OK = 200;
const CHECKER = join(import.meta.dirname, '../checker/main.ts');

const acknowledgedIn = (folder: string): readonly string[] =>
  readObservations(folder).clients.flatMap(({ outcome, runId }) =>
    outcome === 'acknowledged' && runId !== undefined ? [runId] : [],
  );

const runChecker = (folder: string): Promise<Verdict> =>
  new Promise((resolve, reject) => {
    // The verdict is on stdout whatever the exit code: the code is for people and scripts.
    execFile(process.execPath, [CHECKER, folder], { maxBuffer: 64 * 1_048_576 }, (_error, stdout, stderr) => {
      if (stdout === '') reject(new Error(`the checker gave no verdict: ${stderr}`));
      else resolve(JSON.parse(stdout) as Verdict);
    });
  });

export const startFaultBed = async (options: FaultBedOptions = {}): Promise<FaultBed> => {
  const seed = chooseSeed();
  const home = options.home ?? makeTempFolder('faults');
  const folder = join(makeTempFolder('seen'), 'seen');
  const failpoints = join(folder, 'failpoints');
  const recorder = makeRecorder(folder, options.experiment ?? {});
  mkdirSync(failpoints);
  const platformOptions: TestPlatformOptions = {
    ...options,
    home,
    workflows: { ...witnessWorkflows(folder, options.runMs), ...options.workflows },
    adaptEnvironment: (name, env) => {
      const armed = { ...env, MILLRACE_FAILPOINTS: failpoints };
      return options.adaptEnvironment === undefined ? armed : options.adaptEnvironment(name, armed);
    },
  };
  let platform = await startTestPlatform(platformOptions);
  let closing = new AbortController();
  let client = makeClient(platform, recorder, closing.signal);

  const stateOf = async (runId: string): Promise<{ state: string; attempt: number } | undefined> => {
    try {
      const { status, json } = await platform.http.get(`/status/${runId}`);
      return status === 200 ? (json as { state: string; attempt: number }) : undefined;
    } catch {
      return undefined;
    }
  };
  const untilOver: FaultBed['untilOver'] = async (runIds, timeoutMs = OVER_TIMEOUT_MS) => {
    const open = [...new Set(runIds)];
    const ask = async (): Promise<void> => {
      for (let runId = open.pop(); runId !== undefined; runId = open.pop()) {
        const asked = runId;
        await eventually(
          async () => {
            const { state = 'unknown', attempt = 0 } = (await stateOf(asked)) ?? {};
            if (!TERMINAL.has(state)) throw new Error(`${asked} is ${state}`);
            recorder.saw('statuses', { runId: asked, state, attempt });
          },
          { timeoutMs, intervalMs: 100 },
        );
      }
    };
    await Promise.all(Array.from({ length: ASK_AT_ONCE }, ask));
  };
  const runsHeardOf: FaultBed['runsHeardOf'] = async () => [
    ...new Set((await readPublicEvents(platform.natsUrl)).map(({ runId }) => runId)),
  ];

  /** Every run that anybody knows of has ended, for subscribers and for readers of the status. */
  const settle = async (): Promise<void> => {
    const known = new Set([...acknowledgedIn(folder), ...(await runsHeardOf())]);
    await untilOver([...known]);
    await eventually(
      async () => {
        const events = await readPublicEvents(platform.natsUrl);
        const over = new Set(events.flatMap(({ name, runId }) => (TERMINAL.has(name) ? [runId] : [])));
        for (const { runId } of events) known.add(runId);
        const open = [...known].filter((runId) => !over.has(runId));
        if (open.length > 0) throw new Error(`subscribers have not heard of the end of ${open[0]}`);
        writeFileSync(fileOf(folder, 'events'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      },
      { timeoutMs: 60_000, intervalMs: 300 },
    );
  };

  const untilAnswered = async (): Promise<void> => {
    const [key, deadline] = [randomUUID(), performance.now() + SERVING_TIMEOUT_MS];
    for (;;) {
      const { status } = await client.ask('witness/module', { key, wait: 20 });
      if (status === OK) return;
      ok(performance.now() < deadline, `no run was answered within ${SERVING_TIMEOUT_MS} ms`);
      await delay(50);
    }
  };
  /** Messages to receivers may come after the end of everything else. */
  const judge = async (): Promise<Verdict> => {
    const deadline = performance.now() + TOLD_TIMEOUT_MS;
    for (;;) {
      const verdict = await runChecker(folder);
      const isLate = verdict.findings.some(({ rule }) => rule === 'webhook');
      if (!isLate || performance.now() > deadline) return verdict;
      await delay(500);
    }
  };

  return {
    get platform() {
      return platform;
    },
    recorder,
    get client() {
      return client;
    },
    seed,
    random: makeRandom(seed),
    arm: (name, deed) => writeFileSync(join(failpoints, name), deed),
    hasFired: (name) => existsSync(join(failpoints, `${name}.fired`)),
    send: (load) => {
      const sending = sendMix({ ...load, client, recorder });
      sending.catch(() => undefined); // a test that failed before it waits for them closes the clients
      return sending;
    },
    untilServing: async (since) => {
      await untilAnswered();
      return (performance.now() - since) / 1_000;
    },
    untilOver,
    runsHeardOf,
    conclude: async (row) => {
      await settle();
      const verdict = await judge();
      const { findings, ...figures } = verdict;
      recordRow(platform, { seed, ...figures, findings: findings.length, ...row });
      deepStrictEqual(
        findings.slice(0, SHOWN_MAX),
        [],
        `seed=${seed}: ${JSON.stringify(findings.slice(0, SHOWN_MAX))}`,
      );
      ok(verdict.acknowledged > 0, 'nothing was acknowledged');
      return verdict;
    },
    restart: async (again) => {
      closing.abort();
      closing = new AbortController();
      platform = await again();
      client = makeClient(platform, recorder, closing.signal);
    },
    stop: async () => {
      closing.abort();
      await platform.stop();
    },
  };
};
