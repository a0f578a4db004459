/** Longest line that is looked at as a progress report or as a result. */
export const RESULT_BYTES_MAX = 1_048_576;
const PROGRESS_LINE_MAX = 4_096;
const PREFIX = '::progress ';
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

export interface StdoutListener {
  readonly onText: (text: string) => void;
  readonly onProgress: (progress: Progress) => void;
}

export interface StdoutReader {
  readonly push: (text: string) => void;
  /** The stream ended: an unfinished line is a line. */
  readonly end: () => void;
  /** The last line that was neither empty nor a progress report, when it is not too long to be a result. */
  readonly lastLine: () => string;
}

const mayBeProgress = (start: string): boolean =>
  start.length < PROGRESS_LINE_MAX && (start.startsWith(PREFIX) || PREFIX.startsWith(start));

/**
 * Reads stdout of a script: progress reports are taken out, everything else is passed on at once and as it came.
 * Only the beginning of a line that may still become a progress report is held back.
 */
export const makeStdoutReader = ({ onText, onProgress }: StdoutListener): StdoutReader => {
  let held = '';
  let line = '';
  let last = '';
  let passed = '';

  const endLine = (): void => {
    if (line.trim() !== '') last = line.length > RESULT_BYTES_MAX ? '' : line;
    line = '';
  };
  const take = (text: string): void => {
    if (text === '') return;
    if (line.length <= RESULT_BYTES_MAX) line += text.endsWith('\n') ? text.slice(0, -1) : text;
    passed += text;
  };
  const pass = (): void => {
    if (passed !== '') onText(passed);
    passed = '';
  };
  const completeLine = (text: string): void => {
    const progress = line === '' ? parseProgress(text) : undefined;
    if (progress !== undefined) {
      onProgress(progress);
      return;
    }
    take(`${text}\n`);
    endLine();
  };
  return {
    push: (text) => {
      let rest = held + text;
      held = '';
      for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
        completeLine(rest.slice(0, end));
        rest = rest.slice(end + 1);
      }
      if (line === '' && mayBeProgress(rest)) held = rest;
      else take(rest);
      pass();
    },
    end: () => {
      const progress = line === '' ? parseProgress(held) : undefined;
      if (progress === undefined) take(held);
      else onProgress(progress);
      held = '';
      endLine();
      pass();
    },
    lastLine: () => last,
  };
};
