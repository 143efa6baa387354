import { defineConfig } from 'vitest/config';

/** `rules` needs no database and runs in milliseconds; `db` starts or finds one PostgreSQL for all its files. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'rules', include: ['test/rules/**/*.test.ts'] } },
      {
        // Vite would take the `module` build of graphql, a second copy beside the one that mercurius requires.
        resolve: { alias: { graphql: 'graphql/index.js' } },
        test: {
          name: 'db',
          include: ['test/**/*.test.ts'],
          exclude: ['test/rules/**'],
          globalSetup: 'test/support/postgres.ts',
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // What is waited for may take longer on a busy machine; a test that passes does not wait.
          expect: { poll: { timeout: 15_000 } },
        },
      },
    ],
  },
});
