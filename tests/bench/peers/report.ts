import { median } from '../median.ts';
import { type Contender } from './contender.ts';
import { type Discipline } from './disciplines.ts';
import { type DisciplineResult, type Standing } from './rounds.ts';

/** A contender that could not be measured at all. */
export interface Missing {
  readonly name: string;
  readonly error: string;
}

export interface Comparison {
  readonly contender: string;
  /** Median of the rounds; `undefined` without a figure. */
  readonly value: number | undefined;
  readonly note: string;
  /**
   * How much better we are: above 1 we are ahead. Median over the rounds of the ratio within a round, so that a slow minute of the machine
   * counts for nobody.
   */
  readonly lead: number | undefined;
}

const medianOf = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : median(values));

const leadOf = ({ unit }: Discipline, ours: Standing, theirs: Standing): number | undefined => {
  const ratios = (theirs.turns ?? []).flatMap(({ value }, round) => {
    const own = ours.turns?.[round]?.value;
    if (own === undefined) return [];
    return [unit === 'ms' ? value / own : own / value];
  });
  return medianOf(ratios);
};

const noteOf = ({ turns, error }: Standing): string => {
  if (error !== undefined) return `failed: ${error}`;
  return turns === undefined ? 'cannot' : (turns.at(-1)?.note ?? '');
};

/** Ours is the first standing. */
export const compare = ({ discipline, standings }: DisciplineResult): readonly Comparison[] => {
  const [ours] = standings;
  if (ours === undefined) return [];
  return standings.map((standing) => ({
    contender: standing.contender,
    value: medianOf((standing.turns ?? []).map(({ value }) => value)),
    note: noteOf(standing),
    lead: leadOf(discipline, ours, standing),
  }));
};

const figure = (value: number | undefined, unit: Discipline['unit']): string => {
  if (value === undefined) return '–';
  return unit === 'ms' ? `${value.toFixed(2)} ms` : `${Math.round(value).toLocaleString('en')}/s`;
};

const cell = (comparison: Comparison, unit: Discipline['unit']): string => {
  const { value, lead, note } = comparison;
  if (value === undefined) return note.startsWith('failed') ? 'failed' : '–';
  return lead === undefined ? figure(value, unit) : `${figure(value, unit)} (${lead.toFixed(2)})`;
};

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;

/** Two tables of Markdown: who takes part, and the figures with our lead in brackets. */
export const printTables = (
  contenders: readonly Contender[],
  results: readonly DisciplineResult[],
  missing: readonly Missing[],
): string => {
  const comparisons = results.map(compare);
  const parts = contenders.map(({ name, version, durability, front }) => line([name, version, durability, front]));
  const absent = missing.map(({ name, error }) =>
    line([name, '–', `not measured: ${error.split('\n')[0] ?? ''}`, '–']),
  );
  const rows = contenders.map(({ name }, index) => {
    const cells = comparisons.map((row, column) => {
      const comparison = row[index];
      const unit = results[column]?.discipline.unit ?? '/s';
      return comparison === undefined ? '–' : cell(comparison, unit);
    });
    return line([name, ...cells]);
  });
  const notes = comparisons.flatMap((row, column) =>
    row.map(({ contender, note }) => `${results[column]?.discipline.name ?? ''}, ${contender}: ${note}\n`),
  );
  return [
    line(['system', 'version', 'kept when', 'HTTP front']),
    line(['---', '---', '---', '---']),
    ...parts,
    ...absent,
    '\n',
    line(['system', ...results.map(({ discipline }) => discipline.name)]),
    line(['---', ...results.map(() => '---')]),
    ...rows,
    line(['load average', ...results.map(({ loadAverage }) => loadAverage.toFixed(1))]),
    '\n',
    ...notes.filter((note) => !note.endsWith(': \n') && !note.endsWith(': cannot\n')),
  ].join('');
};

/** Every discipline of issue 4 in which a peer is ahead of us, or in which we have no figure; one line each. */
export const lostTo = (contenders: readonly Contender[], results: readonly DisciplineResult[]): readonly string[] =>
  results.flatMap((result) => {
    const { name, unit, judged } = result.discipline;
    if (judged === 'nobody') return [];
    const [ours, ...others] = compare(result);
    if (ours?.value === undefined) return [`${name}: we have no figure (${ours?.note ?? 'not measured'})`];
    return others.flatMap(({ contender, value, lead }) => {
      const isJudged = judged === 'every peer' || contenders.some((peer) => peer.name === contender && peer.isDurable);
      if (!isJudged || value === undefined || lead === undefined || lead > 1) return [];
      return [
        `${name}: ${contender} has ${figure(value, unit)}, we have ${figure(ours.value, unit)} (${lead.toFixed(2)})`,
      ];
    });
  });
