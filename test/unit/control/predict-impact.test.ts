// What is taken for ready before and after a change, and which exchanges are decided again.

import { describe, expect, test } from 'vitest';
import type { EndpointConfig, PoolConfig, VersionConfig } from '../../../src/config/model.ts';
import { seenRequests, sideAfter, sideBefore } from '../../../src/control/predict-impact.ts';
import type { NotReadyReason, PoolStatus } from '../../../src/api/pools.ts';
import { compileTable } from '../../../src/routing/compile.ts';
import { Observation } from '../../../src/telemetry/observation.ts';
import { makeConfig, makePool } from '../routing/make-table.ts';

const pool = makePool({ v1: 90, v2: 10 });

function endpoint(port: number, parts: Partial<EndpointConfig> = {}): EndpointConfig {
  const key = `127.0.0.1:${port}`;
  return { address: { kind: 'tcp', host: '127.0.0.1', port }, key, weight: 1, zone: undefined, drain: false, ...parts };
}

function withV1(version: Partial<VersionConfig>): PoolConfig {
  return {
    ...pool,
    versions: pool.versions.map((each) => ({ ...each, endpoints: [endpoint(1)], ...(each.name === 'v1' ? version : {}) })),
  };
}

/** v1 with one endpoint per reason; v2 is ready. */
function status(...reasons: readonly (NotReadyReason | undefined)[]): PoolStatus {
  const live = { inFlight: 0, connections: 0 };
  const endpoints = reasons.map((reason, index) => ({
    ...live,
    address: `127.0.0.1:${index + 1}`,
    weight: 1,
    zone: undefined,
    ready: reason === undefined,
    reason,
  }));
  const version = (name: string, list: typeof endpoints) => ({
    ...live,
    name,
    weight: 1,
    share: 0.5,
    ready: list.some(({ ready }) => ready),
    draining: false,
    endpoints: list,
  });
  const versions = [version('v1', endpoints), version('v2', [{ ...endpoints[0]!, ready: true, reason: undefined }])];
  return { name: 'shop', revision: 1, workers: { applied: 1, total: 1 }, weights: {}, versions, overrides: [], mirrors: [] };
}

function readyAfter(after: PoolConfig, before: PoolStatus): readonly boolean[] {
  const config = makeConfig([], [after]);
  const side = sideAfter(compileTable(config, 1), () => before);
  return side.table.pools[0]!.versions.map(({ index }) => side.ready(side.table.pools[0]!, index));
}

test('before: what is ready now', () => {
  const side = sideBefore(compileTable(makeConfig([], [pool]), 1), () => status('unhealthy'));
  expect([0, 1].map((version) => side.ready(side.table.pools[0]!, version))).toEqual([false, true]);
});

describe('after', () => {
  test.each([
    ['all is as it was', withV1({}), status(undefined), [true, true]],
    ['what is unhealthy stays so', withV1({}), status('unhealthy'), [false, true]],
    ['one of two endpoints is well', withV1({ endpoints: [endpoint(1), endpoint(2)] }), status('ejected', undefined), [true, true]],
    ['a version that is drained', withV1({ drain: true }), status(undefined), [false, true]],
    ['an endpoint that is drained', withV1({ endpoints: [endpoint(1, { drain: true })] }), status(undefined), [false, true]],
    ['one that is resumed', withV1({}), status('draining'), [true, true]],
    ['an endpoint without weight', withV1({ endpoints: [endpoint(1, { weight: 0 })] }), status(undefined), [false, true]],
    ['a new endpoint is taken for well', withV1({ endpoints: [endpoint(7)] }), status('unhealthy'), [true, true]],
    ['a name that has no address now', withV1({ endpoints: [] }), status('unhealthy'), [false, true]],
  ])('%s', (_, after, before, expected) => {
    expect(readyAfter(after, before)).toEqual(expected);
  });

  test('a version that nobody knows yet is ready', () => {
    const config = makeConfig([], [makePool({ v1: 1, v2: 1, v3: 1 })]);
    const side = sideAfter(compileTable(config, 1), () => status(undefined));
    expect(side.ready(side.table.pools[0]!, 2)).toBe(true);
  });
});

test('exchanges: the newest thousand of the sample, whole ones alone', () => {
  const observed = (parts: Partial<Observation>): Observation =>
    Object.assign(new Observation(), { standsFor: 1, target: '/a?b=c' }, parts);
  const many = Array.from({ length: 1500 }, (_, index) => observed({ startedAtMs: index, client: String(index) }));
  const seen = seenRequests([observed({ isCut: true, startedAtMs: 9999 }), observed({ standsFor: 0, startedAtMs: 9999 }), ...many]);
  expect(seen).toHaveLength(1000);
  expect([seen[0]?.client, seen.at(-1)?.client]).toEqual(['1499', '500']);
  expect(seen[0]?.request).toEqual({ method: '', path: '/a', query: 'b=c', authority: '', block: '' });
});
