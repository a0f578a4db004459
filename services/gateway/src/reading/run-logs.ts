import { ORIGIN, type Position } from '@millrace/contracts';
import { listOutput, type ReadModel, type RunOutputRow } from '@millrace/read-model';
import { LOG_PAGE_CHARS_MAX } from '../limits.ts';
import { type Reveal } from './reveal.ts';

const ROWS_AT_ONCE = 1_000;

export interface LogReading {
  readonly readModel: ReadModel;
  readonly reveal: Pick<Reveal, 'rows'>;
}

export interface LogPage {
  readonly rows: readonly RunOutputRow[];
  /** Behind the last row. */
  readonly next: Position;
}

/** Output of a run up to the size of one answer, from behind a place. */
export const readLogPage = async (
  { readModel, reveal }: LogReading,
  id: string,
  from: Position = ORIGIN,
): Promise<LogPage> => {
  let after = from;
  const rows: RunOutputRow[] = [];
  let chars = 0;
  for (;;) {
    const page = await listOutput(readModel, id, { after, limit: ROWS_AT_ONCE });
    for (const row of page) {
      rows.push(row);
      chars += row.text.length;
    }
    after = page.at(-1)?.position ?? after;
    if (page.length < ROWS_AT_ONCE || chars >= LOG_PAGE_CHARS_MAX)
      return { rows: await reveal.rows(id, rows), next: after };
  }
};

/** The output of a run as one text, up to the size of one answer. */
export type ReadRunLogs = (id: string) => Promise<string>;

export const makeReadRunLogs =
  (reading: LogReading): ReadRunLogs =>
  async (id) =>
    (await readLogPage(reading, id)).rows.map(({ text }) => text).join('');
