// How far a version has come in its slow start, from the counters of the workers.

import { describe, expect, test } from 'vitest';
import type { PoolConfig } from '../../../../src/config/model.ts';
import { rampShareOf } from '../../../../src/control/rollouts/ramp-share.ts';
import { ENDPOINT_NOT_READY, ENDPOINT_STARTED } from '../../../../src/telemetry/counter-layout.ts';
import { CounterRegistry } from '../../../../src/telemetry/counter-registry.ts';
import type { CounterBlock } from '../../../../src/telemetry/counter-block.ts';
import type { CounterKey } from '../../../../src/telemetry/counter-key.ts';

interface Written {
  readonly weight?: number;
  readonly drain?: boolean;
  /** By worker. */
  readonly startedMs?: readonly number[];
  readonly unready?: boolean;
}

function shareOf(endpoints: Readonly<Record<string, Written>>, slowStart: { readonly pool?: number; readonly version?: number }): object {
  const registry = new CounterRegistry(2);
  const keys = Object.keys(endpoints).map((endpoint): CounterKey => ({ kind: 'endpoint', pool: 'shop', version: 'v2', endpoint }));
  registry.commit(registry.reserve(keys), 'all');
  for (const [endpoint, { startedMs = [], unready = false }] of Object.entries(endpoints)) {
    const block = registry.find({ kind: 'endpoint', pool: 'shop', version: 'v2', endpoint })!;
    for (const [worker, atMs] of startedMs.entries()) write(block, worker, ENDPOINT_STARTED, atMs);
    if (unready) write(block, 1, ENDPOINT_NOT_READY, 1);
  }
  const pool = {
    name: 'shop',
    slowStartMs: slowStart.pool ?? 0,
    versions: [
      {
        name: 'v2',
        slowStartMs: slowStart.version ?? 0,
        endpoints: Object.entries(endpoints).map(([key, { weight = 1, drain = false }]) => ({ key, weight, drain })),
      },
    ],
  } as unknown as PoolConfig;
  return rampShareOf(pool, 'v2', registry, 10_000);
}

function write({ bank, first }: CounterBlock, worker: number, cell: number, value: number): void {
  bank.cells[worker * bank.cellsPerWorker + first + cell] = value;
}

describe('the ramp share of a version', () => {
  test('is all of it without a slow start, and where its endpoints were there from the beginning', () => {
    expect(shareOf({ a: { startedMs: [9_999, 9_999] } }, {})).toEqual({ endpoints: 1, version: 1 });
    expect(shareOf({ a: {}, b: {} }, { pool: 60_000, version: 60_000 })).toEqual({ endpoints: 1, version: 1 });
    expect(shareOf({}, { pool: 60_000 })).toEqual({ endpoints: 1, version: 1 });
  });

  test('is the mean of its ready endpoints by weight, and that of the oldest for the version', () => {
    const endpoints = { a: { startedMs: [8_000, 8_000] }, b: { startedMs: [5_000, 5_000], weight: 3 } };
    expect(shareOf(endpoints, { pool: 10_000, version: 20_000 })).toEqual({ endpoints: (0.2 + 3 * 0.5) / 4, version: 0.25 });
    expect(shareOf({ a: { startedMs: [9_990] } }, { pool: 10_000 })).toEqual({ endpoints: 0.1, version: 1 });
    expect(shareOf({ ...endpoints, c: {} }, { version: 20_000 })).toEqual({ endpoints: 1, version: 1 });
  });

  test('leaves out what gets no requests, and goes by the worker that took it into use last', () => {
    const ready = { startedMs: [0, 8_000] };
    expect(shareOf({ a: ready, b: { unready: true }, c: { weight: 0 }, d: { drain: true } }, { pool: 10_000 })).toEqual({
      endpoints: 0.2,
      version: 1,
    });
  });
});
