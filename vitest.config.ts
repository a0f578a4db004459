import { defineConfig } from 'vitest/config';

const SOURCES = '{libs,services,infra}/*/src/**';
const INTEGRATION = `${SOURCES}/*.int.test.ts`;
const LEAK_CHECK = './libs/testkit/src/leak-check.ts';
const SERVERS = './tests/global-setup.ts';

/** Two cores: files of real servers beside each other wait for the disk, not for each other. */
const FILES_AT_ONCE = 3;

export default defineConfig({
  // Workspaces are imported from their sources: by tests (`ssr`), and by the global set-up.
  ssr: { resolve: { conditions: ['@millrace/source'] } },
  environments: { __vitest__: { resolve: { conditions: ['@millrace/source'] } } },
  test: {
    pool: 'forks',
    maxWorkers: FILES_AT_ONCE,
    // Nothing is mocked, so there is nothing to restore; a test that waits for ever says so.
    testTimeout: 5_000,
    hookTimeout: 30_000,
    teardownTimeout: 30_000,
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
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          setupFiles: LEAK_CHECK,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          include: ['tests/faults/**/*.test.ts'],
          setupFiles: LEAK_CHECK,
          // Each of these takes the machine for itself.
          maxWorkers: 1,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'docs',
          include: ['tests/docs/**/*.test.ts'],
          setupFiles: LEAK_CHECK,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
