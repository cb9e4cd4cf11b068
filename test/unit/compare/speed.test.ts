// How many responses one core compares in a second. The bound is loose where other tests share the machine.

import { expect, it } from 'vitest';
import { Comparer } from '../../../src/compare/comparer.ts';
import { figure, isFull } from '../../flow/scaffold/full.ts';
import { response, ok, simulateResponses } from './scaffold.ts';

it('compares 2 KiB of JSON many thousand times in a second', () => {
  const write = simulateResponses(1, 19);
  const written = Array.from({ length: 200 }, () => [write(0), write(0.5), write(0)].map((text) => ok(response(text))));
  const comparer = new Comparer({ comparison: { ignore: ['**.trace'], lists: [{ path: 'order', as: 'sorted' }] } });
  const count = 4000;
  const before = process.cpuUsage();
  for (let n = 0; n < count; n++) {
    const [primary, candidate, secondary] = written[n % written.length]!;
    comparer.add({ route: 'shop', target: `/items/${n}`, atMs: n, primary: primary!, candidate, secondary });
  }
  const used = process.cpuUsage(before);
  // Each exchange is two comparisons.
  const perSecond = (2 * count) / ((used.user + used.system) / 1e6);
  figure('comparisons of JSON', { bytes: write(0).length, perSecondOfOneCore: Math.round(perSecond) });
  expect(perSecond).toBeGreaterThan(isFull ? 5000 : 2500);
});
