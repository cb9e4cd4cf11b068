import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FailureWindow } from '../../../../src/upstream/resilience/failure-window.ts';

const step = fc.record({ waitMs: fc.nat(400), good: fc.nat(20), bad: fc.integer({ min: 1, max: 5 }) });

it('says exactly what counting all attempts since the failure that began it says', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 80 }),
      (steps, percent, minRequests) => {
        const config = {
          consecutive: 0,
          consecutiveGateway: 0,
          failureShare: percent / 100,
          minRequests,
          intervalMs: 1000,
          ejectionMs: 1,
          maxEjected: 1,
        };
        const window = new FailureWindow();
        const judged: { atMs: number; attempts: number; faults: number }[] = [];
        let beganAt = -1;
        let [atMs, attempts, faults] = [0, 0, 0];
        for (const { waitMs, good, bad } of steps) {
          atMs += waitMs;
          attempts += good + bad;
          faults += bad;
          judged.push({ atMs, attempts, faults });
          if (beganAt < 0 || atMs - judged[beganAt]!.atMs > 1000) beganAt = judged.length - 1;
          const began = judged[beganAt]!;
          const counted = attempts - began.attempts;
          const enough = counted >= minRequests && (faults - began.faults) * 100 >= counted * percent;
          expect(window.isExceeded(config, { attempts, faults }, atMs)).toBe(enough);
        }
      },
    ),
    { numRuns: 500 },
  );
});
