// The two questions that every balancer asks of an endpoint. Readiness is read at each pick, never remembered.

import type { Endpoint } from '../endpoint.ts';

/** Whether `endpoint` may be picked while another than `avoid` is wanted. */
export function isPickable(endpoint: Endpoint, avoid: Endpoint | undefined): boolean {
  return endpoint !== avoid && endpoint.ready;
}

/** The last resort when nothing was pickable: `avoid` itself, if it is one of `endpoints` and ready. */
export function avoidedIfReady(endpoints: readonly Endpoint[], avoid: Endpoint | undefined): Endpoint | undefined {
  return avoid !== undefined && avoid.ready && endpoints.includes(avoid) ? avoid : undefined;
}

/** Leaves those that can have a share at all. */
export function dropWeightless(endpoints: readonly Endpoint[]): Endpoint[] {
  return endpoints.filter((endpoint) => endpoint.weight > 0);
}
