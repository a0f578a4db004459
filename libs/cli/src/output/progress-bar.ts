import { type Screen } from './screen.ts';
import { safeLine } from './safe-text.ts';
import { textWidth } from './table.ts';

const BAR_COLUMNS = 24;

const cut = (text: string, columns: number): string => {
  let result = '';
  for (const character of text) {
    if (textWidth(result + character) > columns) return `${result.slice(0, -1)}…`;
    result += character;
  }
  return result;
};

/** `██████████░░░░░░  42 % message`, no wider than the terminal. */
export const progressBar = (
  { percent, message = '' }: { readonly percent: number; readonly message?: string },
  screen: Screen,
): string => {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * BAR_COLUMNS);
  const bar = screen.paint('cyan', '█'.repeat(full)) + screen.paint('dim', '░'.repeat(BAR_COLUMNS - full));
  const head = `${String(Math.round(percent)).padStart(3)} %`;
  return `${bar} ${head} ${cut(safeLine(message), Math.max(0, screen.columns - BAR_COLUMNS - head.length - 3))}`;
};
