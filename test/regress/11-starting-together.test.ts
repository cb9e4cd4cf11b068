// Versions that start at nearly the same time keep their shares; a key stays where it is while an endpoint starts.

import { expect, test } from 'vitest';
import { seededRandom } from '../scaffold/seeded-random.ts';
import { choose } from '../../src/routing/choose.ts';
import { Choice } from '../../src/routing/choice.ts';
import { SplitStream } from '../../src/routing/split-stream.ts';
import { Selection } from '../../src/upstream/selection.ts';
import { FakeState, makePool, makePoolTable, makeRequest } from '../unit/routing/make-table.ts';
import { hostOf, makeEndpoint } from '../unit/upstream/balancers/endpoints.ts';

test('of two versions that are both cold the one that began a moment earlier gets no more than its share', () => {
  const random = seededRandom(7);
  const pool = makePool({ v1: 50, v2: 50 });
  const versions = pool.versions.map((version) => ({ ...version, slowStartMs: 30_000 }));
  const table = makePoolTable({ v1: 50, v2: 50 }, { versions });
  const state = new FakeState();
  state.stream = new SplitStream(table, random);
  state.chance = random;
  state.rampShares.push(0.201, 0.2);
  const choice = new Choice();
  let first = 0;
  for (let i = 0; i < 2000; i++) {
    choose(table, makeRequest('GET a/'), '', state, choice);
    if (choice.version?.name === 'v1') first++;
  }
  expect(first / 2000).toBeCloseTo(0.5, 1);
});

test('a key goes to one endpoint of a ring at a time, also while one is starting', () => {
  const endpoints = [makeEndpoint('a'), makeEndpoint('b'), makeEndpoint('c')];
  const selection = new Selection(seededRandom(1));
  selection.configure(makePool({ v1: 1 }, { balancer: 'ring-hash', slowStartMs: 60_000 }));
  selection.update(endpoints);
  selection.slowStart.begin(endpoints[0]!);
  const moved = Array.from({ length: 100 }, (_, user) => `user-${user}`).filter((key) => {
    const hosts = new Set(Array.from({ length: 20 }, () => hostOf(selection.pick(key, undefined))));
    return hosts.size > 1;
  });
  expect(moved).toEqual([]);
});
