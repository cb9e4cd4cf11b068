// Schemas of how a pool looks after its endpoints and exchanges: health checks and retries.

import type { HealthConfig, RetryConfig } from '../model.ts';
import { duration, path, share, someText } from './scalar.ts';
import { complain, fullList, list, oneWord, shape, whole } from './shape.ts';

const CONDITIONS = ['connect-failure', 'reset', 'refused-stream', 'gateway-error', '5xx', 'response-timeout'] as const;

export function health() {
  return shape({
    path: path().default('/healthz').describe('What is asked for.'),
    interval: duration(1).prefault('2s').describe('From one probe to the next.'),
    timeout: duration(1).prefault('1s').describe('How long one probe may take.'),
    healthyAfter: whole('healthyAfter', 1, 1000).default(2).describe('Good probes in a row that make an endpoint healthy.'),
    unhealthyAfter: whole('unhealthyAfter', 1, 1000).default(3).describe('Bad probes in a row that make it unhealthy.'),
    expect: expect().describe('What makes a probe good.'),
  }).transform(({ interval, timeout, ...rest }): HealthConfig => ({ ...rest, intervalMs: interval, timeoutMs: timeout }));
}

export function retries() {
  return shape({
    attempts: whole('attempts', 0, 10).default(1).describe('Further attempts after the first.'),
    on: conditions().describe('What is tried again.'),
    perTry: duration().prefault('0s').describe('How long one attempt may take; 0s = no own limit.'),
    budget: share().prefault('20%').describe('Share of requests that may be tried again.'),
  })
    .transform(({ perTry, ...rest }): RetryConfig => ({ ...rest, perTryMs: perTry }))
    .prefault({});
}

function expect() {
  return shape({
    status: fullList('status', whole('status', 100, 599))
      .default([200])
      .describe('Any of these.'),
    body: someText('body').describe('Text that the answer must contain.').optional(),
  })
    .transform((written) => ({ status: written.status, body: written.body }))
    .prefault({});
}

function conditions() {
  return list(oneWord('condition', CONDITIONS))
    .superRefine((written, context) => {
      if (new Set(written).size < written.length) complain(context, 'a condition is named twice');
    })
    .default(['connect-failure', 'reset', 'refused-stream']);
}
