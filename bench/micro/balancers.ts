// What one pick costs: every balancer, with few and many endpoints, all ready and half of them unready.

import type { BalancerName } from '../../src/config/model.ts';
import { nowMs } from '../../src/lib/clock.ts';
import { randomFraction } from '../../src/lib/random.ts';
import type { EndpointCounters } from '../../src/telemetry/counters.ts';
import type { Balancer } from '../../src/upstream/balancer.ts';
import { createBalancer } from '../../src/upstream/balancers/create.ts';
import { Endpoint } from '../../src/upstream/endpoint.ts';
import { NOT_READY_DRAINING } from '../../src/upstream/endpoint.ts';

const names: readonly BalancerName[] = ['round-robin', 'least-request', 'peak-ewma', 'ring-hash', 'random'];

export const benchmarks: readonly { name: string; run: (iterations: number) => void }[] = [
  ...names.flatMap((name) => [benchmarkPicks(name, 3, 'equal'), benchmarkPicks(name, 100, 'equal')]),
  ...names.map((name) => benchmarkPicks(name, 100, 'weighted')),
  ...names.map((name) => benchmarkPicks(name, 100, 'half unready')),
];

function benchmarkPicks(name: BalancerName, count: number, shape: 'equal' | 'weighted' | 'half unready') {
  const endpoints = Array.from({ length: count }, (_, index) => {
    const weight = shape === 'weighted' ? 1 + (index % 5) : 1;
    const host = `10.0.0.${index}`;
    const config = { address: { kind: 'tcp', host, port: 80 } as const, key: `${host}:80`, weight, zone: undefined, drain: false };
    const endpoint = new Endpoint(config, {} as EndpointCounters);
    endpoint.notReadyReasons = shape === 'half unready' && index % 2 === 1 ? NOT_READY_DRAINING : 0;
    endpoint.inFlight = 1 + (index % 3);
    return endpoint;
  });
  const balancer = createBalancer(name, randomFraction);
  balancer.update(endpoints);
  endpoints.forEach((endpoint, index) => balancer.observed(endpoint, 1 + (index % 7), index));
  return { name: `${name}, ${count} ${shape}`, run: (iterations: number) => pickRepeatedly(balancer, iterations) };
}

/** Keyed, as ring-hash is meant to be used; the key has the length of an affinity cookie. */
function pickRepeatedly(balancer: Balancer, iterations: number): number {
  let inFlight = 0;
  for (let iteration = 0; iteration < iterations; iteration++) {
    inFlight += balancer.pick(keys[iteration & 1023]!, undefined)!.inFlight;
  }
  return inFlight;
}

const keys = Array.from({ length: 1024 }, (_, index) => `session-${String(index).padStart(14, '0')}`);

if (import.meta.main) {
  const iterations = 1_000_000;
  for (const { name, run } of benchmarks) {
    run(iterations / 10);
    const startMs = nowMs();
    run(iterations);
    console.log(`${name}: ${(((nowMs() - startMs) * 1e6) / iterations).toFixed(1)} ns/op`);
  }
}
