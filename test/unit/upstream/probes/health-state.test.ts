import { expect, test } from 'vitest';
import { HealthState } from '../../../../src/upstream/probes/health-state.ts';

/** `+` a good probe, `-` a bad one; returns the state after each, `H` or `u`. */
function follow(probes: string, healthyAfter: number, unhealthyAfter: number, healthy = true): string {
  const verdict = new HealthState({ healthyAfter, unhealthyAfter }, healthy);
  return [...probes].map((probe) => (verdict.take(probe === '+'), verdict.healthy ? 'H' : 'u')).join('');
}

test.each([
  ['the first probe decides at once', '-', 2, 3, 'u'],
  ['then the thresholds count', '+---', 2, 3, 'HHHu'],
  ['a good probe between bad ones starts the count anew', '+--+--+---', 2, 3, 'HHHHHHHHHu'],
  ['back after as many good ones in a row', '-+-++', 2, 3, 'uuuuH'],
  ['the first counts for one only', '--+++', 3, 3, 'uuuuH'],
  ['thresholds of 1', '+-+-', 1, 1, 'HuHu'],
])('%s', (_name, probes, healthyAfter, unhealthyAfter, expected) => {
  expect(follow(probes, healthyAfter, unhealthyAfter)).toBe(expected);
});

test('one taken for unhealthy is healthy after the first good probe', () => {
  expect(follow('+', 5, 5, false)).toBe('H');
  expect(follow('-+++++', 5, 5, false)).toBe('uuuuuH');
});

test('a change is told when it happens, and only then', () => {
  const verdict = new HealthState({ healthyAfter: 2, unhealthyAfter: 2 }, true);
  expect([true, false, false, false, true, true, true].map((good) => verdict.take(good))).toEqual([
    false,
    false,
    true,
    false,
    false,
    true,
    false,
  ]);
});
