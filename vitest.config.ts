import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const SOURCES = '{libs,services,infra}/*/src/**';
const INTEGRATION = `${SOURCES}/*.int.test.ts`;
const LEAK_CHECK = './libs/testkit/src/leak-check.ts';
const SERVERS = './tests/global-setup.ts';

/** On two cores: files of real servers mostly wait for the disk, whole platforms do not. */
const FILES_AT_ONCE = 3;
const PLATFORMS_AT_ONCE = 2;

/**
 * Real processes on a machine that is busy with all the others: what fails is tried once more. `npm test` names what passed only then, with its
 * first error; unit tests have one try.
 */
const SECOND_TRY = 1;

/** Services that tests start find the code of the last ones compiled. */
const COMPILE_CACHE = join(import.meta.dirname, 'node_modules', '.cache', 'compile');

const wholeProduct = (name: string) => ({
  extends: true as const,
  test: {
    name,
    include: [`tests/${name}/**/*.test.ts`],
    setupFiles: LEAK_CHECK,
    retry: SECOND_TRY,
    maxWorkers: PLATFORMS_AT_ONCE,
    sequence: { groupOrder: 1 },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

export default defineConfig({
  // Workspaces are imported from their sources: by tests (`ssr`), and by the global set-up (`__vitest__`).
  ssr: { resolve: { conditions: ['@millrace/source'] } },
  environments: { __vitest__: { resolve: { conditions: ['@millrace/source'] } } },
  test: {
    pool: 'forks',
    maxWorkers: FILES_AT_ONCE,
    testTimeout: 5_000,
    hookTimeout: 30_000,
    teardownTimeout: 30_000,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [`${SOURCES}/*.test.ts`, 'tests/{golden,contract}/**/*.test.ts'],
          exclude: [INTEGRATION, '**/node_modules/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'int',
          include: [INTEGRATION],
          globalSetup: SERVERS,
          setupFiles: LEAK_CHECK,
          retry: SECOND_TRY,
          // A busy machine needs several times what an idle one does: 30 s were too few for the longest at a load of 20.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      wholeProduct('e2e'),
      wholeProduct('attacks'),
      wholeProduct('dialects'),
      wholeProduct('docs'),
      {
        extends: true,
        test: {
          name: 'faults',
          include: ['tests/faults/**/*.test.ts'],
          // The long ones are for `npm run test:faults`.
          exclude: process.env['MILLRACE_FAULTS'] === 'all' ? [] : ['tests/faults/**/*.full.test.ts'],
          setupFiles: LEAK_CHECK,
          retry: SECOND_TRY,
          // Each of these takes the machine for itself.
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          testTimeout: process.env['MILLRACE_FAULTS'] === 'all' ? 900_000 : 240_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
