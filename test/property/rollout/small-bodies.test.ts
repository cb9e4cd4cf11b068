// Bodies of a canary that are much smaller than usual, where what is usual is learnt from the window before: how often a canary that is alike fails, and
// how soon an error page with the status 200 is found.

import { expect, test } from 'vitest';
import { judgeLabels } from '../../../src/rollout/judge-labels.ts';
import type { LabelCheck } from '../../../src/rollout/label-checks.ts';
import type { Judged, SegmentEvidence } from '../../../src/rollout/model.ts';
import { createSizes, groupOf, SizeBounds, SizeWriter } from '../../../src/telemetry/body-sizes.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { arm } from '../../unit/rollout/fakes.ts';

const CHECK = { name: 's', kind: 'small-bodies', ratio: 1.5, critical: false, onFail: 'hold' } as LabelCheck;
const QUESTION = { check: CHECK, event: 0, alpha: 0.05, alphaShare: 1, names: { baseline: 'v1', canary: 'v2' } };
const SHARE = 0.05;
const PATHS = ['/', '/cart', '/search', '/img/logo.png', '/api/items', '/users/17', '/orders/3/lines', '/help'];

type Chance = () => number;
type Body = (path: number, chance: Chance) => number;

/** Each path has a size of its own, from 300 bytes to half a megabyte, and bodies of a path differ by up to eight times. */
const ordinary: Body = (path, chance) => Math.round(300 * 3 ** path * Math.exp(2 * chance()));
/** Of a part of the requests, whatever they ask for. */
const page =
  (bytes: number, part: number): Body =>
  (path, chance) =>
    chance() < part ? bytes : ordinary(path, chance);

class Run {
  readonly #chance: Chance;
  readonly #sizes: SizeWriter;
  readonly #bounds: SizeBounds;
  readonly events = { baseline: 0, canary: 0 };
  readonly finished = { baseline: 0, canary: 0 };

  constructor(seed: number) {
    this.#chance = seededRandom(seed);
    const memory = createSizes(1);
    [this.#sizes, this.#bounds] = [new SizeWriter(memory, 0), new SizeBounds(memory)];
  }

  /** After how many requests of the canary it fails; undefined: not within so many requests of both. */
  failsAfter(canary: Body, requests: number): number | undefined {
    let before: Judged | undefined;
    let known = { baseline: 0, canary: 0 };
    for (let request = 1; request <= requests; request++) {
      this.#serve(canary);
      if (request % 100 === 0) this.#bounds.pass(500);
      if (request % 60 !== 0) continue;
      const { baseline, canary: ours } = this.events;
      const fresh = [this.#segment({ baseline: baseline - known.baseline, canary: ours - known.canary })];
      const epoch = [this.#segment(this.events)];
      before = judgeLabels(QUESTION, { fresh, epoch, step: epoch, before }).judged;
      known = { ...this.events };
      if (before.failed) return this.finished.canary;
    }
    return undefined;
  }

  #serve(canary: Body): void {
    const drawn = this.#chance() < SHARE ? 'canary' : 'baseline';
    const path = Math.floor(this.#chance() * PATHS.length);
    const group = groupOf(PATHS[path]!);
    const below = this.#sizes.boundOf(group);
    const bytes = (drawn === 'canary' ? canary : ordinary)(path, this.#chance);
    this.finished[drawn]++;
    if (drawn === 'baseline') this.#sizes.add(group, bytes);
    if (bytes < below) this.events[drawn]++;
  }

  #segment(events: Readonly<Record<'baseline' | 'canary', number>>): SegmentEvidence {
    const of = (name: 'baseline' | 'canary') => arm({ finished: this.finished[name], events: [events[name]] });
    return { segment: 0, share: SHARE, baseline: of('baseline'), canary: of('canary') };
  }
}

function found(canary: Body, requests: number, runs: number): readonly number[] {
  const each = Array.from({ length: runs }, (_, seed) => new Run(seed + 1).failsAfter(canary, requests) ?? Infinity);
  return each.sort((a, b) => a - b);
}

test('a canary that is alike is not found to differ', () => {
  // Bodies that differ more, so that many are much smaller: with hardly any there is nothing that chance could do.
  const wide: Body = (path, chance) => ordinary(path, chance) * Math.ceil(6 * chance());
  for (const canary of [ordinary, wide]) {
    // Of 40 runs with a chance of 5 % more than 7 fail in one of a thousand.
    expect(found(canary, 4000, 40).filter((after) => after < Infinity).length).toBeLessThanOrEqual(7);
  }
});

test('an error page with the status 200 is found, also among pages that are smaller than it', () => {
  const middle = (canary: Body, requests: number): number => found(canary, requests, 9)[4]!;
  expect(middle(page(500, 1), 6000)).toBeLessThan(60);
  expect(middle(page(2000, 0.1), 20_000)).toBeLessThan(150);
  expect(middle(page(500, 0.02), 60_000)).toBeLessThan(700);
});
