import { describe, expect, it } from 'vitest';
import { createSignals, SignalsReader, SignalsWriter } from '../../../src/telemetry/evidence-signals.ts';

const BOUNDS = { p50: 10, p90: 20, p99: 100, hangMs: 100 };

function pair(ratio = 1.3) {
  const memory = createSignals();
  return { told: new SignalsWriter(memory, 5000), heard: new SignalsReader(memory, ratio), other: new SignalsReader(memory, ratio) };
}

describe('bounds', () => {
  it('find only what hangs before there are any', () => {
    const { heard } = pair();
    expect(heard.baselineBounds).toEqual({ p50: Infinity, p90: Infinity, p99: Infinity, hangMs: 5000 });
    expect(heard.canaryBounds).toEqual(heard.baselineBounds);
  });

  it('of the canary are as many times as large as its check allows', () => {
    const { told, heard } = pair();
    told.publish(BOUNDS);
    expect(heard.baselineBounds).toMatchObject({ p50: 10, p90: 20, p99: 100 });
    expect(heard.canaryBounds).toMatchObject({ p50: 13, p90: 26, p99: 130 });
    expect(heard.baselineBounds.hangMs).toBeGreaterThanOrEqual(100);
    expect(heard.canaryBounds.hangMs).toBeGreaterThanOrEqual(130);
    expect(heard.canaryBounds.hangMs).toBeLessThan(130 * 1.125);
  });

  it('are one object until others are published, and an exchange that holds them keeps them', () => {
    const { told, heard } = pair();
    told.publish(BOUNDS);
    const before = heard.canaryBounds;
    expect(heard.canaryBounds).toBe(before);
    told.publish({ ...BOUNDS, p50: 40 });
    expect([before.p50, heard.canaryBounds.p50, heard.baselineBounds.p50]).toEqual([13, 52, 40]);
  });

  it('beyond the longest time that is told apart still have a time', () => {
    const { told, heard } = pair(2);
    told.publish({ p50: 1, p90: 2, p99: 60_000, hangMs: 60_000 });
    expect(heard.canaryBounds.hangMs).toBe(120_000);
  });
});

describe('signals', () => {
  it('halt for good, on all workers', () => {
    const { told, heard, other } = pair();
    expect([told.trips.halted, heard.halted]).toEqual([false, false]);
    told.trips.halt();
    told.publish(BOUNDS);
    told.clearNews();
    expect([told.trips.halted, heard.halted, other.halted]).toEqual([true, true, true]);
  });

  it('say once that there is news, until it is taken', () => {
    const { told, heard, other } = pair();
    expect([heard.raiseNews(), other.raiseNews(), other.hasNews]).toEqual([true, false, true]);
    told.clearNews();
    expect([heard.hasNews, other.raiseNews()]).toEqual([false, true]);
  });

  it('say that users were left out', () => {
    const { told, heard } = pair();
    expect(told.saturated).toBe(false);
    heard.saturate();
    heard.saturate();
    expect(told.saturated).toBe(true);
  });
});
