// Which strategy fits a pool: from what it has of traffic, what a fault would cost, and how many endpoints there are for the new version.

import { DEFAULT_TEMPLATE } from '../config/shipped-rollouts.ts';
import { findTemplate } from '../config/shipped-rollouts.ts';
import { plan } from './plan.ts';
import type { PoolTraffic } from './plan.ts';

export interface Situation {
  readonly traffic: PoolTraffic;
  readonly risk: 'low' | 'high';
  readonly endpoints: { readonly baseline: number; readonly canary: number };
  /** Whether requests write something, so that copies of them cannot be sent. */
  readonly canMirror: boolean;
}

export interface Advice {
  /** A template that is shipped, or a strategy to write one with. */
  readonly template: string;
  readonly why: string;
}

const PATIENCE_MS = 2 * 3_600_000;

export function advise({ traffic, risk, endpoints, canMirror }: Situation): Advice {
  if (endpoints.canary === 0)
    return { template: 'rolling', why: 'the new version has no endpoints of its own, so those of the old one are replaced in place' };
  const template = findTemplate({ rollouts: [] }, DEFAULT_TEMPLATE)!;
  const { typicallyMs } = plan({ template, traffic, degradation: 2 });
  if (traffic.perSecond > 0 && typicallyMs !== undefined && typicallyMs <= PATIENCE_MS)
    return { template: 'canary', why: 'there is traffic enough that each step is decided by evidence' };
  if (risk === 'high' && canMirror)
    return {
      template: 'canary',
      why: 'traffic is too little for evidence in two hours and a fault is dear: begin with a mirror step that compares',
    };
  if (endpoints.canary >= endpoints.baseline && risk === 'low')
    return {
      template: 'blue-green',
      why: 'traffic is too little for evidence, and the new version can take everything: smoke, switch, watch, and switch back',
    };
  return { template: 'canary-15m', why: 'traffic is too little for evidence in two hours, so each weight is held for a while' };
}
