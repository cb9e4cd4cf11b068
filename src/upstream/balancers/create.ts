// From a balancer's name in the Config to the balancer itself.

import type { BalancerName } from '../../config/model.ts';
import type { Balancer } from '../balancer.ts';
import { LeastRequest } from './least-request.ts';
import { PeakEwma } from './peak-ewma.ts';
import { RandomChoice } from './random.ts';
import { RingHash } from './ring-hash.ts';
import { RoundRobin } from './round-robin.ts';

/** Makes a balancer without endpoints; `random` gives fractions, 0 <= x < 1, that need not be unguessable. */
export function createBalancer(name: BalancerName, random: () => number): Balancer {
  switch (name) {
    case 'round-robin':
      return new RoundRobin(random);
    case 'least-request':
      return new LeastRequest(random);
    case 'peak-ewma':
      return new PeakEwma(random);
    case 'ring-hash':
      return new RingHash(random);
    case 'random':
      return new RandomChoice(random);
    default:
      throw new Error(`no such balancer: ${name satisfies never}`);
  }
}
