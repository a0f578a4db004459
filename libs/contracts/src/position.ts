/** Where an event stands in the log: stream sequence of its commit, and its index inside. */
export interface Position {
  readonly sequence: number;
  readonly index: number;
}

/** Before everything. */
export const ORIGIN: Position = { sequence: 0, index: 0 };

export const comparePositions = (a: Position, b: Position): number => a.sequence - b.sequence || a.index - b.index;

/** `<sequence>.<index>` */
export const formatPosition = ({ sequence, index }: Position): string => `${sequence}.${index}`;

/** Reads `<sequence>.<index>`; anything else is `undefined`. */
export const parsePosition = (text: string): Position | undefined => {
  const match = /^(\d{1,15})\.(\d{1,6})$/.exec(text);
  return match === null ? undefined : { sequence: Number(match[1]), index: Number(match[2]) };
};
