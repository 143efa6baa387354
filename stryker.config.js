/** Mutation testing of what decides: `npm run mutation`. A mutant that no test of test/rules kills lowers the score. */
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation.vitest.config.ts', related: false },
  mutate: ['src/rules/**/*.ts'],
  coverageAnalysis: 'perTest',
  // A mutant that never ends is killed.
  timeoutMS: 20_000,
  concurrency: 2,
  thresholds: { high: 90, low: 80, break: 75 },
  reporters: ['clear-text', 'progress'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  tempDirName: '.stryker-tmp',
  ignorePatterns: ['.data', 'bench', 'node_modules', 'reports'],
};
