/**
 * `npm run bench -- --gate`: what we accept and complete, as a share of what this machine can do in the same run, against the shares
 * that are recorded in gate.json. Ceilings and we take turns, so that a busy machine slows both. More than 15 % below a recorded share is a
 * regression. `--record` writes the shares of this run instead.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadavg } from 'node:os';
import { measurePackedCeiling, measureSpawns } from './ceilings.ts';
import { type Load, loadPlatform, measureCompleted } from './measures.ts';
import { median } from './median.ts';
import { type Platform } from './platform.ts';
import { print } from './print.ts';

const RECORD = join(import.meta.dirname, 'gate.json');
const REGRESSION_MAX = 0.15;
const ROUNDS = 5;
const CONNECTIONS = 50;
/** Starts of a process are slow: fewer do. */
const SCRIPT_SHARE = 0.05;

/** Shares of a ceiling: accepted and completed of packed synced commits, processes of bare process starts. */
export interface Shares {
  readonly accepts: number;
  readonly completed: number;
  readonly scripts: number;
}

const NAMES = ['accepts', 'completed', 'scripts'] as const;

export interface GateOptions {
  /** Of each load of a round. */
  readonly requests: number;
  readonly isRecording: boolean;
}

const takeRound = async (platform: Platform, requests: number): Promise<Shares> => {
  const load = (name: string, share = 1): Load => ({
    path: `/run/bench/${name}`,
    connections: CONNECTIONS,
    requests: Math.ceil(requests * share),
  });
  const ceiling = (await measurePackedCeiling(platform, load('noop'))).perSecond;
  const accepts = (await loadPlatform(platform, load('held'))).perSecond;
  const completed = (await measureCompleted(platform, load('noop'))).perSecond;
  const spawns = await measureSpawns();
  const scripts = (await measureCompleted(platform, load('true', SCRIPT_SHARE))).perSecond;
  return { accepts: accepts / ceiling, completed: completed / ceiling, scripts: scripts / spawns };
};

const mediansOf = (rounds: readonly Shares[]): Shares => {
  const of = (name: keyof Shares): number => median(rounds.map((round) => round[name]));
  return { accepts: of('accepts'), completed: of('completed'), scripts: of('scripts') };
};

/** @throws when nothing is recorded: a gate that knows nothing must not be passed. */
const readRecord = async (): Promise<Shares> => {
  try {
    return JSON.parse(await readFile(RECORD, 'utf8')) as Shares;
  } catch (cause) {
    throw new Error('no shares are recorded: run `npm run bench -- --gate --record` on a quiet machine', { cause });
  }
};

export interface Verdict {
  readonly isGood: boolean;
  readonly shares: Shares;
  readonly recorded: Shares;
  readonly rounds: readonly Shares[];
  readonly loadAverage: number | undefined;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

export const checkGate = async (platform: Platform, { requests, isRecording }: GateOptions): Promise<Verdict> => {
  await takeRound(platform, requests); // for the compiler; the first held run takes the only slot
  const rounds: Shares[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await takeRound(platform, requests));
  const shares = mediansOf(rounds);
  if (isRecording) await writeFile(RECORD, `${JSON.stringify(shares, null, 2)}\n`);
  const recorded = await readRecord();
  const isBelow = (name: keyof Shares): boolean => !(shares[name] >= recorded[name] * (1 - REGRESSION_MAX));
  print(
    NAMES.map((name) => [
      name,
      percent(shares[name]),
      `of the ceiling; recorded ${percent(recorded[name])}${isBelow(name) ? ': a regression of more than 15 %' : ''}`,
    ]),
  );
  return { isGood: !NAMES.some(isBelow), shares, recorded, rounds, loadAverage: loadavg()[0] };
};
