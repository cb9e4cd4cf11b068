// What a full report costs, counted in logarithms, which are nearly all of it: a bound that no busy machine breaks.

import { expect, it } from 'vitest';
import type { Report } from '../../../src/compare/mirror-report.ts';
import { describeReport } from '../../../src/compare/describe-report.ts';
import { DEFAULT_JUDGE } from '../../../src/compare/judge-settings.ts';
import type { FieldTally, ReportTally, TemplateTally } from '../../../src/compare/report-tally.ts';
import { NO_FAILURES } from '../../../src/compare/report-tally.ts';
import { figure } from '../../flow/scaffold/full.ts';

const TEMPLATES = 1000;
const FIELDS = 5;
const TRIALS = 10_000;
/** Some 30 ms on an idle core, as against 7 million and 120 ms where everything has bounds and is judged twice. */
const MAX_LOGS = 3_500_000;

type Noise = 'paired' | 'unpaired' | 'none';

/** As large as the bounds of a record allow; fields differ more or less often. */
function fullTally(noise: Noise): ReportTally {
  const templates = Array.from({ length: TEMPLATES }, (_, n) => templateOf(n, noise));
  const clean = { candidateTrials: 10_000_000, candidate: 9000, pairs: 5_000_000, onlyCandidate: 5000, onlySecondary: 3000 };
  const failures = { ...NO_FAILURES, attempts: 10_000_000, primaryAttempts: 20_000_000, candidateFailures: 900, primaryFailures: 800 };
  return { templates, clean, failures, overflow: { requests: 0, differences: 0 } };
}

function templateOf(n: number, noise: Noise): TemplateTally {
  const secondaries = noise === 'none' ? 0 : noise === 'paired' ? TRIALS : TRIALS / 2;
  const counts = Array.from({ length: 200 }, (_, bucket) => [bucket, 7] as const);
  return {
    ...{ route: 'r', template: `/t${n}`, exchanges: n, attempts: TRIALS, cutShort: 0, uncompared: {}, firstMs: 1, lastMs: 2 },
    responses: { candidate: TRIALS, secondary: secondaries, both: secondaries },
    outcomes: { primary: {}, candidate: {}, secondary: {} },
    latency: { primary: counts, candidate: counts, secondary: counts, slower: 700, faster: 600 },
    fields: Array.from({ length: FIELDS }, (_, i) => fieldOf(n * FIELDS + i, noise)),
  };
}

function fieldOf(order: number, noise: Noise): FieldTally {
  const differing = 100 + ((order * 37) % 4000);
  const secondary = noise === 'none' ? 0 : Math.floor(differing * (noise === 'paired' ? 0.9 : 0.4));
  const inBoth = Math.floor(secondary / 2);
  return {
    ...{
      path: `$.f${order}`,
      order,
      kinds: { value: differing },
      candidate: differing,
      secondary,
      before: { candidate: 1, secondary: 1, both: 1 },
    },
    ...{ firstCandidate: 1, firstSecondary: 0, onlyCandidate: differing - 1 - inBoth, onlySecondary: secondary - inBoth, inBoth },
    ...{ firstMs: 1, lastMs: 2, examples: [] },
  };
}

const counted = ['log', 'log1p', 'exp'] as const;

/** Runs it and tells how many logarithms and powers it took. */
function logsOf(run: () => void): number {
  const computes = counted.map((name) => Math[name]);
  let logs = 0;
  counted.forEach((name, i) => {
    Math[name] = (x) => {
      logs++;
      return computes[i]!(x);
    };
  });
  try {
    run();
    return logs;
  } finally {
    counted.forEach((name, i) => (Math[name] = computes[i]!));
  }
}

it.each(['paired', 'unpaired', 'none'] as const)('judges 5000 fields of 1000 templates with little work, %s', (noise) => {
  const tally = fullTally(noise);
  const describe = (): Report => describeReport(tally, { ...DEFAULT_JUDGE, noise: noise === 'none' ? 'absent' : 'measured' }, 200);
  const report = describe();
  const logs = logsOf(describe);
  figure('a full report', { noise, logs });
  expect([report.fields.length, report.unlistedFields, report.templates.length, report.unlistedTemplates]).toEqual([200, 4800, 200, 800]);
  expect(report.templates[0]).toMatchObject({ template: '/t999', exchanges: 999 });
  expect(logs).toBeGreaterThan(100_000);
  expect(logs).toBeLessThan(MAX_LOGS);
});
