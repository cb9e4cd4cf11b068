// A small queueing simulation: requests arrive at random and each endpoint serves one at a time, in order.

import type { Balancer } from '../../../../src/upstream/balancer.ts';
import type { Endpoint } from '../../../../src/upstream/endpoint.ts';

export interface Scene {
  readonly balancer: Balancer;
  readonly endpoints: readonly Endpoint[];
  /** Mean time to serve one request, by endpoint index; exponentially distributed. */
  readonly serviceMs: readonly number[];
  readonly requests: number;
  /** Mean time between two requests; exponentially distributed. */
  readonly arrivalMs: number;
  readonly random: () => number;
}

interface Served {
  readonly index: number;
  readonly latencyMs: number;
  readonly endMs: number;
}

export interface Latencies {
  /** Share of requests that the endpoint at this index got. */
  share(index: number): number;
  p99Ms(): number;
  /** 99th percentile over the requests that went to the other endpoints. */
  p99MsWithout(index: number): number;
}

export function simulate(scene: Scene): Latencies {
  const freeAtMs = scene.endpoints.map(() => 0);
  const underWay: Served[] = [];
  const all: Served[] = [];
  let nowMs = 0;
  for (let request = 0; request < scene.requests; request++) {
    nowMs += exponential(scene.random, scene.arrivalMs);
    finishUntil(scene, underWay, nowMs);
    const endpoint = scene.balancer.pick('', undefined)!;
    const index = scene.endpoints.indexOf(endpoint);
    endpoint.inFlight++;
    const endMs = Math.max(nowMs, freeAtMs[index]!) + exponential(scene.random, scene.serviceMs[index]!);
    freeAtMs[index] = endMs;
    const served = { index, latencyMs: endMs - nowMs, endMs };
    underWay.push(served);
    all.push(served);
  }
  return {
    share: (index) => all.filter((served) => served.index === index).length / all.length,
    p99Ms: () => p99(all),
    p99MsWithout: (index) => p99(all.filter((served) => served.index !== index)),
  };
}

function finishUntil(scene: Scene, underWay: Served[], nowMs: number): void {
  const done = underWay.filter((served) => served.endMs <= nowMs).sort((a, b) => a.endMs - b.endMs);
  if (done.length === 0) return;
  for (const served of done) {
    underWay.splice(underWay.indexOf(served), 1);
    const endpoint = scene.endpoints[served.index]!;
    endpoint.inFlight--;
    scene.balancer.observed(endpoint, served.latencyMs, served.endMs);
  }
}

function exponential(random: () => number, mean: number): number {
  return -Math.log(1 - random()) * mean;
}

function p99(served: readonly Served[]): number {
  return served.map((one) => one.latencyMs).sort((a, b) => a - b)[Math.floor(served.length * 0.99)]!;
}
