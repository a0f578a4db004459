import { styleText } from 'node:util';
import { safeJson, safeText } from './safe-text.ts';

export interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly write: (text: string) => unknown;
}

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Where a command writes: data to stdout, everything else to stderr. What it is given is shown, never obeyed. */
export interface Screen {
  /** A line of data. */
  readonly data: (text: string) => void;
  /** Data as it is: pieces of output. On a terminal its control characters are made visible. */
  readonly raw: (text: string) => void;
  /** A value as JSON: on several lines for a person, on one for a program. */
  readonly json: (value: unknown, layout?: 'lines' | 'one-line') => void;
  /** A line beside the data; nothing when quiet. */
  readonly say: (text: string) => void;
  /** A line beside the data, quiet or not. */
  readonly complain: (text: string) => void;
  /** Replaces the last line on a terminal; nothing elsewhere. */
  readonly status: (text: string) => void;
  /** Whether somebody watches: then progress is drawn, not told. */
  readonly isWatched: boolean;
  /** Columns of the terminal, 80 when unknown. */
  readonly columns: number;
  readonly paint: (colour: Colour, text: string) => string;
}

export interface ScreenOptions {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isQuiet?: boolean | undefined;
}

const CLEAR_LINE = '\r\u001b[2K';
const COLUMNS_DEFAULT = 80;

const hasColour = (env: ScreenOptions['env'], ...streams: readonly Stream[]): boolean => {
  if ((env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return false;
  return streams.every(({ isTTY }) => isTTY === true);
};

export const makeScreen = ({ stdout, stderr, env, isQuiet = false }: ScreenOptions): Screen => {
  const isPerson = stdout.isTTY === true;
  const isWatched = stderr.isTTY === true && !isQuiet && env['TERM'] !== 'dumb';
  const isColoured = hasColour(env, stdout, stderr);
  let hasStatus = false;
  const clearStatus = (): void => {
    if (hasStatus) stderr.write(CLEAR_LINE);
    hasStatus = false;
  };
  const line = (stream: Stream, text: string): void => {
    clearStatus();
    stream.write(`${text}\n`);
  };
  return {
    data: (text) => line(stdout, text),
    raw: (text) => {
      clearStatus();
      stdout.write(isPerson ? safeText(text) : text);
    },
    json: (value, layout = isPerson ? 'lines' : 'one-line') => {
      const text = JSON.stringify(value, undefined, layout === 'lines' ? 2 : undefined);
      line(stdout, isPerson ? safeJsonLines(text) : text);
    },
    say: (text) => (isQuiet ? undefined : line(stderr, text)),
    complain: (text) => line(stderr, text),
    status: (text) => {
      if (!isWatched) return;
      stderr.write(`${CLEAR_LINE}${text}`);
      hasStatus = text !== '';
    },
    isWatched,
    // A terminal that does not know says 0.
    columns: stderr.columns === 0 ? COLUMNS_DEFAULT : (stderr.columns ?? COLUMNS_DEFAULT),
    paint: (colour, text) => (isColoured ? styleText(colour, text, { validateStream: false }) : text),
  };
};

/** The newlines between members are JSON's own; inside texts there are none. */
const safeJsonLines = (json: string): string => json.split('\n').map(safeJson).join('\n');
