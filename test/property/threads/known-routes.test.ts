import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeValue } from '../../../src/config/decode-value.ts';
import type { Config, RouteConfig } from '../../../src/config/model.ts';
import { KnownRoutes } from '../../../src/threads/known-routes.ts';
import { cutRoutes } from '../../../src/threads/route-pieces.ts';
import type { RouteLists } from '../../../src/threads/route-pieces.ts';

type Written = Readonly<Record<string, unknown>>;

const listeners = [{ name: 'web', address: '127.0.0.1:0' }];
const pools = { p: { versions: { v1: { endpoints: ['127.0.0.1:9000'] } } } };

/** Some are read by the schema alone. */
function makeRoute(number: number, kind: number): Written {
  const rest: readonly Written[] = [
    { pool: 'p' },
    { pool: 'p', match: [{ path: { prefix: `/${number}` } }], hosts: [`h${number}.example.com`] },
    { respond: { status: 200, body: `${number} "\u2028 ü` } },
    { pool: 'p', requestHeaders: { set: { 'x-number': String(number) } }, match: [{ headers: { a: { regex: 'b' } } }] },
  ];
  return { name: `route-${number}`, ...rest[kind % rest.length] };
}

function decode(routes: readonly Written[]): Config {
  const { config } = decodeValue({ listeners, pools, routes });
  if (config === undefined) throw new Error('it is a config');
  return config;
}

/** As the reading thread sends it: nothing is shared. */
function take(known: KnownRoutes, list: readonly Written[]): RouteLists {
  const collected = known.collect();
  for (const piece of cutRoutes(decode(list).routes, list)) collected.add(structuredClone(piece));
  known.remember(collected);
  return collected.lists;
}

const edit = fc.record({
  at: fc.nat(5000),
  kind: fc.nat(3),
  what: fc.constantFrom('add', 'remove', 'change', 'move', 'reverse', 'nothing'),
});

function apply(
  list: readonly Written[],
  { at, kind, what }: typeof edit extends fc.Arbitrary<infer E> ? E : never,
  fresh: number,
): readonly Written[] {
  const place = list.length === 0 ? 0 : at % list.length;
  const route = list[place];
  switch (what) {
    case 'add':
      return list.toSpliced(place, 0, makeRoute(fresh, kind));
    case 'remove':
      return list.toSpliced(place, 1);
    case 'change':
      return route === undefined
        ? list
        : list.with(place, { ...makeRoute(Number(String(route['name']).slice(6)), kind), timeout: `${at}ms` });
    case 'move':
      return route === undefined ? list : [...list.toSpliced(place, 1), route];
    case 'reverse':
      return list.toReversed();
    default:
      return list.map((each) => ({ ...each }));
  }
}

test('routes that come after others are those that were written, and the same objects where they stayed', () => {
  const start = fc.array(fc.nat(3), { maxLength: 600 });
  fc.assert(
    fc.property(start, fc.array(edit, { maxLength: 5 }), (kinds, edits) => {
      const known = new KnownRoutes();
      let list: readonly Written[] = kinds.map((kind, index) => makeRoute(index, kind));
      let before = take(known, list);
      for (const [index, step] of edits.entries()) {
        const next = apply(list, step, 10_000 + index);
        const found = take(known, next);
        expect(found.written).toStrictEqual(next);
        expect(found.config).toStrictEqual(decode(next).routes);
        if (JSON.stringify(next) === JSON.stringify(list) && list.length > 0) expect(found.config).toBe(before.config);
        if (step.what !== 'reverse' && step.what !== 'move')
          expect(stayed(before.config, found.config)).toBeGreaterThanOrEqual(next.length - 1);
        [list, before] = [next, found];
      }
    }),
    { numRuns: 40 },
  );
});

function stayed(before: readonly RouteConfig[], after: readonly RouteConfig[]): number {
  const all = new Set(before);
  return after.filter((route) => all.has(route)).length;
}
