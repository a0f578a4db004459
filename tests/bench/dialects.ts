/**
 * `npm run bench -- --dialects`: what each dialect costs where a request is only recorded, beside the native `/run` in the same run.
 * All of them start one workflow whose only slot is taken, with the same body; they take many short turns, so that whatever else the
 * machine does meets all alike. Exit code 1 when a dialect accepts less than 85 % of what the native route does.
 */
import { createHmac } from 'node:crypto';
import { cpuPerUnit, readCpuTimes } from './cpu.ts';
import { load } from './load.ts';
import { median } from './median.ts';
import type { Platform } from './platform.ts';
import { print } from './print.ts';

/** Least share of the native route's throughput. */
const SHARE_MIN = 0.85;
const WARM_UP_ROUNDS = 5;
const CONNECTIONS = 50;
const BODY = '{"input":{"n":1}}';
const SECRET = 'a-secret-of-the-bench';
const KEY = 'a-key-of-the-bench';
const WORKFLOW = 'bench/held';

interface Target {
  readonly name: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

const targetsOf = ({ token }: Platform): readonly [Target, ...Target[]] => {
  const json = { 'content-type': 'application/json' };
  const bearer = { ...json, authorization: `Bearer ${token}` };
  const signature = `sha256=${createHmac('sha256', SECRET).update(BODY).digest('hex')}`;
  return [
    { name: 'native /run', path: `/run/${WORKFLOW}`, headers: { ...bearer, 'x-workflow-client': 'bench' } },
    { name: 'windmill run/p', path: `/api/w/bench/jobs/run/p/${WORKFLOW}`, headers: bearer },
    { name: 'hooks, token', path: '/hooks/bench/token', headers: bearer },
    {
      name: 'hooks, signature of GitHub',
      path: '/hooks/bench/signed',
      headers: { ...json, 'x-hub-signature-256': signature, 'x-github-event': 'push', 'x-github-delivery': 'bench' },
    },
    { name: 'kestra, key', path: `/api/v1/executions/webhook/bench/held/${KEY}`, headers: json },
    { name: 'endpoints, async', path: '/api/endpoints/held', headers: bearer },
    { name: 'sink, async', path: '/sink/trigger/http/bench/held', headers: { ...bearer, accept: 'application/json' } },
  ];
};

interface Turn {
  readonly perSecond: number;
  /** Microseconds of processor time in the gateway, for each request. */
  readonly gatewayCpu: number;
}

const takeTurn = async (platform: Platform, { name, path, headers }: Target, requests: number): Promise<Turn> => {
  const before = await readCpuTimes(platform);
  const order = { url: platform.url, path, headers, body: BODY, connections: CONNECTIONS, requests };
  const { perSecond, statuses } = await load({ ...order, timeLimitMs: 60_000 });
  const refused = Object.keys(statuses).filter((status) => !status.startsWith('2'));
  if (refused.length > 0) throw new Error(`${name} answered ${JSON.stringify(statuses)}`);
  return { perSecond, gatewayCpu: cpuPerUnit(before, await readCpuTimes(platform), requests)['gateway'] ?? Number.NaN };
};

export interface DialectCost {
  readonly name: string;
  readonly perSecond: number;
  /** Throughput as a share of the native route's in the same round; median of all rounds. */
  readonly share: number;
  readonly gatewayCpu: number;
}

export interface Rounds {
  readonly rounds: number;
  /** Of each target in each round. */
  readonly requests: number;
}

const costsOf = (targets: readonly Target[], rounds: readonly (readonly Turn[])[]): readonly DialectCost[] =>
  targets.map(({ name }, index) => {
    const turns = rounds.map((round) => round[index]).filter((turn) => turn !== undefined);
    const shares = rounds.map((round) => (round[index]?.perSecond ?? Number.NaN) / (round[0]?.perSecond ?? Number.NaN));
    return {
      name,
      perSecond: median(turns.map(({ perSecond }) => perSecond)),
      share: median(shares),
      // The clock of processes ticks every 10 ms: only the mean of many turns says something.
      gatewayCpu: turns.reduce((sum, { gatewayCpu }) => sum + gatewayCpu, 0) / turns.length,
    };
  });

/** Every round begins with another target: none is always the one after a pause, or the last. */
const takeRound = async (platform: Platform, targets: readonly Target[], requests: number, first: number) => {
  const turns: Turn[] = [];
  for (let offset = 0; offset < targets.length; offset += 1) {
    const index = (first + offset) % targets.length;
    const target = targets[index];
    if (target !== undefined) turns[index] = await takeTurn(platform, target, requests);
  }
  return turns;
};

export const measureDialects = async (
  platform: Platform,
  { rounds, requests }: Rounds,
): Promise<readonly DialectCost[]> => {
  const headers = { authorization: `Bearer ${platform.token}`, 'content-type': 'application/json' };
  const answer = await fetch(`${platform.url}/secrets/BENCH_SECRET`, {
    method: 'PUT',
    headers: { ...headers, 'x-workflow-client': 'bench' },
    body: JSON.stringify({ value: SECRET }),
  });
  if (!answer.ok) throw new Error(`PUT /secrets/BENCH_SECRET answered ${answer.status}`);
  const targets = targetsOf(platform);
  // The first run takes the only slot; the rounds before the first that counts are for the compiler.
  await takeTurn(platform, targets[0], 1);
  for (let warmUp = 0; warmUp < WARM_UP_ROUNDS; warmUp += 1) await takeRound(platform, targets, requests, warmUp);
  const taken: Turn[][] = [];
  for (let round = 0; round < rounds; round += 1) taken.push(await takeRound(platform, targets, requests, round));
  return costsOf(targets, taken);
};

/** Prints what was measured. @returns whether no dialect costs too much. */
export const judgeDialects = (costs: readonly DialectCost[]): boolean => {
  print(
    costs.map(({ name, perSecond, share, gatewayCpu }) => [
      name,
      `${Math.round(perSecond).toLocaleString('en')}/s`,
      `${(share * 100).toFixed(1)} % of native, gateway ${Math.round(gatewayCpu)} µs each`,
    ]),
  );
  const slow = costs.filter(({ share }) => !(share >= SHARE_MIN));
  for (const { name } of slow) process.stdout.write(`${name} costs more than ${100 - SHARE_MIN * 100} %\n`);
  return slow.length === 0;
};
