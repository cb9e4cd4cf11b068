// How far a version has come in its slow start, from what the workers say of its endpoints.

import type { PoolConfig } from '../../config/model.ts';
import { growingShare } from '../../lib/growing-share.ts';
import type { RampShare } from '../../rollout/seen.ts';
import { ENDPOINT_NOT_READY, ENDPOINT_STARTED } from '../../telemetry/counter-layout.ts';
import type { CounterRegistry } from '../../telemetry/counter-registry.ts';

const FULL: RampShare = { endpoints: 1, version: 1 };

/** @param pool as it is served; @param nowMs by `processMs` */
export function rampShareOf(pool: PoolConfig | undefined, name: string, counters: Pick<CounterRegistry, 'find'>, nowMs: number): RampShare {
  const version = pool?.versions.find((each) => each.name === name);
  if (pool === undefined || version === undefined || (pool.slowStartMs === 0 && version.slowStartMs === 0)) return FULL;
  let [weights, shares, oldestMs] = [0, 0, -Infinity];
  for (const { key: endpoint, weight, drain } of version.endpoints) {
    const block = counters.find({ kind: 'endpoint', pool: pool.name, version: name, endpoint });
    if (weight === 0 || drain !== false || (block?.total(ENDPOINT_NOT_READY) ?? 0) > 0) continue;
    const startedMs = block?.most(ENDPOINT_STARTED) ?? 0;
    const ageMs = startedMs === 0 ? Infinity : nowMs - startedMs;
    weights += weight;
    shares += weight * growingShare(ageMs, pool.slowStartMs);
    oldestMs = Math.max(oldestMs, ageMs);
  }
  return weights === 0 ? FULL : { endpoints: shares / weights, version: growingShare(oldestMs, version.slowStartMs) };
}
