/**
 * What is measured of each contender, one turn at a time. Every turn is bounded in count and in time, whatever the contender does:
 * a load ends after {@link Scale.loadMs}, jobs have {@link END_TIMEOUT_MS} to end.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { resultOf } from '../child.ts';
import type { LoadResult } from '../load.ts';
import { type Contender, jobBody, type Kind, type Target } from './contender.ts';

/** How much one turn does. */
export interface Scale {
  readonly loadMs: number;
  readonly samples: number;
}

export interface Turn {
  /** The figure that is compared. */
  readonly value: number;
  /** For the table, such as a p99. */
  readonly note?: string;
}

export interface Discipline {
  readonly name: string;
  readonly unit: '/s' | 'ms';
  /** Issue 4 wants us ahead of these. */
  readonly judged: 'every peer' | 'durable peers' | 'nobody';
  /** `undefined` where the contender cannot do it. */
  readonly take: (contender: Contender, scale: Scale, tally: Tally) => Promise<Turn | undefined>;
}

/** Jobs of each kind that a contender has accepted so far. */
export type Tally = Partial<Record<Kind, number>>;

const REQUESTS_MAX = 200_000;
const END_TIMEOUT_MS = 60_000;
const POLL_MS = 25;
const SAMPLE_PAUSE_MS = 5;

const percentile = (samples: readonly number[], share: number): number => {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};

const send = async (target: Target, connections: number, { loadMs }: Scale): Promise<LoadResult> => {
  const order = { ...target, body: target.body ?? jobBody(), connections, requests: REQUESTS_MAX, timeLimitMs: loadMs };
  const result = await resultOf<LoadResult>('tests/bench/load.ts', [JSON.stringify(order)]);
  const refused = Object.keys(result.statuses).filter((status) => !status.startsWith('2'));
  if (refused.length > 0) throw new Error(`${target.path} answered ${JSON.stringify(result.statuses)}`);
  if (result.requests === 0) throw new Error('no request was answered in time');
  return result;
};

const p99 = ({ p99Ms }: LoadResult): string => `p99 ${p99Ms.toFixed(0)} ms`;

const countAccepted = (tally: Tally, kind: Kind, accepted: number): number => {
  const inAll = (tally[kind] ?? 0) + accepted;
  tally[kind] = inAll;
  return inAll;
};

const accepts =
  (connections: number): Discipline['take'] =>
  async (contender, scale) => {
    const target = contender.accept('held');
    if (target === undefined) return undefined;
    const load = await send(target, connections, scale);
    await contender.dropHeld();
    return { value: load.perSecond, note: p99(load) };
  };

/** From the first request until the store shows the last job as ended. */
const completed =
  (kind: Kind): Discipline['take'] =>
  async (contender, scale, tally) => {
    const target = contender.accept(kind);
    if (target === undefined) return completedByWait(kind, contender, scale);
    const begin = performance.now();
    const load = await send(target, 50, scale);
    const inAll = countAccepted(tally, kind, load.requests);
    while (!(await contender.haveEnded(kind, inAll))) {
      if (performance.now() - begin > END_TIMEOUT_MS) throw new Error(`not all ended within ${END_TIMEOUT_MS} ms`);
      await delay(POLL_MS);
    }
    const value = load.requests / ((performance.now() - begin) / 1_000);
    return { value, note: `accepted ${Math.round(load.perSecond)}/s meanwhile` };
  };

/** Who keeps nothing can be counted only by answers that came after the job. */
const completedByWait = async (kind: Kind, contender: Contender, scale: Scale): Promise<Turn | undefined> => {
  const target = contender.wait(kind);
  if (target === undefined) return undefined;
  return { value: (await send(target, 50, scale)).perSecond, note: 'counted by synchronous answers' };
};

const waits =
  (connections: number, figure: (load: LoadResult) => Turn): Discipline['take'] =>
  async (contender, scale, tally) => {
    const target = contender.wait('noop');
    if (target === undefined) return undefined;
    const load = await send(target, connections, scale);
    countAccepted(tally, 'noop', load.requests);
    return figure(load);
  };

const starts: Discipline['take'] = async (contender, { samples }) => {
  const times: number[] = [];
  for (let index = 0; index < samples; index += 1) {
    times.push(await contender.triggerToStart());
    await delay(SAMPLE_PAUSE_MS);
  }
  return { value: percentile(times, 0.5), note: `p99 ${percentile(times, 0.99).toFixed(1)} ms` };
};

/** In this order; what leaves a backlog behind comes last. */
export const DISCIPLINES: readonly Discipline[] = [
  { name: 'trigger to start at idle, p50', unit: 'ms', judged: 'durable peers', take: starts },
  {
    name: 'sync wait, 1 connection, p50',
    unit: 'ms',
    judged: 'nobody',
    take: waits(1, (load) => ({ value: load.p50Ms, note: p99(load) })),
  },
  {
    name: 'sync wait, 50 connections',
    unit: '/s',
    judged: 'every peer',
    take: waits(50, (load) => ({ value: load.perSecond, note: p99(load) })),
  },
  { name: 'completed, trivial job', unit: '/s', judged: 'every peer', take: completed('noop') },
  { name: 'completed, `/bin/true`', unit: '/s', judged: 'every peer', take: completed('true') },
  { name: 'accepts, 50 connections', unit: '/s', judged: 'every peer', take: accepts(50) },
  { name: 'accepts, 200 connections', unit: '/s', judged: 'every peer', take: accepts(200) },
];
