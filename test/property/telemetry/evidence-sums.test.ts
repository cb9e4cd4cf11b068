// Whatever several writers count, in whatever order their steps come, the sums are those of one writer who did it all.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCounts, EVENT_CELLS, partsFor } from '../../../src/telemetry/evidence-layout.ts';
import type { Arm } from '../../../src/telemetry/evidence-layout.ts';
import { createSignals, SignalsReader } from '../../../src/telemetry/evidence-signals.ts';
import { sumArm } from '../../../src/telemetry/evidence-sums.ts';
import { createUsers, EvidenceUsers, NO_USER } from '../../../src/telemetry/evidence-users.ts';
import { EvidenceWriter } from '../../../src/telemetry/evidence-writer.ts';

const WORKERS = 3;
const SEGMENTS = [0, 1, 63];
const users = createUsers(1);

const act = fc.record({
  worker: fc.nat(WORKERS - 1),
  segment: fc.constantFrom(...SEGMENTS),
  arm: fc.constantFrom<Arm>(0, 1),
  user: fc.constantFrom<string>('', 'ada', 'grace', 'alan'),
  what: fc.constantFrom('assigned', 'finished', 'bad', 'good'),
  cell: fc.nat(EVENT_CELLS - 1),
});
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** Neither values nor who has most. */
const NO_MORE = {
  top: { add: () => undefined },
  valueFields: [],
  values: undefined,
  redirects: [],
  emptyBodies: [],
  smallBodies: [],
  sizes: undefined,
};

function countAll(acts: readonly Act[], workerOf: (act: Act) => number) {
  new Int32Array(users).fill(0);
  const counts = createCounts(WORKERS);
  const of = (worker: number, segment: number): EvidenceWriter => {
    const signals = new SignalsReader(createSignals(), 1);
    const deps = { baseline: 0, canary: 1, cells: new Float64Array(counts), worker, segment, signals, fields: [], routes: [] };
    return new EvidenceWriter({ ...deps, users: new EvidenceUsers(users), news: { raise: () => undefined }, ...NO_MORE });
  };
  const writers = Array.from({ length: WORKERS }, (_, worker) => new Map(SEGMENTS.map((segment) => [segment, of(worker, segment)])));
  for (const one of acts) {
    const writer = writers[workerOf(one)]!.get(one.segment)!;
    const user = one.user === '' ? NO_USER : writer.users.find(one.user, false);
    const row = writer.rowOf(one.arm);
    if (one.what === 'bad') writer.bad(row, one.arm, user, one.cell);
    else if (one.what === 'good') writer.good(row, user, one.cell);
    else if (one.what === 'finished') writer.finished(row, user);
    else writer.assigned(row, one.arm, user);
  }
  const cells = new Float64Array(counts);
  return SEGMENTS.flatMap((segment) => ([0, 1] as const).map((arm) => sumArm(cells, partsFor(WORKERS), segment, arm)));
}

test('sums do not depend on who counted', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      expect(countAll(acts, ({ worker }) => worker)).toEqual(countAll(acts, () => 0));
    }),
    { numRuns: 60 },
  );
});

test('sums of requests without a key do not depend on the order', () => {
  const unkeyed = act.map((one) => ({ ...one, user: '' }));
  const shuffled = fc
    .array(unkeyed, { maxLength: 60 })
    .chain((acts) => fc.tuple(fc.constant(acts), fc.shuffledSubarray(acts, { minLength: acts.length })));
  fc.assert(
    fc.property(shuffled, ([acts, other]) => {
      expect(countAll(other, ({ worker }) => worker)).toEqual(countAll(acts, ({ worker }) => worker));
    }),
    { numRuns: 60 },
  );
});
