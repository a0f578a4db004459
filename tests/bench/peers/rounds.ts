/**
 * Contenders take turns: in each round of a discipline everyone goes once, every round begins with another, so that whatever else the
 * machine does meets all alike. The first round is for compilers and caches and does not count.
 */
import { loadavg } from 'node:os';
import { type Contender } from './contender.ts';
import { type Discipline, type Scale, type Tally, type Turn } from './disciplines.ts';

/** What one contender did in one discipline. */
export interface Standing {
  readonly contender: string;
  /** One per round that counts; `undefined` where it cannot do the discipline. */
  readonly turns: readonly Turn[] | undefined;
  /** Why it has no figure though it should. */
  readonly error?: string;
}

export interface DisciplineResult {
  readonly discipline: Discipline;
  readonly standings: readonly Standing[];
  /** Of the last minute, when the rounds were over; our own load is in it. */
  readonly loadAverage: number;
}

interface Record {
  readonly contender: Contender;
  readonly turns: Turn[];
  state: 'measured' | 'cannot' | 'failed';
  error?: string;
}

const takeTurn = async (record: Record, take: () => Promise<Turn | undefined>, counts: boolean): Promise<void> => {
  if (record.state !== 'measured') return;
  try {
    const turn = await take();
    if (turn === undefined) record.state = 'cannot';
    else if (counts) record.turns.push(turn);
  } catch (error) {
    record.state = 'failed';
    record.error = error instanceof Error ? error.message : String(error);
  }
};

const standingOf = ({ contender: { name }, turns, state, error }: Record): Standing => {
  if (state === 'cannot') return { contender: name, turns: undefined };
  return { contender: name, turns, ...(error === undefined ? {} : { error }) };
};

export interface RoundsOptions {
  readonly contenders: readonly Contender[];
  readonly tallies: ReadonlyMap<Contender, Tally>;
  readonly rounds: number;
  readonly scale: Scale;
  readonly onTurn: (line: string) => void;
}

export const takeRounds = async (discipline: Discipline, options: RoundsOptions): Promise<DisciplineResult> => {
  const { contenders, tallies, rounds, scale, onTurn } = options;
  const records = contenders.map((contender): Record => ({ contender, turns: [], state: 'measured' }));
  for (let round = 0; round <= rounds; round += 1) {
    for (let offset = 0; offset < records.length; offset += 1) {
      const record = records[(round + offset) % records.length];
      if (record === undefined) continue;
      const tally = tallies.get(record.contender) ?? {};
      await takeTurn(record, () => discipline.take(record.contender, scale, tally), round > 0);
    }
    onTurn(`${discipline.name}: ${round === 0 ? 'warm' : `round ${round} of ${rounds}`}`);
  }
  return { discipline, standings: records.map(standingOf), loadAverage: loadavg()[0] ?? Number.NaN };
};
