import { describe, expect, test } from 'vitest';
import { fallbackVersionOf, moveToVersion, retryVersionOf } from '../../../../src/proxy/steps/version-fallback.ts';
import { switchVersion } from '../../../../src/proxy/steps/switch-version.ts';
import { REASON_AFFINITY, REASON_FALLBACK, REASON_OVERRIDE, REASON_ROUTE, REASON_WEIGHT } from '../../../../src/routing/choice.ts';
import { makeRouted } from '../fakes.ts';
import type { FakePool } from '../fakes.ts';

const SPLIT = { canary: 1, stable: 80, old: 19 };

/** On its way to `canary`, by weight. */
function onCanary(given: Parameters<typeof makeRouted>[2] = {}) {
  const made = makeRouted(undefined, SPLIT, given);
  made.state.choice.reason = REASON_WEIGHT;
  made.state.attempt.holdsSlot = true;
  made.version.settings.acrossVersions = true;
  return made;
}

const unready = (pool: FakePool, ...versions: number[]): void => versions.forEach((version) => pool.unready.add(version));

describe('a fallback', () => {
  test('goes to the version of the greatest weight that is ready', () => {
    const { state, pool } = onCanary();
    expect(fallbackVersionOf(state)).toBe(1);
    unready(pool, 1);
    expect(fallbackVersionOf(state)).toBe(2);
  });

  test('stays where no other version is ready, or none may respond', () => {
    const { state, pool, version } = onCanary();
    unready(pool, 1, 2);
    expect(fallbackVersionOf(state)).toBe(-1);
    pool.unready.clear();
    version.settings.acrossVersions = false;
    expect(fallbackVersionOf(state)).toBe(-1);
  });

  test.each([
    ['a route names', REASON_ROUTE, -1],
    ['an override names', REASON_OVERRIDE, -1],
    ['a key chose', REASON_AFFINITY, 1],
    ['the weights chose', REASON_WEIGHT, 1],
  ])('of a version that %s', (_, reason, index) => {
    const { state } = onCanary();
    state.choice.reason = reason;
    expect(fallbackVersionOf(state)).toBe(index);
  });
});

describe('a retry', () => {
  test('goes where a fallback goes', () => {
    expect(retryVersionOf(onCanary().state)).toBe(1);
  });

  test('stays on a version that has another endpoint, and leaves one that has none', () => {
    const { state, pool, version } = onCanary();
    version.settings.acrossVersions = false;
    expect(retryVersionOf(state)).toBe(-1);
    version.readyCount = 0;
    unready(pool, 0, 2);
    expect(retryVersionOf(state)).toBe(1);
  });

  test('stays where another version is no substitute', () => {
    for (const made of [onCanary({ pool: { fallback: { whenNoneReady: 'fail' } } }), onCanary()]) {
      made.version.settings.acrossVersions = false;
      made.version.readyCount = 0;
      unready(made.pool, 0);
      if (made.state.destination!.pool.fallback === 'split') made.state.choice.reason = REASON_ROUTE;
      expect(retryVersionOf(made.state)).toBe(-1);
    }
  });
});

test('a move is counted on both versions, and begins anew for the second', () => {
  const { state, versions, calls, upstream } = onCanary();
  state.attempt.failedEndpoint = upstream.endpoint;
  state.attempt.versionSinceMs = -5;
  moveToVersion(state, 2);
  expect(calls).toEqual(['canary.versionFallback()', 'old.began()', `old.chosen(${REASON_FALLBACK})`]);
  expect([state.choice.version?.name, state.choice.reason, state.attempt.version]).toEqual(['old', REASON_FALLBACK, versions[2]]);
  expect(state.attempt.failedEndpoint).toBeUndefined();
  expect(state.attempt.versionSinceMs).toBeGreaterThan(0);
});

describe('a request that is held', () => {
  test('goes to a version that has become ready', () => {
    const { exchange, state, calls, pool } = onCanary();
    unready(pool, 0, 2);
    expect(switchVersion(exchange)).toBe(true);
    expect(calls).toEqual([
      ...['endAttempt(no_endpoint)', 'canary.versionFallback()', 'stable.began()', `stable.chosen(${REASON_FALLBACK})`],
      'stable.acquire',
    ]);
    expect(state.choice.version?.name).toBe('stable');
  });

  test('waits on while none is ready', () => {
    const { exchange, calls, pool } = onCanary();
    unready(pool, 0, 1, 2);
    expect(switchVersion(exchange)).toBe(false);
    expect(calls).toEqual([]);
  });

  test('waits on for the version that its route names', () => {
    const { exchange, state, pool } = onCanary();
    unready(pool, 0);
    state.choice.reason = REASON_ROUTE;
    expect(switchVersion(exchange)).toBe(false);
  });

  test('waits on where another version is no substitute', () => {
    const { exchange, pool } = onCanary({ pool: { fallback: { whenNoneReady: 'fail' } } });
    unready(pool, 0);
    expect(switchVersion(exchange)).toBe(false);
  });

  test('waits on where its own version is the one that would be taken', () => {
    const { exchange, pool } = onCanary();
    unready(pool, 1, 2);
    expect(switchVersion(exchange)).toBe(false);
  });

  test('goes by its key where it has one, so that it meets the same version again', () => {
    const names = new Set<string | undefined>();
    for (const chance of [0, 0.2, 0.4, 0.6, 0.8, 0.99]) {
      const affinity = { kind: 'header', name: 'x-user' } as never;
      const { exchange, state, pool } = onCanary({ pool: { affinity } });
      unready(pool, 0);
      pool.chances.push(chance);
      state.choice.key = 'user-17';
      expect(switchVersion(exchange)).toBe(true);
      names.add(state.choice.version?.name);
    }
    expect(names.size).toBe(1);
  });
});
