// What a worker remembers: how much, for how long, and what it must not hold on to.

import { describe, expect, test } from 'vitest';
import { collectGarbage } from '../../../src/lib/heap.ts';
import { ExchangeRing } from '../../../src/telemetry/exchange-ring.ts';
import { Observation } from '../../../src/telemetry/observation.ts';
import { RecentExchanges } from '../../../src/telemetry/recent-exchanges.ts';

function observed(parts: Partial<Observation> = {}): Observation {
  return Object.assign(new Observation(), { method: 'GET', target: '/' }, parts);
}

/** Offers `total` exchanges, one each `everyMs`; returns how many were kept. */
function offer(ring: ExchangeRing, total: number, everyMs: number, from = 0): number {
  let kept = 0;
  for (let i = 0; i < total; i++) {
    const nowMs = from + i * everyMs;
    if (!ring.offer(nowMs)) continue;
    ring.keep(observed({ target: `/${i}` }), nowMs);
    kept++;
  }
  return kept;
}

const targets = (list: readonly Observation[]): readonly string[] => list.map(({ target }) => target).sort();

describe('a ring', () => {
  test('keeps a burst whole, then one per interval, each standing for those that passed', () => {
    const ring = new ExchangeRing({ size: 1000, everyMs: 10, burst: 50 });
    expect(offer(ring, 50, 0)).toBe(50);
    expect(ring.offer(0)).toBe(false);
    expect(offer(ring, 10_000, 0.1, 10)).toBe(100);
    const sum = ring.list(-Infinity).reduce((total, { standsFor }) => total + standsFor, 0);
    expect(sum).toBeGreaterThan(10_051 - 100);
    expect(sum).toBeLessThanOrEqual(10_051);
  });

  test('forgets the oldest, and knows since when it remembers', () => {
    const ring = new ExchangeRing({ size: 4, everyMs: 0, burst: 1 });
    offer(ring, 4, 1);
    ring.offer(4);
    expect(ring.sinceMs).toBe(0);
    offer(ring, 2, 1, 100);
    expect(ring.sinceMs).toBe(2);
    expect(targets(ring.list(3))).toEqual(['/0', '/1', '/2', '/3']);
    expect(new Set(ring.list(3).map(({ standsFor, target }) => `${target} ${standsFor}`))).toEqual(
      new Set(['/2 0', '/3 1', '/0 2', '/1 1']),
    );
    expect(new ExchangeRing({ size: 4, everyMs: 0, burst: 1 }).sinceMs).toBe(-Infinity);
  });

  test('cuts long targets, and field lines where one ends', () => {
    const ring = new ExchangeRing({ size: 4, everyMs: 0, burst: 1 });
    const line = `a: ${'x'.repeat(1000)}\r\n`;
    const keep = (parts: Partial<Observation>): Observation => {
      ring.offer(0);
      ring.keep(observed(parts), 0);
      return ring.list(-Infinity).at(-1)!;
    };
    expect(keep({ target: `/${'t'.repeat(9000)}` })).toMatchObject({ target: `/${'t'.repeat(2047)}`, isCut: true });
    expect(keep({ fields: line.repeat(5) })).toMatchObject({ fields: line.repeat(4), isCut: true });
    expect(keep({ fields: `b: ${'x'.repeat(9000)}\r\n` })).toMatchObject({ fields: '', isCut: true });
    expect(keep({ fields: line, target: '/t\u00e9', client: '::1' })).toMatchObject({
      fields: line,
      target: '/t\u00e9',
      client: '::1',
      isCut: false,
    });
  });

  test('copies all that is known of an exchange', () => {
    const full = observed();
    const values = Object.keys(full).map((name, index) => {
      const value = full[name as keyof Observation];
      return [name, typeof value === 'string' ? `${name}-${index}\n` : typeof value === 'number' ? index : true];
    });
    const ring = new ExchangeRing({ size: 1, everyMs: 0, burst: 1 });
    ring.offer(0);
    ring.keep(Object.assign(full, Object.fromEntries(values)), 0);
    expect(ring.list(-Infinity)).toEqual([{ ...full, isCut: true, standsFor: 1 }]);
  });

  test('does not hold on to what was read', () => {
    const ring = new ExchangeRing({ size: 512, everyMs: 0, burst: 1 });
    const heapBytes = (): number => (collectGarbage(), collectGarbage(), process.memoryUsage().heapUsed);
    const before = heapBytes();
    for (let i = 0; i < 512; i++) {
      const read = Buffer.alloc(65_536, `request ${i} `).toString('latin1');
      ring.offer(i);
      ring.keep(observed({ target: read.slice(10, 100), fields: read.slice(200, 900), client: read.slice(0, 40) }), i);
    }
    // Kept whole it would be 32 MiB.
    expect(heapBytes() - before).toBeLessThan(4 * 1024 * 1024);
    expect(ring.list(-Infinity)).toHaveLength(512);
  });

  test('full to the brim it is a few megabytes', () => {
    const recent = new RecentExchanges();
    const heapBytes = (): number => (collectGarbage(), collectGarbage(), process.memoryUsage().heapUsed);
    const before = heapBytes();
    for (const ring of [recent.fine, recent.failed])
      for (let i = 0; i < 600; i++) {
        ring.offer(i * 1000);
        ring.keep(
          observed({ target: `/${'t'.repeat(9000)}`, fields: `${'f'.repeat(4000)}\r\n`.repeat(3), requestId: 'i'.repeat(900) }),
          i * 1000,
        );
      }
    expect(recent.list()).toHaveLength(640);
    const bytes = heapBytes() - before;
    expect(bytes).toBeLessThan(6 * 1024 * 1024);
    expect(bytes).toBeGreaterThan(3 * 1024 * 1024);
  });
});

describe('a worker', () => {
  test('remembers those that went well through a flood of failures, and failures through a flood of others', () => {
    const recent = new RecentExchanges();
    offer(recent.fine, 100, 1);
    offer(recent.failed, 100_000, 0.1, 100);
    expect(recent.list().filter(({ standsFor }) => standsFor > 0)).toHaveLength(128);
    expect(targets(recent.fine.list(-Infinity))).toHaveLength(100);
    offer(recent.fine, 100_000, 0.1, 20_000);
    expect(recent.list()).toHaveLength(640);
  });

  test('weighs both kinds as they came, over the time that both remember', () => {
    const recent = new RecentExchanges();
    // Nine in ten go well, for 60 s; failures are remembered for 6.4 s, the others for 5.12 s.
    for (let i = 0; i < 600_000; i++) {
      const [ring, kind] = i % 10 === 0 ? [recent.failed, 'failed'] : [recent.fine, 'ok'];
      if (ring.offer(i / 10)) ring.keep(observed({ outcome: kind }), i / 10);
    }
    const weight = (kind: string): number =>
      recent.list().reduce((sum, { outcome, standsFor }) => sum + (outcome === kind ? standsFor : 0), 0);
    expect(weight('failed') / (weight('failed') + weight('ok'))).toBeCloseTo(0.1, 2);
  });
});
