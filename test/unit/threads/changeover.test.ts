import { describe, expect, it } from 'vitest';
import { ChangeoverGate, Changeovers } from '../../../src/threads/changeover.ts';

function started(workers: number) {
  const changeovers = new Changeovers();
  const gates = Array.from({ length: workers }, () => new ChangeoverGate(changeovers.memory));
  return { changeovers, gates, next: () => changeovers.next(workers) };
}

const states = (gates: readonly ChangeoverGate[], of: { readonly generation: number }): readonly boolean[] =>
  gates.map((gate) => gate.isOpen(of));

describe('workers that go over together', () => {
  it('do so in the moment in which the last one is ready, at each change', async () => {
    const { gates, next } = started(3);
    for (let change = 0; change < 3; change++) {
      const now = next();
      const passing = gates.slice(1).map((gate) => gate.pass(now));
      expect(states(gates, now)).toEqual([false, false, false]);
      const last = gates[0]!.pass(now);
      expect(states(gates, now)).toEqual([true, true, true]);
      await Promise.all([...passing, last]);
    }
  });

  it('do not wait for one that is late, which goes over as soon as it is ready, nor for its next change', async () => {
    const { gates, next } = started(2);
    const first = next();
    const began = performance.now();
    await gates[0]!.pass(first);
    expect(performance.now() - began).toBeGreaterThan(40);
    expect(states(gates, first)).toEqual([true, true]);
    await gates[1]!.pass(first);
    const second = next();
    const passing = gates[1]!.pass(second);
    expect(states(gates, second)).toEqual([false, false]);
    await Promise.all([passing, gates[0]!.pass(second)]);
    expect(states(gates, second)).toEqual([true, true]);
  });

  it('do so at once where there is one', async () => {
    const { gates, next } = started(1);
    const now = next();
    const passing = gates[0]!.pass(now);
    expect(gates[0]!.isOpen(now)).toBe(true);
    await passing;
  });
});
