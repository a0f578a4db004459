import { afterAll } from 'vitest';
import { killRunning } from './started-processes.ts';

// A setup file of vitest: hooks run in reverse order of their registration, so this one comes after those of the test file.
afterAll(() => {
  const leaked = killRunning();
  if (leaked.length > 0) throw new Error(`still running after the last test: ${leaked.join(', ')}`);
});
