// Laws of the trip table: it never trips where the test would not have failed, in whatever order and portions events come; and it is hardly later.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LabelEvidence } from '../../../src/analysis/label-evidence.ts';
import { labelTest } from '../../../src/analysis/label-test.ts';
import { NEVER, suffices, TRIP_COLUMNS, tripTable } from '../../../src/analysis/label-trip.ts';

const before = fc.record({ ours: fc.nat(30), theirs: fc.oneof(fc.nat(40), fc.nat(3000)) });
const chance = fc.constantFrom(0.001, 0.01, 0.05, 0.2, 0.5, 0.9);
const allowed = fc.constantFrom(1, 1.5, 3);
const needed = fc.constantFrom(20, 40, 160).map((bound) => Math.log(bound));

function begun(ratio: number, of: number, counts: { readonly ours: number; readonly theirs: number }): LabelEvidence {
  const evidence = new LabelEvidence(labelTest({ allowed: ratio, towards: 'above' }), 'again');
  evidence.add(of, counts.ours, counts.theirs);
  return evidence;
}

describe('a trip table', () => {
  it('never trips before the test has failed, whatever the order and the portions', () => {
    const order = fc.array(fc.boolean(), { minLength: 600, maxLength: 600 });
    const portions = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(allowed, chance, before, needed, order, portions, (ratio, at, counts, log, coins, sizes) => {
        const known = begun(ratio, at, counts);
        const table = tripTable(known, { chance: at }, log);
        for (let theirs = 0; theirs < TRIP_COLUMNS; theirs++) {
          const ours = table[theirs]!;
          if (ours === NEVER) continue;
          const events = shuffled(ours, theirs, coins);
          const evidence = new LabelEvidence(labelTest({ allowed: ratio, towards: 'above' }), 'again', known.state());
          let most = evidence.log;
          for (let from = 0, look = 0; from < events.length; look++) {
            const size = sizes[look % sizes.length]!;
            const now = events.slice(from, from + size);
            const isOurs = now.filter(Boolean).length;
            evidence.add(at, isOurs, now.length - isOurs);
            most = Math.max(most, evidence.log);
            from += size;
          }
          // Also at the end, not only on the way.
          expect(evidence.log).toBeGreaterThanOrEqual(log);
          expect(most).toBeGreaterThanOrEqual(log);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('also where those of theirs come with a lower chance', () => {
    fc.assert(
      fc.property(allowed, chance, chance, before, needed, (ratio, at, other, counts, log) => {
        const known = begun(ratio, at, counts);
        const table = tripTable(known, { chance: at, theirChance: Math.max(at, other) }, log);
        for (const [theirs, ours] of table.entries()) {
          if (ours === NEVER) continue;
          for (const theirFirst of [true, false]) {
            const evidence = new LabelEvidence(labelTest({ allowed: ratio, towards: 'above' }), 'again', known.state());
            if (theirFirst) evidence.add(other, 0, theirs);
            for (let event = 0; event < ours; event++) evidence.add(at, 1, 0);
            if (!theirFirst) for (let event = 0; event < theirs; event++) evidence.add(other, 0, 1);
            expect(evidence.log).toBeGreaterThanOrEqual(log);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('trips with the same event as the test until a stake falls due', () => {
    fc.assert(
      fc.property(allowed, chance, fc.nat(7), fc.nat(3), needed, (ratio, at, theirs, known, log) => {
        const begin = begun(ratio, at, { ours: 0, theirs: known });
        const ours = tripTable(begin, { chance: at }, log)[theirs]!;
        const evidence = new LabelEvidence(labelTest({ allowed: ratio, towards: 'above' }), 'again', begin.state());
        evidence.add(at, 0, theirs);
        let real = 0;
        for (; evidence.log < log && real < 15; real++) evidence.add(at, 1, 0);
        if (known + theirs + real < 16 && evidence.log > log + 1e-6) expect(ours).toBe(real);
        else expect(ours).toBeGreaterThanOrEqual(real);
      }),
      { numRuns: 300 },
    );
  });

  it('grows with the events of theirs, and says what suffices', () => {
    fc.assert(
      fc.property(allowed, chance, before, needed, (ratio, at, counts, log) => {
        const known = begun(ratio, at, counts);
        const table = tripTable(known, { chance: at }, log);
        expect(table).toHaveLength(TRIP_COLUMNS);
        expect([...table].sort((a, b) => a - b)).toEqual(table);
        for (const [theirs, ours] of table.entries())
          if (ours !== NEVER) expect(suffices(known, { chance: at }, { ours, theirs, needed: log })).toBe(true);
      }),
    );
  });
});

/** So many of ours and of theirs, in the order of the coins. */
function shuffled(ours: number, theirs: number, coins: readonly boolean[]): readonly boolean[] {
  const events: boolean[] = [];
  for (let [left, others, at] = [ours, theirs, 0]; left + others > 0; at++) {
    const isOurs = others === 0 || (left > 0 && coins[at % coins.length]!);
    events.push(isOurs);
    if (isOurs) left--;
    else others--;
  }
  return events;
}
