// Endpoints and counts for the tests of balancers.

import type { EndpointCounters } from '../../../../src/telemetry/counters.ts';
import type { Balancer } from '../../../../src/upstream/balancer.ts';
import { Endpoint } from '../../../../src/upstream/endpoint.ts';

// Balancers never count; touching a counter would fail the test.
const noCounters = {} as EndpointCounters;

export function makeEndpoint(name: string, weight = 1): Endpoint {
  return new Endpoint(
    { address: { kind: 'tcp', host: name, port: 80 }, key: `${name}:80`, weight, zone: undefined, drain: false },
    noCounters,
  );
}

export function makeEndpoints(count: number): Endpoint[] {
  return Array.from({ length: count }, (_, index) => makeEndpoint(`e${index}`));
}

/** Endpoints named a, b, c, … with these weights. */
export function makeWeighted(...weights: readonly number[]): Endpoint[] {
  return weights.map((weight, index) => makeEndpoint(String.fromCharCode(97 + index), weight));
}

export function hostOf(endpoint: Endpoint | undefined): string {
  return endpoint?.address.kind === 'tcp' ? endpoint.address.host : 'none';
}

/** Unkeyed picks by host name; nothing stays in flight. */
export function countPicks(balancer: Balancer, picks: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let pick = 0; pick < picks; pick++) {
    const host = hostOf(balancer.pick('', undefined));
    counts[host] = (counts[host] ?? 0) + 1;
  }
  return counts;
}
