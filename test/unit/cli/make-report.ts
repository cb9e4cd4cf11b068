// The report of a mirror from the few words that matter to a test; by default a regression of one field, with some noise.

import type { MirrorReport } from '../../../src/api/mirror-report.ts';
import type { FieldReport, Quantiles, Rate, TemplateReport, Verdict } from '../../../src/compare/mirror-report.ts';
import { NOW_MS } from './fake-admin.ts';

export function makeReport(report: Partial<MirrorReport> = {}, verdict: Verdict = 'fail', reason = ''): MirrorReport {
  return {
    pool: 'shop',
    mirror: 'dark',
    candidate: { pool: 'shop', version: 'v2' },
    sinceMs: NOW_MS - 2 * 3_600_000,
    verdict: {
      verdict,
      reason: reason === '' ? '$.items[*].price differs in /orders/{id} of route shop' : reason,
      compared: 12_345,
      withSecondary: 12_001,
      differenceRate: { low: 0.0081, high: 0.0132 },
      failureRate: { low: -0.0003, high: 0.0004 },
      realFields: [],
    },
    fields: [
      makeField({ path: '$.items[*].price', examples: [{ kind: 'value', primary: '12.5', candidate: '12.49', atMs: NOW_MS }] }),
      makeField({
        path: 'header:x-request-id',
        isReal: false,
        differences: rate(12_345, 12_345),
        noise: rate(12_001, 12_001),
        examples: [{ kind: 'header', primary: 'string(36)', candidate: 'string(36)', atMs: NOW_MS }],
      }),
    ],
    unlistedFields: 0,
    unlistedTemplates: 0,
    templates: [makeTemplate()],
    overflow: { requests: 0, differences: 0 },
    dropped: 0,
    ...report,
  };
}

export function makeField(field: Partial<FieldReport> = {}): FieldReport {
  return {
    route: 'shop',
    template: '/orders/{id}',
    path: '$.total',
    isReal: true,
    log10Evidence: 12,
    differences: rate(126, 12_345),
    noise: rate(0, 12_001),
    excess: { low: 0.008, high: 0.013 },
    kinds: { value: 126 },
    firstMs: NOW_MS - 60_000,
    lastMs: NOW_MS,
    examples: [],
    ...field,
  };
}

export function makeTemplate(template: Partial<TemplateReport> = {}): TemplateReport {
  return {
    route: 'shop',
    template: '/orders/{id}',
    exchanges: 20_000,
    compared: 12_345,
    withSecondary: 12_001,
    uncompared: {},
    cutShort: 0,
    outcomes: { primary: { ok: 12_345 }, candidate: { ok: 12_345 }, secondary: { ok: 12_001 } },
    latency: {
      primary: quantiles(1.21, 3.4, 12.2),
      candidate: quantiles(1.44, 4.2, 29.7),
      secondary: quantiles(1.2, 3.4, 12),
      slower: { low: 0.6, high: 0.62, rate: 0.6113 },
    },
    firstMs: NOW_MS - 60_000,
    lastMs: NOW_MS,
    ...template,
  };
}

export function quantiles(p50?: number, p90?: number, p99?: number): Quantiles {
  return { count: p50 === undefined ? 0 : 12_345, p50, p90, p99, p999: p99 };
}

function rate(count: number, of: number): Rate {
  return { count, of, rate: count / of, low: 0, high: 1 };
}
