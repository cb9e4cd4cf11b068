// How much each zone gets, by the readiness of its endpoints (Envoy: priority levels and the overprovisioning factor). Pure.

import type { Endpoint } from './endpoint.ts';
import { NOT_READY_DRAINING } from './endpoint.ts';

/** A zone gets all that it is to get until fewer than 1 / 1.4 (71 %) of its endpoints are ready. */
const OVERPROVISION = 1.4;
/** What rounding may take from a sum of shares. */
const ROUNDING = 1e-9;

export interface ZoneShares {
  /** Running sums, by zone; the last is 1 when any endpoint is ready, else all are 0. */
  readonly shares: readonly number[];
  /** Whether the ready endpoints can take the whole load. */
  readonly whole: boolean;
}

/** Each zone takes what it can of what those before it left over. When all together cannot take the whole, their parts grow in proportion. */
export function sharesOf(zones: readonly (readonly Endpoint[])[]): ZoneShares {
  const healths = zones.map(healthOf);
  const total = Math.min(
    1,
    healths.reduce((sum, health) => sum + health, 0),
  );
  let sum = 0;
  const sums = healths.map((health) => (sum = Math.min(total, sum + health)));
  if (total === 0) return { shares: sums, whole: false };
  const last = sums.findIndex((each) => each >= total);
  return { shares: sums.map((each, index) => (index >= last ? 1 : each / total)), whole: total >= 1 - ROUNDING };
}

/** 0 to 1. Endpoints that are drained are as good as gone; weights count, so that a zone of few large endpoints is judged by them. */
function healthOf(endpoints: readonly Endpoint[]): number {
  let all = 0;
  let ready = 0;
  for (const endpoint of endpoints) {
    if ((endpoint.notReadyReasons & NOT_READY_DRAINING) !== 0) continue;
    all += endpoint.weight;
    if (endpoint.ready) ready += endpoint.weight;
  }
  return all === 0 ? 0 : Math.min(1, (ready / all) * OVERPROVISION);
}
