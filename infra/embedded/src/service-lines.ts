import { type ServerProcess } from '@millrace/runtime';
import { type OnPlatformEvent } from './platform-events.ts';

/** How lines begin that nobody is shown: most do, so they are not parsed. */
const UNSHOWN = /^\{"level":"(?:info|debug)"/;
const SHOWN_LEVELS = new Set(['warn', 'error', 'fatal']);
/** A service that warns a thousand times a second does not scroll the console away. */
const LINES_MAX = 10;
const WINDOW_MS = 10_000;
const LINE_CHARACTERS_MAX = 65_536;

interface Line {
  readonly level: string;
  readonly message: string;
}

/** A JSON line of level `warn` or above, or a line that is no JSON: what Node itself says when a process cannot start. */
export const readableLine = (line: string): Line | undefined => {
  if (line.trim() === '' || UNSHOWN.test(line)) return undefined;
  try {
    // Foreign text: every member is looked at before it is used.
    const parsed = JSON.parse(line) as { level?: unknown; msg?: unknown; reason?: unknown; code?: unknown } | null;
    const { level, msg, reason, code } = parsed ?? {};
    const why = reason ?? code;
    if (typeof level !== 'string' || typeof msg !== 'string') return { level: 'error', message: line };
    if (!SHOWN_LEVELS.has(level)) return undefined;
    return { level, message: typeof why === 'string' ? `${msg}: ${why}` : msg };
  } catch {
    return { level: 'error', message: line };
  }
};

/** Cuts what a service prints into lines and reports those that people should see, at most ten in ten seconds. */
export const makeLineReader = (name: ServerProcess, onEvent: OnPlatformEvent): ((chunk: Uint8Array) => void) => {
  const decoder = new TextDecoder();
  let rest = '';
  let windowStart = -Infinity;
  let shown = 0;
  const report = ({ level, message }: Line): void => {
    const now = performance.now();
    if (now - windowStart > WINDOW_MS) {
      windowStart = now;
      shown = 0;
    }
    shown += 1;
    if (shown <= LINES_MAX) onEvent({ type: 'line', name, level, message });
    if (shown === LINES_MAX + 1) onEvent({ type: 'line', name, level: 'warn', message: 'more like this in its log' });
  };
  return (chunk) => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = (lines.pop() ?? '').slice(-LINE_CHARACTERS_MAX);
    for (const line of lines) {
      const readable = readableLine(line);
      if (readable !== undefined) report(readable);
    }
  };
};
