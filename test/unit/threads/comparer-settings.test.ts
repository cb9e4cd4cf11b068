import { expect, test } from 'vitest';
import { comparerSettings, judgeSettings } from '../../../src/threads/comparer-settings.ts';
import { Comparer } from '../../../src/compare/comparer.ts';
import { compileRules } from '../../../src/compare/comparison-rules.ts';
import { DEFAULT_JUDGE } from '../../../src/compare/judge-settings.ts';
import { makeCompare } from './compared-config.ts';

const WRITTEN = makeCompare({
  headers: ['content-type', 'location'],
  ignore: ['$.requestId', '**.updatedAt'],
  lists: [
    { path: 'items', as: 'sorted', by: 'id' },
    { path: 'tags', as: 'set', by: undefined },
  ],
  numbers: [{ path: '$.price', absolute: 0.01, relative: 0 }],
  redact: ['customer.email'],
  examples: 'values',
  bodyBytes: 4096,
});

test('all that a config says of a comparison reaches the comparers', () => {
  const { comparison, examples } = comparerSettings(WRITTEN);
  expect(examples).toBe('values');
  const { fields, headers, limits } = compileRules(comparison);
  expect(headers).toEqual(['content-type', 'location']);
  expect(limits.bodyBytes).toBe(4096);
  expect(limits.depth).toBe(compileRules({}).limits.depth);
  expect(fields.map(({ use }) => use)).toEqual([
    { kind: 'ignore' },
    { kind: 'ignore' },
    { kind: 'redact' },
    { kind: 'list', as: 'sorted', by: 'id' },
    { kind: 'list', as: 'set', by: undefined },
    { kind: 'number', absolute: 0.01, relative: 0 },
  ]);
  expect(() => new Comparer(comparerSettings(WRITTEN))).not.toThrow();
});

test('bounds of the verdict are those of the config; without secondary copies every difference counts', () => {
  const verdict = { minRequests: 7, maxDifferences: 0.02, maxFailures: 0.03 };
  expect(judgeSettings(makeCompare({ verdict }))).toEqual({
    ...DEFAULT_JUDGE,
    minRequests: 7,
    maxDifferenceRate: 0.02,
    maxFailureRate: 0.03,
    noise: 'measured',
  });
  expect(judgeSettings(makeCompare({ noisePercent: 0 })).noise).toBe('absent');
  expect(judgeSettings(makeCompare({ noisePercent: 0.1 })).noise).toBe('measured');
});
