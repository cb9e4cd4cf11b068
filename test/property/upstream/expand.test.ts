import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAddress } from '../../../src/config/address.ts';
import type { Address, EndpointConfig } from '../../../src/config/model.ts';
import { bound } from '../../../src/upstream/discovery/resolution.ts';
import type { Found } from '../../../src/upstream/discovery/resolution.ts';
import { expand, sourceOf } from '../../../src/upstream/discovery/expand.ts';

const host = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', '::1', 'fd00::1');
const port = fc.constantFrom(80, 81);
const address = fc.oneof(
  fc.record({ kind: fc.constant('tcp' as const), host, port }),
  fc.record({ kind: fc.constant('tcp' as const), host: fc.constantFrom('a.test', 'b.test'), port }),
  fc.record({ kind: fc.constant('srv' as const), name: fc.constantFrom('_http._tcp.a.test', '_http._tcp.b.test') }),
  fc.record({ kind: fc.constant('unix' as const), path: fc.constantFrom('/a', '/b') }),
);
const entry = fc
  .record({ address, weight: fc.nat(5), zone: fc.constantFrom(undefined, 'east'), drain: fc.boolean() })
  .map((written): EndpointConfig => ({ ...written, address: written.address as Address, key: formatAddress(written.address as Address) }));
const found = fc.array(fc.record({ host, port, weight: fc.integer({ min: 1, max: 9 }), question: fc.constant('A x') }), { maxLength: 6 });
const known = fc.dictionary(fc.constantFrom('a.test', 'b.test', 'srv:_http._tcp.a.test', 'srv:_http._tcp.b.test'), found);

test('only addresses, none twice, each with its key; the same for the same DNS answers in any order', () => {
  fc.assert(
    fc.property(fc.array(entry), known, (entries, responses) => {
      const lookup = (order: (list: readonly Found[]) => readonly Found[]) => (text: string) =>
        bound(order(Object.hasOwn(responses, text) ? responses[text]! : [])).found;
      const straight = lookup((list) => list);
      const endpoints = expand(entries, ({ text }) => straight(text));
      for (const endpoint of endpoints) {
        expect(endpoint.key).toBe(formatAddress(endpoint.address));
        expect(endpoint.address.kind === 'unix' || (endpoint.address.kind === 'tcp' && isIP(endpoint.address.host) !== 0)).toBe(true);
        expect(sourceOf(endpoint.address)).toBeUndefined();
      }
      expect(new Set(endpoints.map(({ key }) => key)).size).toBe(endpoints.length);
      const reversed = lookup((list) => list.toReversed());
      const others = expand(entries, ({ text }) => reversed(text));
      expect(others.map(({ key }) => key)).toEqual(endpoints.map(({ key }) => key));
      // What is an address already is there, whatever DNS says, and with the settings of its first entry unless a name came before it.
      for (const { address: own, key } of entries)
        if (sourceOf(own) === undefined) expect(endpoints.some((each) => each.key === key)).toBe(true);
    }),
  );
});
