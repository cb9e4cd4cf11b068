// Schemas of how a pool looks after its endpoints and exchanges: health checks, outliers and retries.

import { z } from 'zod';
import type { HealthConfig, HealthExpectation, OutlierConfig, RetryConfig } from '../model.ts';
import { headerMap } from './header-changes.ts';
import { duration, hostText, path, share, nonEmptyText } from './scalar.ts';
import { addProblem, flag, nonEmptyList, list, oneOf, strictMap, integer } from './strict-map.ts';

/** Statuses of gRPC are those of calls that have nothing else. */
const CONDITIONS = [
  ...(['connect-failure', 'reset', 'refused-stream', 'gateway-error', '5xx', 'response-timeout'] as const),
  ...(['cancelled', 'deadline-exceeded', 'resource-exhausted', 'internal', 'unavailable'] as const),
] as const;

export function health() {
  return strictMap({
    protocol: oneOf('protocol', ['http', 'tcp']).default('http').describe('tcp: a connection that opens is enough.'),
    grpc: serviceName()
      .describe('Present: the health protocol of gRPC is asked for this service; "" asks for the whole endpoint.')
      .optional(),
    path: path().default('/healthz').describe('The path that is asked for.'),
    host: hostText('host', 'with port').describe('Host of the probe; default: the address of the endpoint.').optional(),
    headers: headerMap().describe('Further header fields of the probe.'),
    port: integer('port', 0, 65_535).default(0).describe('Port that is probed; 0 = that of the endpoint.'),
    interval: duration(1).prefault('2s').describe('From one probe to the next.'),
    idleInterval: duration().prefault('0s').describe('The same while the version gets no requests; 0s = no difference.'),
    timeout: duration(1).prefault('1s').describe('How long one probe may take.'),
    healthyAfter: integer('healthyAfter', 1, 1000).default(2).describe('Good probes in a row that make an endpoint healthy.'),
    unhealthyAfter: integer('unhealthyAfter', 1, 1000).default(3).describe('Bad probes in a row that make it unhealthy.'),
    start: oneOf('start', ['healthy', 'unhealthy']).default('healthy').describe('What a new endpoint counts as until its first probe.'),
    expect: expect().describe('What makes a probe good.'),
  }).transform(({ interval, idleInterval, timeout, host, headers, grpc, ...rest }): HealthConfig => ({
    ...rest,
    grpc,
    host,
    headers,
    intervalMs: interval,
    idleIntervalMs: idleInterval,
    timeoutMs: timeout,
  }));
}

function serviceName() {
  const error = 'grpc must be the name of a service, such as shop.v1.Carts, of at most 127 characters, or ""';
  return z.string({ error }).regex(/^(?:[A-Za-z_][\w.]{0,126})?$/, { error });
}

export function outlier() {
  return strictMap({
    consecutive: integer('consecutive', 0, 1_000_000).default(5).describe('Failures in a row that eject; 0 = off.'),
    consecutiveGateway: integer('consecutiveGateway', 0, 1_000_000)
      .default(0)
      .describe('The same for failures to reach it and for 502, 503, 504; 0 = off.'),
    failures: share().prefault('0%').describe('Share of failures within an interval that ejects; 0% = off.'),
    minRequests: integer('minRequests', 1, 1_000_000_000)
      .default(50)
      .describe('Attempts within an interval below which the share says nothing.'),
    interval: duration(1)
      .prefault('10s')
      .describe('How long the share is counted, and how long without a failure makes the next ejection shorter.'),
    ejection: duration(1).prefault('30s').describe('How long the first ejection lasts.'),
    maxEjected: share().prefault('50%').describe('Largest share of endpoints that may be ejected.'),
  })
    .transform(({ failures, interval, ejection, ...rest }): OutlierConfig => ({
      ...rest,
      failureShare: failures,
      intervalMs: interval,
      ejectionMs: ejection,
    }))
    .prefault({});
}

export function retries() {
  return strictMap({
    attempts: integer('attempts', 0, 10).default(1).describe('Further attempts after the first.'),
    on: conditions().describe('What is tried again.'),
    perTry: duration().prefault('0s').describe('How long one attempt may take; 0s = no own limit.'),
    budget: share().prefault('20%').describe('Share of requests that may be tried again.'),
    acrossVersions: flag().default(false).describe('true: another version of the split may respond to what one failed.'),
  })
    .transform(({ perTry, ...rest }): RetryConfig => ({ ...rest, perTryMs: perTry }))
    .prefault({});
}

function expect() {
  return strictMap({
    status: nonEmptyList('status', integer('status', 100, 599))
      .default([200])
      .describe('Any of these.'),
    body: nonEmptyText('body').describe('Text that the response must contain.').optional(),
    json: jsonFields().describe('Fields of a JSON response by path (checks.db.ok, nodes.0) with the values they must have.'),
  })
    .transform((written): HealthExpectation => ({ status: written.status, body: written.body, json: written.json }))
    .prefault({});
}

function jsonFields() {
  const error = 'value must be text, a number, true or false';
  const value = z.union([z.string(), z.number(), z.boolean()], { error });
  return z.record(nonEmptyText('field path'), value, { error: 'must be a map of values by field path' }).default({});
}

function conditions() {
  const error = `condition must be ${CONDITIONS.join(', ')} or a status from 400 to 599`;
  const status = z.number({ error }).int({ error }).min(400, { error }).max(599, { error });
  return list(z.union([z.enum(CONDITIONS, { error }), status], { error }))
    .superRefine((written, context) => {
      if (new Set(written).size < written.length) addProblem(context, 'a condition is named twice');
    })
    .default(['connect-failure', 'reset', 'refused-stream']);
}
