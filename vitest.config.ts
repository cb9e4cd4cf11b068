import { defineConfig } from 'vitest/config';

// .ci/run names a file for the machine-readable report; people get the default one alone.
const report = process.env['SLUICE_TEST_REPORT'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Processes, not threads: flow tests start worker threads, send signals and count sockets of their own.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A `.only` left behind would let everything else pass unseen.
    allowOnly: process.env['CI'] === undefined,
    // Stubs of one test must not leak into the next.
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
