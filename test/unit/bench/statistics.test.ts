import { describe, expect, it } from 'vitest';
import { median, spread } from '../../../bench/report/statistics.ts';
import { formatNumber, formatTable } from '../../../bench/report/table.ts';

describe('median', () => {
  it.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 100], 10],
    [[], NaN],
  ])('of %j is %d', (numbers, expected) => {
    expect(median(numbers)).toBe(expected);
  });

  it('comes with the extremes', () => {
    expect(spread([2, 9, 4])).toEqual({ median: 4, min: 2, max: 9 });
  });
});

describe('formatTable', () => {
  it('aligns the first column left and the others right', () => {
    const lines = ['name  us', '----  --', 'a      1', 'bb    10'];
    expect(
      formatTable(
        ['name', 'us'],
        [
          ['a', '1'],
          ['bb', '10'],
        ],
      ),
    ).toBe(lines.join('\n'));
  });
});

describe('formatNumber', () => {
  it.each([
    [1.2345, '1.23'],
    [12.345, '12.3'],
    [12_345.6, '12,346'],
    [NaN, '-'],
  ])('%d is %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});
