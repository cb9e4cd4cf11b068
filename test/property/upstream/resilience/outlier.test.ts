import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MAX_EJECTION_MS, Outlier } from '../../../../src/upstream/resilience/outlier.ts';

const settings = fc.record({
  consecutive: fc.integer({ min: 1, max: 6 }),
  consecutiveGateway: fc.constant(0),
  failureShare: fc.constant(0),
  minRequests: fc.constant(50),
  intervalMs: fc.integer({ min: 1, max: 60_000 }),
  ejectionMs: fc.integer({ min: 1, max: 1_000_000 }),
  maxEjected: fc.constant(1),
});
const step = fc.record({
  waitMs: fc.nat(100_000),
  ok: fc.boolean(),
  chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

it('ejects exactly after the failures in a row that are configured, or one after a return; the length keeps its bounds', () => {
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 60 }), (config, steps) => {
      const outlier = new Outlier();
      let atMs = 0;
      let needed = config.consecutive;
      let most = 0;
      for (const { waitMs, ok, chance } of steps) {
        atMs += waitMs;
        if (ok) {
          outlier.failures = 0;
          needed = config.consecutive;
          continue;
        }
        needed--;
        expect(outlier.failed(config, chance < 0.5 ? 'gateway' : 'own', atMs) !== undefined).toBe(needed <= 0);
        if (needed > 0) continue;
        const lengthMs = outlier.eject(config, atMs, chance);
        most++;
        expect(outlier.times).toBeLessThanOrEqual(most);
        expect(lengthMs).toBeGreaterThanOrEqual(config.ejectionMs);
        expect(lengthMs).toBeLessThanOrEqual(Math.ceil(Math.max(MAX_EJECTION_MS, config.ejectionMs) * 1.1));
        atMs = outlier.endsMs;
        outlier.returned(atMs);
        needed = 1;
      }
    }),
    { numRuns: 300 },
  );
});

it('ejects for gateway failures in a row, whatever came before and between', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 8 }),
      fc.array(fc.constantFrom<'ok' | 'gateway' | 'own'>('ok', 'gateway', 'own'), { maxLength: 60 }),
      (consecutiveGateway, consecutive, steps) => {
        const outlier = new Outlier();
        const config = { consecutive, consecutiveGateway, failureShare: 0, minRequests: 1, intervalMs: 1, ejectionMs: 1, maxEjected: 1 };
        let gateways = 0;
        let any = 0;
        for (const step of steps) {
          gateways = step === 'gateway' ? gateways + 1 : 0;
          any = step === 'ok' ? 0 : any + 1;
          if (step === 'ok') outlier.failures = 0;
          else {
            const gateway = gateways >= consecutiveGateway ? 'consecutive-gateway' : undefined;
            expect(outlier.failed(config, step, 0)).toBe(consecutive > 0 && any >= consecutive ? 'consecutive' : gateway);
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});
