import { describe, expect, it } from 'vitest';
import { checkBudgets, checkIdleBudget, checkTunnelBudget, cpuRatio } from '../../../bench/budgets.ts';

const measurement = (rival: string, ...cpu: number[]) => ({
  rival,
  rounds: cpu.map((cpuMicros) => ({ cpuMicros, requestsPerSecond: 1, p50Micros: 1, p99Micros: 1 })),
  peakBytes: 0,
  errors: 0,
  failure: '',
});

describe('cpuRatio', () => {
  it('is the median of the ratios of each round, not the ratio of medians', () => {
    expect(cpuRatio([measurement('a', 2, 40, 9), measurement('b', 1, 20, 3)], 'a', 'b')).toBe(2);
  });

  it('is NaN when one side was not measured', () => {
    expect(cpuRatio([measurement('a', 2)], 'a', 'b')).toBeNaN();
    expect(cpuRatio([measurement('a', 2), measurement('b')], 'a', 'b')).toBeNaN();
  });
});

describe('checkBudgets', () => {
  it('says which promise is kept and which is broken', () => {
    const results = checkBudgets('small', [measurement('sluice', 14), measurement('nginx', 10), measurement('relay', 12)]);
    expect(results).toEqual([
      { text: 'sluice at most 1.25 x nginx: 1.40 BROKEN', kept: false },
      { text: 'sluice at most 1.3 x relay: 1.17 kept', kept: true },
    ]);
  });
});

const idle = { rival: 'sluice', connections: 10, failed: 0, beforeBytes: 0, afterBytes: 0, bytesPerConnection: 4096, failure: '' };

describe('checkIdleBudget', () => {
  it.each([
    [idle, [true]],
    [{ ...idle, bytesPerConnection: 4097 }, [false]],
    [{ ...idle, failed: 1 }, [false]],
    [{ ...idle, rival: 'nginx' }, []],
    [{ ...idle, failure: 'ended' }, []],
  ])('judges %j as %j', (measured, kept) => {
    expect(checkIdleBudget(measured).map((each) => each.kept)).toEqual(kept);
  });
});

describe('checkTunnelBudget', () => {
  const of = (rival: string, bytesPerConnection: number) => ({ ...idle, rival, bytesPerConnection });

  it.each([
    [[of('sluice', 12_192), of('relay', 4000)], [true]],
    [[of('sluice', 12_193), of('relay', 4000)], [false]],
    [[{ ...of('sluice', 5000), failed: 1 }, of('relay', 4000)], [false]],
    [[of('sluice', 12_192), of('nginx', 4000)], []],
    [[of('sluice', 12_192), { ...of('relay', 4000), failure: 'ended' }], []],
  ])('judges %j as %j', (measured, kept) => {
    expect(checkTunnelBudget(measured).map((each) => each.kept)).toEqual(kept);
  });
});
