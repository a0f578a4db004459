/**
 * `npm run bench -- --peers`: us and the peers on one machine in one run, all up at the same time, one at work. Prints tables of Markdown
 * with our lead in brackets (above 1: we are ahead). Exit code 1 when a peer is ahead in a discipline that issue 4 names, or when no peer
 * could be measured. `--only bullmq-always,restate` picks peers, `--quick` takes shorter turns.
 */
import { loadavg } from 'node:os';
import { type Platform } from '../platform.ts';
import { type Contender } from './contender.ts';
import { DISCIPLINES, type Scale, type Tally } from './disciplines.ts';
import { residentMiB } from './memory.ts';
import { makeMillrace } from './millrace.ts';
import { compare, lostTo, type Missing, printTables } from './report.ts';
import { PEERS } from './roster.ts';
import { type DisciplineResult, takeRounds } from './rounds.ts';

export interface PeersOptions {
  readonly version: string;
  readonly rounds: number;
  readonly scale: Scale;
  /** Names of the roster; all by default. */
  readonly only: readonly string[] | undefined;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const startPeers = async (only: PeersOptions['only']) => {
  const contenders: Contender[] = [];
  const missing: Missing[] = [];
  for (const { name, start } of PEERS.filter((peer) => only?.includes(peer.name) ?? true)) {
    try {
      contenders.push(await start());
      say(`${name} is up`);
    } catch (error) {
      missing.push({ name, error: messageOf(error) });
      say(`${name} cannot be measured: ${messageOf(error)}`);
    }
  }
  return { contenders, missing };
};

const takeAll = async (contenders: readonly Contender[], { rounds, scale }: PeersOptions) => {
  const tallies = new Map(contenders.map((contender): [Contender, Tally] => [contender, {}]));
  const results: DisciplineResult[] = [];
  for (const discipline of DISCIPLINES) {
    results.push(await takeRounds(discipline, { contenders, tallies, rounds, scale, onTurn: say }));
  }
  return results;
};

/** @returns the figures, and whether no peer is ahead. */
export const benchPeers = async (platform: Platform, options: PeersOptions) => {
  const loadAverageBefore = loadavg()[0];
  const ours = await makeMillrace(platform, options.version);
  const { contenders: peers, missing } = await startPeers(options.only);
  const contenders = [ours, ...peers];
  try {
    const results = await takeAll(contenders, options);
    const memory = Object.fromEntries(
      await Promise.all(contenders.map(async ({ name, pids }) => [name, await residentMiB(pids())] as const)),
    );
    const lost = [...lostTo(contenders, results), ...(peers.length === 0 ? ['no peer was measured'] : [])];
    process.stdout.write(`${printTables(contenders, results, missing)}\n`);
    process.stdout.write(`resident MiB after the load: ${JSON.stringify(memory)}\n`);
    for (const loss of lost) process.stdout.write(`behind: ${loss}\n`);
    const disciplines = results.map((result) => ({
      discipline: result.discipline.name,
      loadAverage: result.loadAverage,
      comparisons: compare(result),
      turns: result.standings,
    }));
    return { loadAverageBefore, missing, disciplines, memory, lost };
  } finally {
    for (const contender of contenders.toReversed())
      await contender.stop().catch((error: unknown) => say(messageOf(error)));
  }
};
