// The power of two choices: the less loaded of two random endpoints is nearly as good as the least loaded of all,
// and does not send everybody to the same one (Mitzenmacher 2001).

import type { Endpoint } from '../endpoint.ts';
import { avoidedIfReady, isPickable } from './pickable.ts';
import type { WeightedDraw } from './weighted-draw.ts';

/** How busy an endpoint is, related to its weight; the lower wins. */
export type Load = (endpoint: Endpoint) => number;

/** Compares `first` with a second draw. Looks at all endpoints when the draws did not find two that are ready. */
export function pickLighter(
  draw: WeightedDraw,
  first: Endpoint | undefined,
  avoid: Endpoint | undefined,
  load: Load,
): Endpoint | undefined {
  if (first === undefined) return pickLightest(draw, avoid, load);
  const second = draw.drawReadyOther(first, avoid);
  if (second === undefined) return pickLightest(draw, avoid, load);
  return load(second) < load(first) ? second : first;
}

function pickLightest(draw: WeightedDraw, avoid: Endpoint | undefined, load: Load): Endpoint | undefined {
  const endpoints = draw.endpoints;
  const count = endpoints.length;
  let best: Endpoint | undefined;
  let bestLoad = Infinity;
  let index = draw.uniformIndex();
  for (let seen = 0; seen < count; seen++) {
    const endpoint = endpoints[index]!;
    index = index + 1 < count ? index + 1 : 0;
    if (!isPickable(endpoint, avoid)) continue;
    const endpointLoad = load(endpoint);
    if (best !== undefined && endpointLoad >= bestLoad) continue;
    best = endpoint;
    bestLoad = endpointLoad;
  }
  return best ?? avoidedIfReady(endpoints, avoid);
}
