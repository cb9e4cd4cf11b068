import { describe, expect, it } from 'vitest';
import { LONGEST_MS, Outlier, stampOf, timesOf, untilOf } from '../../../src/upstream/outlier.ts';

const settings = {
  consecutive: 3,
  consecutiveGateway: 0,
  failureShare: 0,
  minRequests: 50,
  intervalMs: 10_000,
  ejectionMs: 30_000,
  maxEjected: 0.5,
};

function failTimes(outlier: Outlier, times: number, atMs = 0): boolean[] {
  return Array.from({ length: times }, () => outlier.failed(settings, atMs));
}

/** Ejected once, `times` in a row, and back at `atMs`. */
function returned(times: number, atMs = 0): Outlier {
  const outlier = new Outlier();
  outlier.times = times - 1;
  outlier.eject(settings, atMs, 0);
  outlier.returned(atMs);
  return outlier;
}

describe('failures', () => {
  it('are enough at the configured number, and not before', () => {
    expect(failTimes(new Outlier(), 4)).toEqual([false, false, true, true]);
  });

  it('in a row alone', () => {
    const outlier = new Outlier();
    failTimes(outlier, 2);
    outlier.failures = 0;
    expect(failTimes(outlier, 3)).toEqual([false, false, true]);
  });
});

describe('an ejection', () => {
  it('lasts longer each time, up to a bound', () => {
    const outlier = new Outlier();
    const lengths = Array.from({ length: 12 }, () => outlier.eject(settings, 0, 0));
    expect(lengths.slice(0, 3)).toEqual([30_000, 60_000, 90_000]);
    expect(lengths.slice(9)).toEqual([LONGEST_MS, LONGEST_MS, LONGEST_MS]);
  });

  it('is never shorter than configured', () => {
    const hourMs = 3_600_000;
    const outlier = new Outlier();
    expect(outlier.eject({ ...settings, ejectionMs: hourMs }, 0, 0)).toBe(hourMs);
    expect(outlier.eject({ ...settings, ejectionMs: hourMs }, 0, 0)).toBe(hourMs);
  });

  it('is lengthened by chance, by less than a tenth', () => {
    expect(new Outlier().eject(settings, 0, 0.5)).toBe(31_500);
    expect(new Outlier().eject(settings, 0, 1 - 2 ** -48)).toBeLessThanOrEqual(33_000);
  });

  it('ends at the time that it was given', () => {
    const outlier = new Outlier();
    expect(outlier.eject(settings, 5000, 0)).toBe(30_000);
    expect(outlier.endsMs).toBe(35_000);
  });

  it('counts one less for each interval without a failure', () => {
    for (const [quietMs, expected] of [
      [0, 4],
      [9_999, 4],
      [10_000, 3],
      [25_000, 2],
      [500_000, 1],
    ] as const) {
      const outlier = returned(3);
      outlier.failed(settings, quietMs);
      outlier.eject(settings, quietMs, 0);
      expect(outlier.times, `${quietMs} ms quiet`).toBe(expected);
    }
  });

  it('does not decay while failures keep coming', () => {
    const outlier = returned(3);
    for (let atMs = 0; atMs < 100_000; atMs += 9000) {
      outlier.failures = 0;
      outlier.failed(settings, atMs);
    }
    expect(outlier.times).toBe(3);
  });
});

describe('half-open', () => {
  it('one failure is enough', () => {
    expect(returned(1).failed(settings, 1)).toBe(true);
  });

  it('a success closes it', () => {
    const outlier = returned(1);
    outlier.failures = 0;
    expect(failTimes(outlier, 3)).toEqual([false, false, true]);
  });

  it('one failure is enough also where it always is', () => {
    const outlier = new Outlier();
    outlier.returned(0);
    expect(outlier.failed({ ...settings, consecutive: 1 }, 0)).toBe(true);
  });

  it('stays so while there is no room to eject it, and its failures are counted from its return', () => {
    const outlier = returned(1);
    expect(failTimes(outlier, 2)).toEqual([true, true]);
    expect(outlier.inARow).toBe(2);
  });
});

it('a stamp keeps both of its parts, and a later end is a larger stamp', () => {
  const untilMs = Date.UTC(2200, 0);
  const stamp = stampOf(untilMs, 1023);
  expect(Number.isSafeInteger(stamp)).toBe(true);
  expect([untilOf(stamp), timesOf(stamp)]).toEqual([untilMs, 1023]);
  expect(stampOf(untilMs + 1, 1)).toBeGreaterThan(stamp);
  expect(untilOf(0)).toBe(0);
});
