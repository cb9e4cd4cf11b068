import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findHiddenRoutes } from '../../../src/config/rules/hidden-routes.ts';
import type { MatchConfig } from '../../../src/config/model.ts';
import { compileTable } from '../../../src/routing/compile.ts';
import type { RoutableRequest } from '../../../src/routing/request.ts';
import { find, makeConfig, makeMatch, makeRoute } from '../../unit/routing/make-table.ts';

// So few words that most lists of routes hide some, and that all requests which matter can be asked.
const ELEMENTS = ['a', 'b'];
const PATHS = [
  '*',
  '/',
  ...ELEMENTS.flatMap((one) => [`/${one}`, `/${one}/`, ...ELEMENTS.flatMap((two) => [`/${one}/${two}`, `/${one}${two}`])]),
];
const METHODS = ['GET', 'POST', 'OPTIONS'];
const HOSTS = ['x.com', 'a.x.com', 'b.a.x.com', 'y.org'];
const LISTENERS = ['one', 'two'];

const pathText = fc.constantFrom('/', '/a', '/a/', '/a/b', '/ab', '/%61', '//a');
const path: fc.Arbitrary<MatchConfig['path']> = fc.oneof(
  pathText.map((text) => ({ kind: 'exact' as const, path: text })),
  { arbitrary: pathText.map((text) => ({ kind: 'prefix' as const, path: text })), weight: 2 },
  fc
    .constantFrom('^/', '/', '.*', '^/a', '^/a$', '^/a/', '^/a.*$', '^/[ab]', 'b', '^/$', '^\\*$', '^/b|^/a', '(?i)^/A')
    .map((pattern) => ({ kind: 'regex' as const, pattern })),
);
const value = fc.constantFrom(
  { kind: 'exact', value: '1' } as const,
  { kind: 'present' } as const,
  { kind: 'regex', pattern: '^1$' } as const,
);
const field = fc.record({ name: fc.constantFrom('p', 'q'), value });
const fields = fc.oneof({ arbitrary: fc.constant([]), weight: 4 }, fc.uniqueArray(field, { maxLength: 2, selector: ({ name }) => name }));
const methods = fc.oneof({ arbitrary: fc.constant([]), weight: 3 }, fc.uniqueArray(fc.constantFrom(...METHODS), { maxLength: 2 }));
const match = fc.record({ path, methods, headers: fields, query: fields }).map((entry) => makeMatch(entry));
const route = fc.record({
  hosts: fc.oneof(
    { arbitrary: fc.constant<string[]>([]), weight: 3 },
    fc.uniqueArray(fc.constantFrom('x.com', '*.x.com', '*.a.x.com'), { maxLength: 2 }),
  ),
  listeners: fc.oneof({ arbitrary: fc.constant<string[]>([]), weight: 3 }, fc.uniqueArray(fc.constantFrom(...LISTENERS), { maxLength: 2 })),
  match: fc.array(match, { minLength: 1, maxLength: 2 }),
});

it('a route that is said to be hidden never gets a request, and one that gets a request is never said to be hidden', () => {
  let [hiddenOnes, used] = [0, 0];
  fc.assert(
    fc.property(fc.array(route, { minLength: 2, maxLength: 6 }), (drafts) => {
      const config = makeConfig(
        drafts.map((draft, index) => makeRoute(`r${index}`, draft)),
        [],
        LISTENERS,
      );
      const hidden = findHiddenRoutes(config);
      const table = compileTable(config, 1);
      hiddenOnes += hidden.size;
      for (const listener of LISTENERS) {
        for (const request of requests()) {
          const index = find(table, request, listener)?.route.index;
          if (index === undefined) continue;
          used++;
          if (hidden.has(index))
            expect.fail(`route ${index} is hidden by ${hidden.get(index)?.join()}, but gets ${JSON.stringify(request)}`);
        }
      }
    }),
    { numRuns: 300 },
  );
  // It would hold of a rule that says nothing.
  expect(hiddenOnes).toBeGreaterThan(50);
  expect(used).toBeGreaterThan(1000);
});

function* requests(): Generator<RoutableRequest> {
  for (const authority of HOSTS) {
    for (const path of PATHS) {
      for (const method of [...METHODS, 'PUT']) {
        if (path === '*' && method !== 'OPTIONS') continue;
        for (const block of ['', 'p: 1\r\n', 'p: 1\r\nq: 2\r\n']) {
          for (const query of ['', 'p=1', 'p=2&q=1']) yield { method, authority, path, block, query };
        }
      }
    }
  }
}
