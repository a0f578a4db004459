import { afterAll } from 'vitest';
import { killRunning, removeFolders } from './started-processes.ts';

// A setup file of vitest: hooks run in reverse order of their registration, so this one comes after those of the test file.
afterAll(() => {
  const leaked = killRunning();
  // Here and not only at the exit of the process, which vitest ends by a signal.
  removeFolders();
  if (leaked.length > 0) throw new Error(`still running after the last test: ${leaked.join(', ')}`);
});
