// Rollouts of an instance: which of them hears of what.

import { expect, it } from 'vitest';
import type { PoolConfig } from '../../../../src/config/model.ts';
import { Rollouts } from '../../../../src/control/rollouts/rollouts.ts';
import type { RolloutsDeps } from '../../../../src/control/rollouts/rollouts-deps.ts';
import type { RolloutState } from '../../../../src/rollout/model.ts';
import { ManualClock } from '../../../scaffold/manual-clock.ts';
import { begun, SEEN } from '../../rollout/fakes.ts';

const WEIGHTS = { v1: 100, v2: 0 };
const POOLS = ['shop', 'cart', 'desk', 'mail'];

function poolOf(name: string): PoolConfig {
  const versions = ['v1', 'v2'].map((version) => ({ name: version, endpoints: [{}] }));
  return { name, versions, split: WEIGHTS, overrides: [], mirrors: [] } as unknown as PoolConfig;
}

function runsOf(states: readonly (readonly RolloutState[])[]) {
  const looked: string[] = [];
  const counts = {
    onEvidence: (_pool: string): void => undefined,
    tell: (event: string) => (event === 'bought' ? ['cart'] : []),
    ...{ halted: () => false, arm: () => true, halt: () => undefined, lift: () => undefined, segment: () => undefined },
  };
  const deps = {
    clock: new ManualClock(),
    current: { config: { pools: POOLS.map(poolOf) }, served: undefined, revision: 1 },
    controller: { submit: () => Promise.resolve({ result: 'applied' }) },
    counts,
    look: { seenOf: ({ pool }: RolloutState) => (looked.push(pool), SEEN) },
    outside: { follow: () => undefined },
    effects: { run: () => new Promise(() => undefined) },
    kept: { read: () => states, keep: () => Promise.resolve() },
    reports: { saw: () => undefined },
    alarmsKnown: { take: () => 1, kept: () => Promise.resolve() },
    log: { warn: () => undefined },
  } as unknown as RolloutsDeps;
  const rollouts = new Rollouts(deps, []);
  /** The pools that were looked at because of it; what changes weights looks once more. */
  const because = async (happens: () => unknown): Promise<readonly string[]> => {
    looked.length = 0;
    await happens();
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    return [...new Set(looked)].sort();
  };
  return { rollouts, counts, because };
}

const alarm = { name: 'pager', alarm: { alertname: 'Down' } };
const one = (pool: string, more: object = {}): RolloutState =>
  begun({ steps: [{ approve: {} }, { weight: '5%', for: '1h' }], ...more }, { id: `${pool}-1`, pool, weights: WEIGHTS });

it('wakes the one that the news is of', async () => {
  const group = ['desk', 'mail'].map((pool) => ({ ...one(pool), group: 'group-1' }));
  const { rollouts, counts, because } = runsOf([[one('shop')], [one('cart', { checks: [{ name: 'errors', errors: {} }, alarm] })], group]);
  await because(() => rollouts.wake());
  expect(await because(() => counts.onEvidence('shop'))).toEqual(['shop']);
  expect(await because(() => counts.onEvidence('mail'))).toEqual(['desk', 'mail']);
  expect(await because(() => counts.onEvidence('other'))).toEqual([]);
  expect(await because(() => rollouts.wakeFor('cart'))).toEqual(['cart']);
  const told = (...events: string[]) => rollouts.conversions(events.map((event) => ({ event, key: 'ada' })));
  expect(await because(() => expect(told('bought', 'sold', 'bought')).toBe(2))).toEqual(['cart']);
  expect(await because(() => told('sold'))).toEqual([]);
  const fires = (alertname: string) => rollouts.alarms([{ status: 'firing', labels: { alertname } }]);
  expect(await because(() => fires('Down'))).toEqual(['cart']);
  expect(await because(() => fires('Other'))).toEqual([]);
  expect(await because(() => rollouts.wake())).toEqual(['cart', 'desk', 'mail', 'shop']);
});
