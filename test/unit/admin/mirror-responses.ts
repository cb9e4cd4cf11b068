// A report and a list of missed writes with everything in them that may be there, or may not.

import type { MirrorReport } from '../../../src/api/mirror-report.ts';
import type { MissedWrites } from '../../../src/api/missed-writes.ts';

export function mirrorReport() {
  const route = { route: 'shop', template: '/users/{id}' };
  const interval = { low: -0.01, high: 0.04 };
  const rate = { count: 3, of: 100, rate: 0.03, low: 0.001, high: 0.1 };
  const times = { firstMs: 1_700_000_000_000, lastMs: 1_700_000_001_000 };
  const untimed = { count: 0, p50: undefined, p90: undefined, p99: undefined, p999: undefined };
  const example = { kind: 'value', primary: 'string(5)', candidate: 'number', atMs: 1_700_000_000_000 };
  const field = { ...route, isReal: true, log10Evidence: 7.5, differences: rate, excess: interval, kinds: { value: 3 }, ...times };
  return {
    pool: 'shop',
    mirror: 'dark',
    candidate: { pool: 'shop', version: 'v2' },
    sinceMs: 1_700_000_000_000,
    verdict: {
      verdict: 'fail',
      reason: '$.price differs',
      compared: 100,
      withSecondary: 90,
      differenceRate: interval,
      failureRate: interval,
      realFields: [{ ...route, path: '$.price', excess: interval }],
    },
    fields: [
      { ...field, path: '$.price', noise: rate, examples: [example] },
      { ...field, path: 'status', isReal: false, log10Evidence: -0.5, noise: undefined, examples: [] },
    ],
    unlistedFields: 0,
    templates: [
      {
        ...route,
        exchanges: 100,
        compared: 100,
        withSecondary: 90,
        uncompared: { digest: 1 },
        cutShort: 0,
        outcomes: { primary: { ok: 100 }, candidate: { ok: 99, connect_refused: 1 }, secondary: {} },
        latency: {
          primary: { count: 100, p50: 1, p90: 2, p99: 3, p999: 4.5 },
          candidate: { count: 99, p50: 1, p90: 2, p99: 3, p999: 4.5 },
          secondary: untimed,
          slower: { rate: undefined, low: 0, high: 1 },
        },
        ...times,
      },
    ],
    unlistedTemplates: 0,
    overflow: { requests: 0, differences: 0 },
    dropped: 2,
  } satisfies MirrorReport;
}

export function missedWrites(): MissedWrites {
  const write = { atMs: 1_700_000_000_000, method: 'POST', authority: 'shop.example.com', target: '/orders?token=***', version: 'v2' };
  return {
    pool: 'shop',
    mirror: 'dark',
    total: 9,
    writes: [
      { ...write, seq: 4, id: 'a1', primaryStatus: 201, reason: 'refused', status: 409 },
      { ...write, seq: 5, id: 'a2', primaryStatus: undefined, reason: 'connect_refused', status: undefined },
    ],
    next: 5,
  };
}
