// Laws of the label test: it is the product over events, whatever their order and however they are parted; it grows with events of ours.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LabelEvidence } from '../../../src/analysis/label-evidence.ts';
import type { LabelState } from '../../../src/analysis/label-evidence.ts';
import type { LabelQuestion } from '../../../src/analysis/label-test.ts';
import { labelTest, logOfLabels, mergeSegments } from '../../../src/analysis/label-test.ts';

interface Event {
  readonly chance: number;
  readonly isOurs: boolean;
}

const events = fc.array(fc.record({ chance: fc.constantFrom(0.00001, 0.01, 0.05, 0.5, 0.9, 1), isOurs: fc.boolean() }), { maxLength: 200 });
const questions: fc.Arbitrary<LabelQuestion> = fc.record({
  allowed: fc.constantFrom(0.5, 0.95, 1, 1.3, 1.5, 10),
  towards: fc.constantFrom('above' as const, 'below' as const),
});

const segmentOf = ({ chance, isOurs }: Event) => ({ chance, ours: isOurs ? 1 : 0, theirs: isOurs ? 0 : 1 });
const countsOf = (list: readonly Event[]) =>
  list.reduce<ReturnType<typeof mergeSegments>>((all, event) => mergeSegments(all, [segmentOf(event)]), []);

/** The factor of one event, as the formula says it. */
function factorOf({ chance, isOurs }: Event, allowed: number, multiple: number): number {
  if (chance === 1) return 1;
  const q = (ratio: number) => (chance * ratio) / (1 - chance + chance * ratio);
  const other = (ratio: number) => (1 - chance) / (1 - chance + chance * ratio);
  return isOurs ? q(allowed * multiple) / q(allowed) : other(allowed * multiple) / other(allowed);
}

/** Every start for itself, each with its own product: E = sum v_j E^(j), with E^(j) = 1 before start j. */
function plainMixture(list: readonly Event[], question: LabelQuestion, stakes: readonly { at: number; stake: number }[]): number {
  const multiples = [...labelTest(question).multiples];
  let sum = 1 - stakes.reduce((all, { stake }) => all + stake, 0);
  for (const { at, stake } of stakes) {
    const products = multiples.map((multiple) => list.slice(at).reduce((e, event) => e * factorOf(event, question.allowed, multiple), 1));
    sum += (stake * products.reduce((all, e) => all + e, 0)) / multiples.length;
  }
  return Math.log(sum);
}

/** The schedule in words: 0.8 at once; of the rest, 1 / (1 + log2(1 + n / 512)) is kept after n events, staked at each 16th. */
function stakesFor(count: number): { at: number; stake: number }[] {
  const kept = (n: number) => 0.2 / (1 + Math.log2(1 + n / 512));
  const stakes = [{ at: 0, stake: 0.8 }];
  for (let at = 16; at <= count; at += 16) stakes.push({ at, stake: kept(at - 16) - kept(at) });
  return stakes;
}

const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));

describe('labels', () => {
  it('counts = product = one event after the other', () => {
    fc.assert(
      fc.property(events, questions, (list, question) => {
        const test = labelTest(question);
        const product = plainMixture(list, question, [{ at: 0, stake: 1 }]);
        const evidence = new LabelEvidence(test, 'once');
        for (const event of list) evidence.add(event.chance, event.isOurs ? 1 : 0, event.isOurs ? 0 : 1);
        // Below 1e-300 the plain product has no digits left.
        if (product > -600) {
          expect(isNear(logOfLabels(countsOf(list), test), product)).toBe(true);
          expect(isNear(evidence.log, product)).toBe(true);
        }
      }),
    );
  });

  it('any partition merges to the same numbers, and the order does not matter', () => {
    fc.assert(
      fc.property(
        events,
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 200, maxLength: 200 }),
        questions,
        (list, parts, question) => {
          const whole = countsOf(list);
          const merged = [0, 1, 2, 3].map((part) => countsOf(list.filter((_, i) => parts[i] === part))).reduce(mergeSegments, []);
          expect(merged).toEqual(whole);
          expect(countsOf([...list].reverse())).toEqual(whole);
          expect(logOfLabels(merged, labelTest(question))).toBe(logOfLabels(whole, labelTest(question)));
        },
      ),
    );
  });

  it('starts again and again as each start for itself would, and goes on from its state', () => {
    fc.assert(
      fc.property(events, questions, fc.nat(199), (list, question, stopAt) => {
        const test = labelTest(question);
        let evidence = new LabelEvidence(test, 'again');
        list.forEach((event, i) => {
          evidence.add(event.chance, event.isOurs ? 1 : 0, event.isOurs ? 0 : 1);
          if (i === stopAt) evidence = new LabelEvidence(test, 'again', JSON.parse(JSON.stringify(evidence.state())) as LabelState);
        });
        expect(evidence.events).toBe(list.length);
        expect(isNear(evidence.log, plainMixture(list, question, stakesFor(list.length)))).toBe(true);
      }),
    );
  });

  it('grows with an event of ours towards above, and falls towards below', () => {
    fc.assert(
      fc.property(events, questions, (list, question) => {
        const test = labelTest(question);
        const before = logOfLabels(countsOf(list), test);
        const after = logOfLabels(countsOf([...list, { chance: 0.05, isOurs: true }]), test);
        const other = logOfLabels(countsOf([...list, { chance: 0.05, isOurs: false }]), test);
        const sign = question.towards === 'above' ? 1 : -1;
        expect(sign * (after - before)).toBeGreaterThan(0);
        expect(sign * (other - before)).toBeLessThan(0);
      }),
    );
  });

  it('is fair: towards above, no ratio up to the allowed one makes it grow on average', () => {
    fc.assert(
      fc.property(
        events,
        questions,
        fc.constantFrom(0.01, 0.05, 0.5, 0.99),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (list, question, chance, part) => {
          const test = labelTest(question);
          const ratio = question.towards === 'above' ? question.allowed * part : question.allowed / Math.max(1e-6, part);
          const q = (chance * ratio) / (1 - chance + chance * ratio);
          const now = logOfLabels(countsOf(list), test);
          const next = [true, false].map((isOurs) => Math.exp(logOfLabels(countsOf([...list, { chance, isOurs }]), test) - now));
          expect(q * next[0]! + (1 - q) * next[1]!).toBeLessThanOrEqual(1 + 1e-9);
        },
      ),
    );
  });
});
