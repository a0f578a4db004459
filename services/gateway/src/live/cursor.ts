import { formatPosition, ORIGIN, parsePosition, type Position } from '@millrace/contracts';

/** How far a reader of a run has come: in the log, and in the stream of output. */
export interface FeedCursor {
  readonly event: Position;
  /** Sequence of the pack, and index in it. */
  readonly output: Position;
}

export const START: FeedCursor = { event: ORIGIN, output: ORIGIN };

/** `<event position>-<output sequence>-<index in pack>`: the id of a server-sent event. */
export const formatCursor = ({ event, output }: FeedCursor): string =>
  `${formatPosition(event)}-${output.sequence}-${output.index}`;

/** Reads what {@link formatCursor} writes; anything else is the start: a repeat does less harm than a gap. */
export const parseCursor = (text: string | null | undefined): FeedCursor => {
  const match = /^(\d{1,15}\.\d{1,6})-(\d{1,15})-(\d{1,6})$/.exec(text ?? '');
  const event = parsePosition(match?.[1] ?? '');
  return match === null || event === undefined
    ? START
    : { event, output: { sequence: Number(match[2]), index: Number(match[3]) } };
};
