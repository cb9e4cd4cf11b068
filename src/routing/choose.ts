// Decides which version of a pool responds to a request: override, then affinity, then weight. Synchronous, no I/O; time and chance come in
// through the PoolState. Five arguments instead of an object: it runs once per request.

import { AFFINITY_OWN_COOKIE, readKey } from './affinity.ts';
import { canaryChance } from './canary-chance.ts';
import { rankByKey } from './rank-by-key.ts';
import { spareStarting, WhenReady } from './choose-otherwise.ts';
import { findOverride } from './overrides.ts';
import { rememberedVersion } from './remembered-version.ts';
import {
  REASON_AFFINITY,
  REASON_AFFINITY_NEW,
  REASON_FALLBACK,
  REASON_REMEMBERED,
  resetChoice,
  REASON_OVERRIDE,
  REASON_ROUTE,
  REASON_WEIGHT,
} from './choice.ts';
import type { Choice } from './choice.ts';
import type { PoolState } from './pool-state.ts';
import type { RoutableRequest } from './request.ts';
import type { Destination, PoolTable } from './table.ts';

/** Fills `out`; a destination that names a version outright overrules all else. */
export function chooseFor({ pool, version }: Destination, request: RoutableRequest, client: string, state: PoolState, out: Choice): void {
  if (version === undefined) return choose(pool, request, client, state, out);
  resetChoice(out);
  keepKeyForBalancer(pool, request, client, out);
  if (pool.holds || state.ready(version.index)) take(pool, version.index, REASON_ROUTE, out);
  // A route's own version has no split to fall back to.
}

/**
 * Fills `out`. `client` is the client's address, empty when unknown. `out.version` is undefined when no version may respond; in a pool that
 * holds requests it is then the one to wait for.
 */
export function choose(pool: PoolTable, request: RoutableRequest, client: string, state: PoolState, out: Choice): void {
  decide(pool, request, client, state, out);
  if (out.version === undefined) {
    if (pool.holds) decide(pool, request, client, new WhenReady(state), out);
  } else if (pool.hasSlowStart && state.ready(out.version.index)) spareStarting(pool, state, out);
  if (out.isRandom && pool.canary >= 0) out.canaryChance = canaryChance(pool, state);
}

function decide(pool: PoolTable, request: RoutableRequest, client: string, state: PoolState, out: Choice): void {
  resetChoice(out);
  let missed = false;
  if (pool.overrides.length > 0) {
    const rule = findOverride(pool.overrides, request);
    if (rule !== undefined) {
      if (state.ready(rule.version.index)) {
        out.override = rule.name;
        keepKeyForBalancer(pool, request, client, out);
        return take(pool, rule.version.index, REASON_OVERRIDE, out);
      }
      if (pool.fallback === 'fail') return keepKeyForBalancer(pool, request, client, out);
      missed = true;
    }
  }
  const { affinity } = pool;
  if (affinity === undefined) return chooseByWeight(pool, state, missed, out);
  out.key = readKey(affinity, request, client);
  if (out.key !== '') return chooseByKey(pool, state, missed ? REASON_FALLBACK : REASON_AFFINITY, out);
  if (affinity.kind !== AFFINITY_OWN_COOKIE) return chooseByWeight(pool, state, missed, out);
  out.key = state.newKey();
  out.setCookie = true;
  chooseByKey(pool, state, missed ? REASON_FALLBACK : REASON_AFFINITY_NEW, out);
}

function chooseByKey(pool: PoolTable, state: PoolState, reason: number, out: Choice): void {
  const wanted = rankByKey(pool, out.key, undefined);
  if (wanted < 0) return;
  out.isRandom = reason !== REASON_FALLBACK;
  // A fallback is for once, and nothing to remember.
  if (pool.sessions !== undefined && reason !== REASON_FALLBACK) {
    const kept = rememberedVersion(pool, state, wanted, out);
    if (kept >= 0) return take(pool, kept, REASON_REMEMBERED, out);
  }
  if (reason !== REASON_FALLBACK) out.drawn = wanted;
  if (state.ready(wanted)) return take(pool, wanted, reason, out);
  out.isRandom = false;
  if (pool.fallback === 'fail') return;
  const other = rankByKey(pool, out.key, state);
  if (other >= 0) take(pool, other, REASON_FALLBACK, out);
}

function chooseByWeight(pool: PoolTable, state: PoolState, missed: boolean, out: Choice): void {
  const wanted = state.nextVersion();
  if (wanted < 0) return;
  out.isRandom = !missed;
  if (!missed) out.drawn = wanted;
  if (state.ready(wanted)) return take(pool, wanted, missed ? REASON_FALLBACK : REASON_WEIGHT, out);
  const other = pool.fallback === 'fail' ? -1 : state.nextReadyVersion();
  // It waits for the version that it was drawn for: a second draw would bend the shares.
  if (other < 0 && pool.holds && !missed) return take(pool, wanted, REASON_WEIGHT, out);
  out.isRandom = false;
  if (other >= 0) take(pool, other, REASON_FALLBACK, out);
}

/** An override decides the version; the key, where there is one, still decides the endpoint of a ring. */
function keepKeyForBalancer(pool: PoolTable, request: RoutableRequest, client: string, out: Choice): void {
  if (pool.balancer === 'ring-hash' && pool.affinity !== undefined) out.key = readKey(pool.affinity, request, client);
}

function take(pool: PoolTable, version: number, reason: number, out: Choice): void {
  out.version = pool.versions[version];
  out.reason = reason;
}
