import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeValue } from '../../../src/config/decode-value.ts';
import type { RouteConfig } from '../../../src/config/model.ts';
import { reviewConfig } from '../../../src/config/rules/all.ts';
import { plainRoute } from '../../../src/config/schema/plain-route.ts';
import { route } from '../../../src/config/schema/route.ts';

const schema = route();

const odd = fc.constantFrom<unknown>('', ' ', 'a b', 'x'.repeat(101), '-a', 7, true, null, [], {}, ['a'], { a: 1 }, 'ü', '\u0000');
const name = fc.oneof(fc.constantFrom('a', 'shop-1', 'v1.2_b', 'A'), odd);
const host = fc.oneof(
  fc.constantFrom(
    'a.example.com',
    '*.Example.com',
    'A.B',
    'a.',
    '10.0.0.1',
    '[::1]',
    '::1',
    '*',
    'a:80',
    '*.*',
    'x.1',
    'http://a/',
    '*.10.0.0.1',
  ),
  odd,
);
const text = fc.oneof(fc.constantFrom('/', '/a', '/a/', '/a?b', 'a', '/ü', '/%2e', '^/a$', '('), odd);
const path = fc.oneof(
  fc.record({ exact: text, prefix: text, regex: text, other: text }, { requiredKeys: [] }),
  fc.record({ prefix: fc.constantFrom('/', '/a') }),
  odd,
);
const entry = fc.oneof(
  fc.record({ path, methods: fc.constantFrom(['GET'], [], ['get']), headers: fc.constantFrom({}, { a: 'b' }) }, { requiredKeys: [] }),
  fc.record({ path: fc.record({ regex: text }) }),
  odd,
);
const timeout = fc.oneof(fc.constantFrom('0s', '5s', '1m30s', '24d', '25d', '24h', '-1s', '5'), odd);
const written = fc.record(
  {
    name,
    listeners: fc.oneof(fc.array(name, { maxLength: 3 }), odd),
    hosts: fc.oneof(fc.array(host, { maxLength: 3 }), odd),
    match: fc.oneof(fc.array(entry, { maxLength: 3 }), odd),
    pool: name,
    version: name,
    timeout,
    respond: fc.constant({ status: 200 }),
    requestHeaders: fc.constantFrom({}, { set: { a: 'b' } }),
    unknown: fc.constant(1),
  },
  { requiredKeys: [] },
);
/** Most of it is as it should be. */
const good = fc.record(
  {
    name: fc.constantFrom('a', 'b'),
    hosts: fc.array(host, { maxLength: 2 }),
    match: fc.array(fc.oneof(fc.record({ path: fc.record({ prefix: text }) }), fc.constant({})), { maxLength: 2 }),
    pool: fc.constantFrom('p', 'q'),
    version: fc.constantFrom('v1'),
    timeout,
  },
  { requiredKeys: ['name', 'pool'] },
);

test('a route that is decoded without the schema is what the schema makes of it', () => {
  let decoded = 0;
  const isAsBySchema = (value: unknown): void => {
    const plain = plainRoute(value);
    if (plain === undefined) return;
    decoded++;
    const { success, data } = schema.safeParse(value);
    expect(success).toBe(true);
    expect(plain).toStrictEqual(data);
    expect(JSON.stringify(plain)).toBe(JSON.stringify(data));
  };
  fc.assert(fc.property(fc.oneof(written, odd), isAsBySchema), { numRuns: 1000 });
  fc.assert(fc.property(good, isAsBySchema), { numRuns: 1000 });
  expect(decoded).toBeGreaterThan(30);
});

test('routes that match the same requests are told, whatever the order of what they match', () => {
  const small = fc.record({
    hosts: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
    listeners: fc.uniqueArray(fc.constantFrom('one', 'two'), { maxLength: 2 }),
    match: fc.uniqueArray(fc.constantFrom('/a', '/b', '/'), { minLength: 1, maxLength: 2 }),
  });
  const listeners = ['one', 'two'].map((listener, index) => ({ name: listener, address: `127.0.0.1:${8000 + index}` }));
  fc.assert(
    fc.property(fc.array(small, { maxLength: 6 }), (list) => {
      const routes = list.map(({ match, ...rest }, index) => ({
        name: `r${index}`,
        ...rest,
        match: match.map((prefix) => ({ path: { prefix } })),
        pool: 'p',
      }));
      const value = { listeners, pools: { p: { versions: { v1: { endpoints: ['127.0.0.1:9000'] } } } }, routes };
      const { config } = decodeValue(value);
      if (config === undefined) throw new Error('it is a config');
      const place = () => ({ file: '', line: 1, column: 1 });
      const { notices } = reviewConfig(config, { value, problems: [], place });
      const said = notices.map(({ message }) => /route "(.*)" is never used: (.*) matches the same requests$/.exec(message)?.slice(1, 3));
      expect(said.filter((pair) => pair !== undefined)).toEqual(sameRoutes(config.routes));
    }),
  );
});

function sameRoutes(routes: readonly RouteConfig[]): string[][] {
  const keys = routes.map(({ listeners, hosts, match }) =>
    [listeners, hosts, match.map((each) => JSON.stringify(each))].map((part) => [...part].sort().join('|')).join('#'),
  );
  return routes.flatMap(({ name: own }, index) => {
    const first = keys.indexOf(keys[index]!);
    return first < index ? [[own, `route "${routes[first]!.name}"`]] : [];
  });
}
