import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const ROOT = join(import.meta.dirname, '../..');

/** `npm run test:cluster`: minutes, and the machine for itself. Not part of `npm test`. */
export default defineConfig({
  root: ROOT,
  ssr: { resolve: { conditions: ['@millrace/source'] } },
  test: {
    name: 'cluster',
    include: ['tests/cluster/**/*.test.ts'],
    setupFiles: './libs/testkit/src/leak-check.ts',
    pool: 'forks',
    maxWorkers: 1,
    env: { NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'compile') },
    testTimeout: 600_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
  },
});
