import { AppError } from '@millrace/kernel';

const SNIPPET_LENGTH_MAX = 60;

export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export const placeOf = (source: string, offset: number): Place => {
  const before = source.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
};

/** A part of the author's own text, short enough for a message. */
export const snippetOf = (source: string, start = 0, end = source.length): string => {
  const text = source.slice(start, end).replaceAll(/\s+/g, ' ').trim();
  return text.length <= SNIPPET_LENGTH_MAX ? text : `${text.slice(0, SNIPPET_LENGTH_MAX)}…`;
};

/** The author's mistake, found at deploy. */
export const syntaxError = (message: string, place: Place = { line: 1, column: 1 }, cause?: unknown): AppError =>
  new AppError('invalid', 'condition.syntax', `line ${place.line}, column ${place.column}: ${message}`, {
    details: { ...place },
    ...(cause === undefined ? {} : { cause }),
  });

/** The expression and the request do not fit together. */
export const failedError = (message: string, cause?: unknown): AppError =>
  new AppError('invalid', 'condition.failed', message, cause === undefined ? {} : { cause });
