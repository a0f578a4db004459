import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { armFailpoints } from '@millrace/kernel';

/** What a file in the folder may ask for. */
type Deed = (argument: string) => void;

const blockFor = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

/** Takes memory until the process dies of it. */
const exhaust = (): void => {
  const held: unknown[] = [];
  for (;;) held.push(Array.from({ length: 100_000 }, (_, index) => ({ index })));
};

const DEEDS: ReadonlyMap<string, Deed> = new Map<string, Deed>([
  ['kill', () => void process.kill(process.pid, 'SIGKILL')],
  ['stop', () => void process.kill(process.pid, 'SIGSTOP')],
  ['block', (ms) => blockFor(Number(ms))],
  ['exhaust', exhaust],
]);

/** The text of an armed file, which is armed no more; `undefined` when nothing is armed, or another process was faster. */
const take = (file: string): string | undefined => {
  try {
    renameSync(file, `${file}.fired`);
    return readFileSync(`${file}.fired`, 'utf8').trim();
  } catch {
    return undefined;
  }
};

/**
 * For tests of faults: whoever reaches a failpoint while `folder` holds a file of its name does once what the file says, `kill`, `stop`,
 * `block <milliseconds>` or `exhaust`; the file is then called `<name>.fired`.
 */
export const armFailpointsIn = (folder: string): void => {
  armFailpoints((name) => {
    const [deed = '', argument = ''] = take(join(folder, name))?.split(' ') ?? [];
    DEEDS.get(deed)?.(argument);
  });
};
