import { defineConfig } from 'vitest/config';

/** The tests of the rules alone, as one project: what mutation testing runs for every mutant. */
export default defineConfig({ test: { include: ['test/rules/**/*.test.ts'] } });
