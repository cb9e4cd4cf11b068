import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NOT_READY_DRAINING, NOT_READY_UNHEALTHY } from '../../../src/upstream/endpoint.ts';
import { sharesOf } from '../../../src/upstream/zones.ts';
import { makeEndpoint } from '../../unit/upstream/balancers/endpoints.ts';

const zone = fc.array(
  fc.record({ weight: fc.integer({ min: 0, max: 5 }), unready: fc.constantFrom(0, 0, NOT_READY_UNHEALTHY, NOT_READY_DRAINING) }),
  {
    minLength: 1,
    maxLength: 5,
  },
);
const zones = fc.array(zone, { minLength: 1, maxLength: 4 });

function living(written: { weight: number; unready: number }[][]) {
  return written.map((members) =>
    members.map(({ weight, unready }) => {
      const endpoint = makeEndpoint('e', weight);
      endpoint.notReadyReasons = unready;
      return endpoint;
    }),
  );
}

it('shares rise from zone to zone and end at 1, unless nothing is ready; a zone without a ready endpoint gets nothing', () => {
  fc.assert(
    fc.property(zones, (written) => {
      const made = living(written);
      const { shares, whole } = sharesOf(made);
      const readies = made.map((members) => members.filter(({ ready }) => ready).length);
      const any = readies.some((count) => count > 0);
      expect(shares.at(-1)).toBe(any ? 1 : 0);
      if (!any) expect(whole).toBe(false);
      shares.forEach((sum, index) => {
        const before = shares[index - 1] ?? 0;
        expect(sum).toBeGreaterThanOrEqual(before);
        if (readies[index] === 0) expect(sum).toBe(before);
      });
    }),
  );
});

it('a zone of which all is ready leaves nothing to those after it', () => {
  fc.assert(
    fc.property(zones, (written) => {
      const { shares } = sharesOf(living([[{ weight: 1, unready: 0 }], ...written]));
      expect(shares[0]).toBe(1);
    }),
  );
});

it('what becomes ready in a zone never lowers what the zone gets', () => {
  fc.assert(
    fc.property(zones, fc.nat(3), (written, which) => {
      const index = which % written.length;
      const partOf = (made: ReturnType<typeof living>): number => {
        const { shares } = sharesOf(made);
        return shares[index]! - (shares[index - 1] ?? 0);
      };
      const before = partOf(living(written));
      const made = living(written);
      for (const endpoint of made[index]!) if (endpoint.notReadyReasons === NOT_READY_UNHEALTHY) endpoint.notReadyReasons = 0;
      expect(partOf(made)).toBeGreaterThanOrEqual(before - 1e-9);
    }),
  );
});
