import { isDeepStrictEqual } from 'node:util';
import { type LogLine, type RunMessage } from '@millrace/client';
import { durationText } from './output/duration-text.ts';
import { progressBar } from './output/progress-bar.ts';
import { safeLine, safeText } from './output/safe-text.ts';
import { type Screen } from './output/screen.ts';

const STATE_WORDS: Readonly<Record<string, string>> = {
  waiting: 'queued',
  dispatched: 'assigned',
  running: 'started',
  cancel_requested: 'cancelling',
  attempt_failed: 'attempt failed',
  attempt_lost: 'attempt lost with its executor',
};

export type ReportRun = (message: RunMessage) => void;

/** A line that may turn out to be the result of its run, which is printed as such. */
interface HeldLine {
  readonly text: string;
  readonly value: unknown;
}

const readJson = (text: string): HeldLine | undefined => {
  try {
    return { text, value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
};

/** Splits the last line off when it is JSON on stdout: the last such line of a script is its result. */
const splitResult = ({ stream, text }: LogLine): { readonly shown: string; readonly held: HeldLine | undefined } => {
  const whole = text.replace(/\n$/, '');
  const start = whole.lastIndexOf('\n') + 1;
  const held = stream === 'stdout' ? readJson(whole.slice(start)) : undefined;
  return held === undefined ? { shown: whole, held } : { shown: whole.slice(0, Math.max(0, start - 1)), held };
};

const stateText = ({ state, attempt }: RunMessage & { readonly type: 'state' }): string =>
  `${safeLine(STATE_WORDS[state] ?? state)}${attempt > 1 ? ` (attempt ${attempt})` : ''}`;

/** For a person: what the run says, and a bar or plain lines for how far it is. */
const makeTextReporter = (screen: Screen): ReportRun => {
  const startedMs = performance.now();
  let bar = '';
  let held: HeldLine | undefined;
  const line = (text: string): void => {
    screen.say(text);
    screen.status(bar);
  };
  const release = (): void => {
    if (held !== undefined) line(safeText(held.text));
    held = undefined;
  };
  const showProgress = (progress: RunMessage & { readonly type: 'progress' }): void => {
    bar = progressBar(progress, screen);
    if (screen.isWatched) screen.status(bar);
    else screen.say(`progress ${Math.round(progress.percent)} % ${safeLine(progress.message ?? '')}`.trimEnd());
  };
  const showLog = (log: LogLine): void => {
    const { shown, held: last } = splitResult(log);
    held = last;
    if (shown !== '' || last === undefined) line(safeText(shown));
  };
  const finish = (output: unknown): void => {
    // The result is about to be printed: its line is not told before it.
    if (isDeepStrictEqual(held?.value, output)) held = undefined;
    bar = '';
    release();
    screen.status('');
  };
  return (message) => {
    if (message.type === 'complete') {
      finish(message.output);
      return;
    }
    release();
    if (message.type === 'progress') showProgress(message);
    else if (message.type === 'log') showLog(message);
    else if (message.type === 'responded')
      line(screen.paint('dim', `answered ${safeText(JSON.stringify(message.response))}`));
    else line(screen.paint('dim', `${stateText(message)} +${durationText(performance.now() - startedMs)}`));
  };
};

/** Shows a live run beside the data; for a program each message is a line of JSON. */
export const makeReporter = (screen: Screen, form: 'text' | 'json'): ReportRun =>
  form === 'text' ? makeTextReporter(screen) : (message) => screen.say(JSON.stringify(message));
