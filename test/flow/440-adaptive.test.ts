// An upstream that is offered three times its capacity: with adaptive concurrency it stays in use, without it it collapses.

import { afterEach, expect, test } from 'vitest';
import { figure, scaled } from './scaffold/full.ts';
import { closeAll } from './scaffold/open.ts';
import { startOverload } from './scaffold/overload.ts';
import { SLICE_MS } from './scaffold/overload-order.ts';
import type { OverloadResponse } from './scaffold/overload-order.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const SLOTS = 8;
const SERVICE_MS = 40;
const CAPACITY = (SLOTS * 1000) / SERVICE_MS;

interface Run {
  readonly adaptive: boolean;
  readonly perSecond: number;
  readonly settleMs: number;
  readonly measureMs: number;
}

async function run({ adaptive, ...load }: Run): Promise<OverloadResponse> {
  const { port } = await startOverload().order({ kind: 'serve', slots: SLOTS, serviceMs: SERVICE_MS });
  const pool = { limits: { adaptive }, timeouts: { response: '500ms' }, retries: { attempts: 0 } };
  const sluice = await startSluice(configFor({ endpoints: [`127.0.0.1:${port}`], pool }));
  return startOverload().order({ kind: 'load', port: sluice.port, ...load });
}

function quantile(sorted: readonly number[] = [], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Good responses per second in the median slice: a busy machine that stops one of the processes for a moment shall not decide. */
function goodPerSecond({ slices }: OverloadResponse): number {
  return (
    (quantile(
      slices.toSorted((a, b) => a - b),
      0.5,
    ) *
      1000) /
    SLICE_MS
  );
}

// On a machine that is busy with other tests, latency says little: there half of the capacity proves that nothing collapsed.
const LEAST_GOOD = scaled(0.5, 0.9);

test(`at three times its capacity: ${LEAST_GOOD} of it are good responses, soon, and the rest are refused at once`, async () => {
  const response = await run({ adaptive: true, perSecond: 3 * CAPACITY, settleMs: 2500, measureMs: 3000 });
  const { byStatus, lost } = response;
  expect(goodPerSecond(response)).toBeGreaterThanOrEqual(LEAST_GOOD * CAPACITY);
  expect(quantile(byStatus[200], 0.9)).toBeLessThan(scaled(10, 4) * SERVICE_MS);
  expect([byStatus[504]?.length ?? 0, lost]).toEqual([0, 0]);
  expect(byStatus[503]!.length / 3).toBeGreaterThan(1.5 * CAPACITY);
  expect(quantile(byStatus[503], 0.5)).toBeLessThan(5);
  figure('three times the capacity', {
    goodPerSecond: goodPerSecond(response),
    capacity: CAPACITY,
    p99Ms: quantile(byStatus[200], 0.99),
    refusedP99Ms: quantile(byStatus[503], 0.99),
  });
});

test('without it hardly any response comes in time', async () => {
  const response = await run({ adaptive: false, perSecond: 3 * CAPACITY, settleMs: 1250, measureMs: 1500 });
  expect(goodPerSecond(response)).toBeLessThan(0.5 * CAPACITY);
  expect(response.byStatus[503]).toBeUndefined();
});

test('at seven tenths of its capacity nothing is refused', async () => {
  const { byStatus, lost } = await run({ adaptive: true, perSecond: 0.7 * CAPACITY, settleMs: 0, measureMs: 1500 });
  expect([Object.keys(byStatus), lost]).toEqual([['200'], 0]);
});
