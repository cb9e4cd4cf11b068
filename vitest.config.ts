import { defineConfig } from 'vitest/config';

// .ci/run names a file for the machine-readable report; people get the default one alone.
const report = process.env['SLUICE_TEST_REPORT'];

// Three projects, one after the other; test/README.md says where the time goes.
export default defineConfig({
  test: {
    // Processes, not threads: flow tests start worker threads, send signals and count sockets of their own.
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A `.only` left behind would let everything else pass unseen.
    allowOnly: process.env['CI'] === undefined,
    // Stubs of one test must not leak into the next.
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: [
      {
        extends: true,
        test: {
          name: 'faults',
          globalSetup: 'test/scaffold/make-bundle.ts',
          include: ['test/faults/**/*.test.ts'],
          // They bring load of their own, and hold what happens against the clock.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'running',
          globalSetup: 'test/scaffold/make-bundle.ts',
          include: ['test/{flow,regress}/**/*.test.ts'],
          // They wait for half of their time: a third fills two cores.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'pure',
          include: ['test/{unit,property,contract,examples,fuzz}/**/*.test.ts', 'test/*.test.ts'],
          // One process for many files: else half of the time goes into starting processes and loading the same modules again.
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
