import { describe, expect, it } from 'vitest';
import type { OutlierConfig } from '../../../../src/config/model.ts';
import { ejects, MAX_EJECTION_MS, Outlier, isOfWhole, stampOf, timesOf, untilOf } from '../../../../src/upstream/resilience/outlier.ts';

const settings: OutlierConfig = {
  consecutive: 3,
  consecutiveGateway: 0,
  failureShare: 0,
  minRequests: 50,
  intervalMs: 10_000,
  ejectionMs: 30_000,
  maxEjected: 0.5,
};

function failTimes(outlier: Outlier, times: number, atMs = 0): boolean[] {
  return Array.from({ length: times }, () => outlier.failed(settings, 'gateway', atMs) !== undefined);
}

/** `g` a gateway failure, `o` one of another kind, `+` a success; returns what each leads to, `.` for nothing. */
function follow(outlier: Outlier, steps: string, config: Partial<OutlierConfig>): string[] {
  return [...steps].map((step) => {
    if (step !== '+') return outlier.failed({ ...settings, ...config }, step === 'g' ? 'gateway' : 'own', 0) ?? '.';
    outlier.failures = 0;
    return '.';
  });
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

describe('gateway failures', () => {
  const GATEWAY = 'consecutive-gateway';

  it.each<[string, Partial<OutlierConfig>, string[]]>([
    ['ggg', { consecutive: 9, consecutiveGateway: 2 }, ['.', GATEWAY, GATEWAY]],
    ['gogg', { consecutive: 9, consecutiveGateway: 2 }, ['.', '.', '.', GATEWAY]],
    ['g+gg', { consecutive: 9, consecutiveGateway: 2 }, ['.', '.', '.', GATEWAY]],
    ['g+g+g+', { consecutive: 9, consecutiveGateway: 2 }, ['.', '.', '.', '.', '.', '.']],
    ['oog', { consecutive: 3, consecutiveGateway: 2 }, ['.', '.', 'consecutive']],
    ['oooog', { consecutive: 0, consecutiveGateway: 1 }, ['.', '.', '.', '.', GATEWAY]],
    ['gogog', { consecutive: 0, consecutiveGateway: 2 }, ['.', '.', '.', '.', '.']],
    ['ggggg', { consecutive: 0, consecutiveGateway: 0, failureShare: 0.5 }, ['.', '.', '.', '.', '.']],
  ])('%s with %o', (steps, config, expected) => {
    expect(follow(new Outlier(), steps, config)).toEqual(expected);
  });

  it('alone, half-open: a failure of another kind closes it', () => {
    const alone = { consecutive: 0, consecutiveGateway: 2 };
    expect(follow(returned(1), 'g', alone)).toEqual(['half-open']);
    expect(follow(returned(1), 'ogg', alone)).toEqual(['.', '.', GATEWAY]);
    expect(follow(returned(1), 'o', { ...alone, failureShare: 0.1 })).toEqual(['half-open']);
  });
});

it.each<[boolean, Partial<OutlierConfig>]>([
  [true, {}],
  [false, { consecutive: 0 }],
  [true, { consecutive: 0, consecutiveGateway: 1 }],
  [true, { consecutive: 0, failureShare: 0.01 }],
])('any rule is on: %s with %o', (on, config) => {
  expect(ejects({ ...settings, ...config })).toBe(on);
});

describe('an ejection', () => {
  it('lasts longer each time, up to a bound', () => {
    const outlier = new Outlier();
    const lengths = Array.from({ length: 12 }, () => outlier.eject(settings, 0, 0));
    expect(lengths.slice(0, 3)).toEqual([30_000, 60_000, 90_000]);
    expect(lengths.slice(9)).toEqual([MAX_EJECTION_MS, MAX_EJECTION_MS, MAX_EJECTION_MS]);
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
      outlier.failed(settings, 'own', quietMs);
      outlier.eject(settings, quietMs, 0);
      expect(outlier.times, `${quietMs} ms quiet`).toBe(expected);
    }
  });

  it('does not decay while failures keep coming', () => {
    const outlier = returned(3);
    for (let atMs = 0; atMs < 100_000; atMs += 9000) {
      outlier.failures = 0;
      outlier.failed(settings, 'own', atMs);
    }
    expect(outlier.times).toBe(3);
  });
});

describe('half-open', () => {
  it('one failure is enough', () => {
    expect(returned(1).failed(settings, 'own', 1)).toBe('half-open');
  });

  it('a success closes it', () => {
    const outlier = returned(1);
    outlier.failures = 0;
    expect(failTimes(outlier, 3)).toEqual([false, false, true]);
  });

  it('one failure is enough also where it always is', () => {
    const outlier = new Outlier();
    outlier.returned(0);
    expect(outlier.failed({ ...settings, consecutive: 1 }, 'own', 0)).toBe('half-open');
  });

  it('stays so while there is no room to eject it, and its failures are counted from its return', () => {
    const outlier = returned(1);
    expect(failTimes(outlier, 2)).toEqual([true, true]);
    expect(outlier.inARow).toBe(2);
  });
});

it('a stamp keeps both of its parts, and a later end is a larger stamp', () => {
  const untilMs = Date.UTC(2100, 0);
  const stamp = stampOf(untilMs, 1023, true);
  expect(Number.isSafeInteger(stamp)).toBe(true);
  expect([untilOf(stamp), timesOf(stamp), isOfWhole(stamp)]).toEqual([untilMs, 1023, true]);
  expect(isOfWhole(stampOf(untilMs, 1023))).toBe(false);
  expect(stampOf(untilMs + 1, 1)).toBeGreaterThan(stamp);
  expect(untilOf(0)).toBe(0);
});
