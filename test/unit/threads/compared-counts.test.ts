import { expect, test } from 'vitest';
import { KINDS } from '../../../src/compare/difference.ts';
import { ComparedCounts } from '../../../src/threads/compared-counts.ts';
import { makeCompare, mirrorsOfShop } from './compared-config.ts';

const DARK = { name: 'dark', compare: makeCompare() };
const OTHER = { name: 'other', pool: 'next', version: undefined, compare: makeCompare() };
const labels = (version: string, mirror = 'dark'): Record<'pool' | 'mirror' | 'version', string> => ({ pool: 'shop', mirror, version });

test('counts add up, by kind, and begin with zero for mirrors that compare', () => {
  const counts = new ComparedCounts();
  const mirrored = [labels('v2'), labels('next/n1', 'other'), labels('next/n2', 'other')];
  counts.retain(mirrorsOfShop(DARK, OTHER, { name: 'plain' }));
  expect([...counts.comparisons()]).toEqual([
    [labels('v2'), 0],
    [labels('next/n1', 'other'), 0],
    [labels('next/n2', 'other'), 0],
  ]);
  expect([...counts.differences()]).toEqual(mirrored.flatMap((each) => KINDS.map((kind) => [{ ...each, kind }, 0])));
  counts.add([{ ...labels('v2'), compared: 3, differences: { value: 2, status: 1 } }]);
  counts.add([
    { ...labels('v2'), compared: 4, differences: { value: 5 } },
    { ...labels('next/n2', 'other'), compared: 1, differences: {} },
  ]);
  expect([...counts.comparisons()]).toEqual([
    [labels('v2'), 7],
    [labels('next/n1', 'other'), 0],
    [labels('next/n2', 'other'), 1],
  ]);
  expect([...counts.differences()].filter(([, found]) => found > 0)).toEqual([
    [{ ...labels('v2'), kind: 'value' }, 7],
    [{ ...labels('v2'), kind: 'status' }, 1],
  ]);
});

test('what is of no mirror or version of the config is not counted, and goes with it', () => {
  const counts = new ComparedCounts();
  counts.retain(mirrorsOfShop(DARK, OTHER));
  counts.add([
    { ...labels('v9'), compared: 1, differences: { value: 1 } },
    { ...labels('v2', '__proto__'), compared: 1, differences: { value: 1 } },
    { ...labels('v2'), compared: 2, differences: { text: 1 } },
    { ...labels('next/n1', 'other'), compared: 2, differences: { text: 1 } },
  ]);
  counts.retain(mirrorsOfShop({ name: 'dark' }));
  expect([...counts.comparisons()]).toEqual([[labels('v2'), 2]]);
  expect([...counts.differences()]).toEqual([[{ ...labels('v2'), kind: 'text' }, 1]]);
  counts.retain(mirrorsOfShop(OTHER));
  counts.retain(mirrorsOfShop(DARK, OTHER));
  expect([...counts.comparisons()].map(([, value]) => value)).toEqual([0, 0, 0]);
});
