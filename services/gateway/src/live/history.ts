import { type Position } from '@millrace/contracts';
import { listOutput, listRunEvents, type ReadModel } from '@millrace/read-model';
import { type FeedCursor } from './cursor.ts';
import { endsRun } from './messages.ts';
import { type LiveItem } from './tap.ts';

/** Rows read at once. */
const PAGE_ROWS = 500;

type Page<Row> = (after: Position) => Promise<readonly Row[]>;

async function* pages<Row extends { readonly position: Position }>(
  readPage: Page<Row>,
  from: Position,
): AsyncGenerator<Row, undefined, undefined> {
  let after = from;
  for (;;) {
    const rows = await readPage(after);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return undefined;
    after = last.position;
  }
}

/**
 * What the read model knows of a run behind a cursor: events in the order of the log, output in its own, both woven together by time,
 * the terminal event last.
 */
export async function* readHistory(
  readModel: ReadModel,
  runId: string,
  cursor: FeedCursor,
): AsyncGenerator<LiveItem, undefined, undefined> {
  const limit = PAGE_ROWS;
  const events = pages((after) => listRunEvents(readModel, runId, { after, limit }), cursor.event);
  const chunks = pages((after) => listOutput(readModel, runId, { after, limit }), cursor.output);
  let event = (await events.next()).value;
  let chunk = (await chunks.next()).value;
  while (event !== undefined || chunk !== undefined) {
    if (chunk !== undefined && (event === undefined || endsRun(event) || chunk.time < event.time)) {
      yield { kind: 'chunk', chunk };
      chunk = (await chunks.next()).value;
    } else if (event !== undefined) {
      yield { kind: 'event', event };
      event = (await events.next()).value;
    }
  }
  return undefined;
}
