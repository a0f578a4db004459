import { OUTPUT_BYTES_MAX } from '../attempts/execution.ts';

/** Longest line that is looked at as a progress report, in characters. */
const PROGRESS_LINE_MAX = 4_096;
const PREFIX = '::progress ';
const RESPONSE_PREFIX = '::respond ';
const PROGRESS = /^::progress\s+(\d+(?:\.\d+)?)%?(?:\s+(.*))?$/;

export interface Progress {
  readonly percent: number;
  readonly message?: string;
}

/** Reads `::progress 40 text`; any other line is `undefined`. */
export const parseProgress = (line: string): Progress | undefined => {
  const match = PROGRESS.exec(line.trimEnd());
  if (match === null) return undefined;
  const percent = Math.min(100, Number(match[1]));
  return match[2] === undefined ? { percent } : { percent, message: match[2] };
};

/** Reads `::respond {"json":true}`; a line that is too long or no JSON is `undefined`, and so remains in the output. */
export const parseResponse = (line: string): { readonly response: unknown } | undefined => {
  if (!line.startsWith(RESPONSE_PREFIX) || Buffer.byteLength(line) > OUTPUT_BYTES_MAX) return undefined;
  try {
    return { response: JSON.parse(line.slice(RESPONSE_PREFIX.length)) as unknown };
  } catch {
    return undefined;
  }
};

export interface StdoutListener {
  readonly onText: (text: string) => void;
  readonly onProgress: (progress: Progress) => void;
  readonly onResponse: (response: unknown) => void;
}

export interface StdoutReader {
  readonly push: (text: string) => void;
  /** The stream ended: an unfinished line is a line. */
  readonly end: () => void;
  /** The last line that was neither empty nor a report, when it is not too long to be a result. */
  readonly lastLine: () => string;
}

/** What a line may begin with to be a report, and how long it may be. */
const REPORTS = [
  [PREFIX, PROGRESS_LINE_MAX],
  [RESPONSE_PREFIX, OUTPUT_BYTES_MAX],
] as const;

const mayBeReport = (start: string): boolean =>
  REPORTS.some(([prefix, max]) => start.length < max && (start.startsWith(prefix) || prefix.startsWith(start)));

/** Tells of a report; false when the line is none, and so part of the output. */
const makeReport =
  ({ onProgress, onResponse }: Omit<StdoutListener, 'onText'>) =>
  (line: string): boolean => {
    if (!line.startsWith('::')) return false;
    const progress = parseProgress(line);
    if (progress !== undefined) onProgress(progress);
    const answer = progress === undefined ? parseResponse(line) : undefined;
    if (answer !== undefined) onResponse(answer.response);
    return progress !== undefined || answer !== undefined;
  };

interface LastLine {
  readonly isAtStart: () => boolean;
  readonly add: (text: string) => void;
  readonly end: () => void;
  /** The last line that was not empty; an empty text when it was too long. */
  readonly text: () => string;
}

const keepLastLine = (): LastLine => {
  let line = '';
  let bytes = 0;
  let last = '';
  return {
    isAtStart: () => bytes === 0,
    add: (text) => {
      bytes += Buffer.byteLength(text);
      if (bytes <= OUTPUT_BYTES_MAX) line += text;
    },
    end: () => {
      if (bytes > OUTPUT_BYTES_MAX) last = '';
      else if (line.trim() !== '') last = line;
      line = '';
      bytes = 0;
    },
    text: () => last,
  };
};

/**
 * Reads stdout of a script: reports (progress, an early answer) are taken out, everything else is passed on at once and as it came.
 * Only the beginning of a line that may still become a report is held back.
 */
export const makeStdoutReader = ({ onText, ...reports }: StdoutListener): StdoutReader => {
  const report = makeReport(reports);
  let held = '';
  let passed = '';
  const line = keepLastLine();

  const take = (text: string): void => {
    if (text === '') return;
    line.add(text.endsWith('\n') ? text.slice(0, -1) : text);
    passed += text;
  };
  const pass = (): void => {
    if (passed !== '') onText(passed);
    passed = '';
  };
  const completeLine = (text: string): void => {
    if (line.isAtStart() && report(text)) return;
    take(`${text}\n`);
    line.end();
  };
  return {
    push: (text) => {
      let rest = held + text;
      held = '';
      for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
        completeLine(rest.slice(0, end));
        rest = rest.slice(end + 1);
      }
      if (line.isAtStart() && mayBeReport(rest)) held = rest;
      else take(rest);
      pass();
    },
    end: () => {
      if (!line.isAtStart() || !report(held)) take(held);
      held = '';
      line.end();
      pass();
    },
    lastLine: line.text,
  };
};
