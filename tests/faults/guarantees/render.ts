import { PROMISES, type Promised, SHOWN_ELSEWHERE } from '../promises.ts';
import { type FaultRow, ROWS } from '../rows.ts';

/** The last that a row came to: what its JSON line says. */
export interface Figures {
  readonly row: string;
  readonly at: string;
  readonly test?: string;
  readonly selection?: string;
  readonly seed?: number;
  readonly versions?: Readonly<Record<string, string>>;
  readonly acknowledged?: number;
  readonly lost?: number;
  /** Requests that were in the log before it was damaged, and are not now. */
  readonly missing?: number;
  readonly doubled?: number;
  readonly recoverySeconds?: number;
  /** Load average of the machine when it ended. */
  readonly load?: number;
  readonly [more: string]: unknown;
}

const HEAD = `# Guarantees

What the server promises, the faults that each promise is tested under, and what the last run of each test came to. This page is made by
\`npm run guarantees\` from [\`tests/faults/rows.ts\`](../tests/faults/rows.ts) and the lines that \`npm run test:faults\` left in
[\`tests/faults/figures.jsonl\`](../tests/faults/figures.jsonl); a part of the tests runs in \`npm test\`. A [checker](../tests/faults/checker/check.ts) that
knows nothing of the product judges each of them by what clients, scripts, subscribers and receivers wrote down.
`;

const link = (path: string): string => `[\`${path.split('/').at(-1) ?? path}\`](../${path})`;

const round = (value: number): string => (value >= 10 ? value.toFixed(0) : value.toFixed(1));

/** One line of figures, short enough for a table. */
const figureOf = (figures: Figures): string => {
  const { test, acknowledged, lost, missing, doubled, recoverySeconds } = figures;
  const parts = [
    acknowledged === undefined ? undefined : `${acknowledged} acknowledged`,
    lost === undefined ? undefined : `${lost} lost`,
    missing === undefined ? undefined : `${missing} gone from the log`,
    doubled === undefined ? undefined : `${doubled} doubled`,
    recoverySeconds === undefined ? undefined : `serves again after ${round(recoverySeconds)} s`,
  ].filter((part) => part !== undefined);
  return `${test === undefined ? '' : `${test}: `}${parts.join(', ')}`;
};

const figuresOf = ({ id }: FaultRow, figures: readonly Figures[]): string => {
  const own = figures.filter(({ row }) => row === id);
  return own.length === 0 ? 'no figure yet' : own.map(figureOf).join('<br>');
};

const promiseSection = (promise: Promised): string => {
  const rows = ROWS.filter(({ promises }) => promises.includes(promise)).map(
    ({ id }) => `[${id}](#${id.toLowerCase()})`,
  );
  const elsewhere = (SHOWN_ELSEWHERE[promise] ?? []).map(link);
  return `| ${promise} | ${PROMISES[promise]} | ${[...rows, ...elsewhere].join(' ')} |`;
};

const rowSection = (row: FaultRow, figures: readonly Figures[]): string => {
  const { id, fault, criterion, tests, gap } = row;
  return `### ${id}

${fault}. Passed when: ${criterion}.${gap === undefined ? '' : ` *${gap}*`}

${tests.map(link).join(', ')}: ${figuresOf(row, figures)}.
`;
};

const machineOf = (figures: readonly Figures[]): string => {
  const newest = figures.toSorted((a, b) => b.at.localeCompare(a.at))[0];
  if (newest === undefined) return '';
  const { versions = {}, at } = newest;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const load = Math.max(...figures.map((one) => one.load ?? 0));
  const busy = load > 1 ? ` Times were taken beside other work, at a load average of up to ${load}.` : '';
  return `Last figures: ${at.slice(0, 10)}, ${names.join(', ')}, durability \`strict\` unless said otherwise.${busy}\n`;
};

/** The page `docs/guarantees.md`. */
export const renderGuarantees = (figures: readonly Figures[]): string =>
  [
    HEAD,
    '## Promises\n',
    '| | promise | shown under |',
    '| --- | --- | --- |',
    ...(Object.keys(PROMISES) as Promised[]).map(promiseSection),
    '',
    '## Faults\n',
    machineOf(figures),
    ...ROWS.map((row) => rowSection(row, figures)),
  ].join('\n');
