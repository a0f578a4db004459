import { readFileSync } from 'node:fs';

const POLL_MS = 500;

const parentOf = (pid) => {
  try {
    // The name stands in parentheses and may hold anything; state and parent follow the last one.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(
      stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .at(1),
    );
  } catch {
    return undefined;
  }
};

const isShell = (pid) => {
  try {
    return /^(ba|da|a|z)?sh\n?$/.test(readFileSync(`/proc/${pid}/comm`, 'utf8'));
  } catch {
    return false;
  }
};

/**
 * Under npm: calls back once when npm, or the shell between npm and us, is gone. Either may be killed without passing
 * anything on, and a server that nobody sees any more must not stay.
 */
export const watchParents = (onGone) => {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const npm = isShell(parent) ? parentOf(parent) : undefined;
  const timer = setInterval(() => {
    if (process.ppid === parent && (npm === undefined || parentOf(parent) === npm)) return;
    clearInterval(timer);
    onGone();
  }, POLL_MS);
  timer.unref();
};
