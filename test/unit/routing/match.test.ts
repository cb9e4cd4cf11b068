import { describe, expect, it } from 'vitest';
import type { RouteConfig } from '../../../src/config/model.ts';
import { conditions, exact, find, makeConfig, makeMatch, makeRequest, makeRoute, makeTable, prefix, regex } from './make-table.ts';
import { compileTable } from '../../../src/routing/compile.ts';

type Row = readonly [request: string, route: string | undefined, fields?: Record<string, string>];

function check(routes: readonly RouteConfig[], rows: readonly Row[]): void {
  const table = makeTable(routes);
  for (const [line, route, fields] of rows) {
    expect(find(table, makeRequest(line, fields))?.route.name, `${line} ${JSON.stringify(fields ?? {})}`).toBe(route);
  }
}

const at = (name: string, ...match: Parameters<typeof makeMatch>[0][]): RouteConfig => makeRoute(name, { match: match.map(makeMatch) });

describe('conformance cases of the Gateway API', () => {
  it('HTTPRouteExactPathMatching', () => {
    check(
      [at('v1', exact('/one')), at('v2', exact('/two'))],
      [
        ['GET a/one', 'v1'],
        ['GET a/two', 'v2'],
        ['GET a/', undefined],
        ['GET a/one/example', undefined],
        ['GET a/two/', undefined],
        ['GET a/Two', undefined],
      ],
    );
  });

  it('HTTPRouteMatching', () => {
    const routes = [
      at('v1', prefix('/'), { headers: conditions({ version: 'one' }) }),
      at('v2', prefix('/v2'), { headers: conditions({ version: 'two' }) }),
    ];
    check(routes, [
      ['GET a/', 'v1'],
      ['GET a/example', 'v1'],
      ['GET a/', 'v1', { Version: 'one' }],
      ['GET a/v2', 'v2'],
      ['GET a/v2/', 'v2'],
      ['GET a/v2/example', 'v2'],
      ['GET a/', 'v2', { VERSION: 'two' }],
      ['GET a/v2example', 'v1'],
      ['GET a/foo/v2/example', 'v1'],
    ]);
  });

  it('HTTPRouteMatchingAcrossRoutes', () => {
    const first = makeRoute('v1', {
      hosts: ['example.com', 'example.net'],
      match: [makeMatch(), makeMatch({ headers: conditions({ version: 'one' }) })],
    });
    const second = makeRoute('v2', {
      hosts: ['example.com'],
      match: [makeMatch(prefix('/v2')), makeMatch({ headers: conditions({ version: 'two' }) })],
    });
    check(
      [first, second],
      [
        ['GET example.com/', 'v1'],
        ['GET example.com/example', 'v1'],
        ['GET example.net/example', 'v1'],
        ['GET example.com/example', 'v1', { Version: 'one' }],
        ['GET example.com/v2', 'v2'],
        ['GET example.com/v2/example', 'v2'],
        ['GET example.com/', 'v2', { Version: 'two' }],
        ['GET example.net/v2', 'v1'],
        ['GET example.com/v2example', 'v1'],
        ['GET example.com/foo/v2/example', 'v1'],
      ],
    );
  });

  it('HTTPRouteHeaderMatching', () => {
    const routes = [
      at('v1', { headers: conditions({ version: 'one' }) }),
      at('v2', { headers: conditions({ version: 'two' }) }),
      at('v1b', { headers: conditions({ version: 'two', color: 'orange' }) }),
      at('v2c', { headers: conditions({ color: 'blue' }) }, { headers: conditions({ color: 'green' }) }),
    ];
    check(routes, [
      ['GET a/', 'v1', { Version: 'one' }],
      ['GET a/', 'v2', { Version: 'two' }],
      ['GET a/', 'v1b', { Version: 'two', Color: 'orange' }],
      ['GET a/', 'v2c', { Color: 'blue' }],
      ['GET a/', 'v2c', { Color: 'green' }],
      ['GET a/', undefined, { Color: 'red' }],
      ['GET a/', undefined],
      ['GET a/', undefined, { Some: 'Other' }],
      ['GET a/', undefined, { version: 'ONE' }],
    ]);
  });

  it('HTTPRouteHostnameIntersection: exact, wildcard of any depth but not its apex, port ignored', () => {
    const routes = [makeRoute('exact', { hosts: ['very.specific.com'] }), makeRoute('wild', { hosts: ['*.wildcard.io'] })];
    check(routes, [
      ['GET very.specific.com/', 'exact'],
      ['GET very.specific.com:1234/', 'exact'],
      ['GET VERY.specific.com./', 'exact'],
      ['GET non.matching.com/', undefined],
      ['GET foo.wildcard.io/', 'wild'],
      ['GET foo.wildcard.io:1234/', 'wild'],
      ['GET a.b.wildcard.io/', 'wild'],
      ['GET wildcard.io/', undefined],
      ['GET .wildcard.io/', undefined],
      ['GET foowildcard.io/', undefined],
      ['GET foo.wildcard.io.evil.com/', undefined],
      ['GET /', undefined],
    ]);
  });

  it('HTTPRouteListenerHostnameMatching: the most specific host wins', () => {
    const hosts = ['bar.com', 'foo.bar.com', '*.bar.com', '*.foo.com', '*.a.foo.com'];
    check(
      hosts.map((host) => makeRoute(host, { hosts: [host] })),
      [
        ['GET bar.com/', 'bar.com'],
        ['GET foo.bar.com/', 'foo.bar.com'],
        ['GET baz.bar.com/', '*.bar.com'],
        ['GET boo.bar.com/', '*.bar.com'],
        ['GET multiple.prefixes.bar.com/', '*.bar.com'],
        ['GET multiple.prefixes.foo.com/', '*.foo.com'],
        ['GET x.a.foo.com/', '*.a.foo.com'],
        ['GET foo.com/', undefined],
        ['GET no.matching.host/', undefined],
      ],
    );
  });

  it('HTTPRouteMethodMatching: path beats method, method beats headers', () => {
    const routes = [
      at('v1', { methods: ['POST'] }),
      at('v2', { methods: ['GET'] }),
      at('v3', { ...prefix('/path5') }),
      at('v4', { ...prefix('/'), methods: ['PATCH'] }),
      at('v5', { ...prefix('/'), headers: conditions({ version: 'four' }) }),
    ];
    check(routes, [
      ['POST a/', 'v1'],
      ['GET a/', 'v2'],
      ['HEAD a/', undefined],
      ['get a/', undefined],
      ['PATCH a/path5', 'v3'],
      ['PATCH a/', 'v4', { version: 'four' }],
      ['HEAD a/', 'v5', { version: 'four' }],
    ]);
  });

  it('HTTPRoutePathMatchOrder: exact, then longest prefix, whatever the order of the file', () => {
    const routes = [
      at('v1', exact('/match/exact/one')),
      at('v2', exact('/match/exact')),
      at('v3', exact('/match')),
      at('v4', prefix('/match/prefix/one/')),
      at('v5', prefix('/match/prefix')),
      at('v6', prefix('/match')),
    ];
    const rows: Row[] = [
      ['GET a/match/exact/one', 'v1'],
      ['GET a/match/exact', 'v2'],
      ['GET a/match', 'v3'],
      ['GET a/match/prefix/one/any', 'v4'],
      ['GET a/match/prefix/one', 'v4'],
      ['GET a/match/prefix/any', 'v5'],
      ['GET a/match/any', 'v6'],
      ['GET a/match/', 'v6'],
      ['GET a/match/exact/two', 'v6'],
    ];
    check(routes, rows);
    check(routes.toReversed(), rows);
  });

  it('HTTPRouteQueryParamMatching', () => {
    const routes = [
      at('v1', { query: conditions({ animal: 'whale' }) }),
      at('v2', { query: conditions({ animal: 'dolphin' }) }),
      at('v3', { query: conditions({ animal: 'dolphin', color: 'blue' }) }),
      at('v4', { query: conditions({ ANIMAL: 'Whale' }) }),
      at(
        'v5',
        { ...prefix('/path5'), query: conditions({ animal: 'hydra' }) },
        { headers: conditions({ version: 'one' }), query: conditions({ animal: 'hydra' }) },
      ),
      at('v6', { query: conditions({ animal: 'hydra' }) }),
    ];
    check(routes, [
      ['GET a/?animal=whale', 'v1'],
      ['GET a/?animal=dolphin', 'v2'],
      ['GET a/?animal=dolphin&color=blue', 'v3'],
      ['GET a/?color=blue&animal=dolphin&x=1', 'v3'],
      ['GET a/?ANIMAL=Whale', 'v4'],
      ['GET a/?animal=whale&otherparam=irrelevant', 'v1'],
      ['GET a/?ANIMAL=dolphin', undefined],
      ['GET a/?color=blue', undefined],
      ['GET a/?animal=dog', undefined],
      ['GET a/', undefined],
      ['GET a/path5?animal=hydra', 'v5'],
      ['GET a/?animal=hydra', 'v5', { version: 'one' }],
      ['GET a/x?animal=hydra', 'v6'],
    ]);
  });
});

describe('beyond the conformance cases', () => {
  it('asks exact paths first, then regexes in the order of the file, then prefixes, however long they are', () => {
    const routes = [
      at('all', prefix('/'), { ...prefix('/a/7/long'), methods: ['GET'], headers: conditions({ x: '1' }) }),
      at('regex', { ...regex('^/a/[0-9]+$'), query: conditions({ q: '1' }) }),
      at('regex-get', { ...regex('^/a/'), methods: ['GET'] }),
      at('later', { ...regex('^/a/[0-9]+$'), methods: ['GET'], headers: conditions({ x: '1' }) }),
      at('exact', { ...exact('/a/9'), methods: ['GET', 'PUT'] }),
    ];
    check(routes, [
      ['GET a/a/7?q=1', 'regex'],
      ['GET a/a/7', 'regex-get', { x: '1' }],
      ['GET a/a/7/long', 'regex-get', { x: '1' }],
      ['PUT a/a/8?q=1', 'regex'],
      ['PUT a/a/8', 'all'],
      ['GET a/a/9', 'exact'],
      ['PATCH a/a/9?q=1', 'regex'],
      ['GET a/b', 'all'],
    ]);
  });

  it('finds the first regex of the file, whichever of them begins with more', () => {
    const regexes = [regex('^/a/b/c[0-9]'), regex('[0-9]$'), regex('^/a/'), regex('^/a/b/'), regex('^/x')];
    const names = ['deep', 'free', 'short', 'long', 'other'];
    const routes = regexes.map((match, index) => at(names[index]!, match));
    check(routes, [
      ['GET a/a/b/c1', 'deep'],
      ['GET a/a/b/d1', 'free'],
      ['GET a/a/b/d', 'short'],
      ['GET a/a/b', 'short'],
      ['GET a/xyz', 'other'],
      ['GET a/a', undefined],
    ]);
    check(routes.toReversed(), [
      ['GET a/a/b/c1', 'long'],
      ['GET a/a/c1', 'short'],
      ['GET a/b1', 'free'],
    ]);
  });

  it('tries every shorter prefix in turn when conditions of a longer one fail', () => {
    const only = (name: string, path: string) => at(name, { ...prefix(path), methods: [name] });
    check(
      [only('AB', '/a/b'), only('A', '/a'), only('ABCD', '/a/b/c/d'), at('root', prefix('/'))],
      [
        ['AB a/a/b/c/d', 'AB'],
        ['A a/a/b/c/d', 'A'],
        ['ABCD a/a/b/c/d', 'ABCD'],
        ['ABCD a/a/b/c', 'root'],
      ],
    );
  });

  it('a regex may match anywhere; its anchors are the operator’s', () => {
    check(
      [at('free', regex('b+'))],
      [
        ['GET a/abbc', 'free'],
        ['GET a/ac', undefined],
      ],
    );
  });

  it('prefix / takes everything, also the target of OPTIONS *', () => {
    check(
      [at('all', prefix('/'))],
      [
        ['OPTIONS a/', 'all'],
        ['GET a//', 'all'],
      ],
    );
    const request = { ...makeRequest('OPTIONS a/'), path: '*' };
    expect(find(makeTable([at('all', prefix('/'))]), request)?.route.name).toBe('all');
    expect(find(makeTable([at('sub', prefix('/a'))]), request)).toBeUndefined();
  });

  it('tries less specific hosts only when no route of a nearer one fits the whole request', () => {
    const routes = [
      makeRoute('any', { match: [makeMatch(exact('/healthz')), makeMatch({ methods: ['TRACE'] })] }),
      makeRoute('wild', { hosts: ['*.example.com'], match: [makeMatch(prefix('/docs'))] }),
      makeRoute('shop', { hosts: ['shop.example.com'], match: [makeMatch(prefix('/cart'))] }),
    ];
    check(routes, [
      ['GET shop.example.com/cart', 'shop'],
      ['GET shop.example.com/docs/x', 'wild'],
      ['GET shop.example.com/healthz', 'any'],
      ['GET shop.example.com/x', undefined],
      ['TRACE shop.example.com/cart', 'shop'],
      ['GET other.org/docs', undefined],
      ['GET other.org/healthz', 'any'],
    ]);
  });

  it('a nearer host wins over a longer path', () => {
    check(
      [makeRoute('any', { match: [makeMatch(exact('/a/b'))] }), makeRoute('near', { hosts: ['h'] })],
      [
        ['GET h/a/b', 'near'],
        ['GET x/a/b', 'any'],
      ],
    );
  });

  it('no spelling of a path walks around a prefix', () => {
    check(
      [at('admin', prefix('/admin')), at('all', prefix('/'))],
      [
        ['GET a/%61dmin', 'admin'],
        ['GET a//admin', 'admin'],
        ['GET a/%2fadmin/x', 'admin'],
        ['GET a/admin%2fsecret', 'admin'],
        ['GET a/admin//secret', 'admin'],
        ['GET a/adm%69n%2Fx', 'admin'],
        ['GET a/administrator', 'all'],
        ['GET a/x/admin', 'all'],
      ],
    );
  });

  it('matches paths beyond ASCII in either case of their triplets', () => {
    check(
      [at('cafe', prefix('/café')), at('lower', exact('/%c3%a8'))],
      [
        ['GET a/caf%C3%A9/x', 'cafe'],
        ['GET a/caf%c3%a9', 'cafe'],
        ['GET a/%C3%A8', 'lower'],
      ],
    );
  });

  it('header conditions: joined fields, presence, regex, host', () => {
    const routes = [
      at('joined', { headers: [{ name: 'x', value: { kind: 'exact', value: 'a, b' } }] }),
      at('regex', { headers: [{ name: 'x', value: { kind: 'regex', pattern: '^v[0-9]+$' } }] }),
      at('host', { headers: [{ name: 'host', value: { kind: 'exact', value: 'special' } }] }),
      at('present', { headers: [{ name: 'x', value: { kind: 'present' } }] }),
    ];
    const table = makeTable(routes);
    const name = (block: string, authority = 'a') => find(table, { ...makeRequest('GET a/'), block, authority })?.route.name;
    expect(name('x: a\r\nX: b\r\n')).toBe('joined');
    expect(name('x: v12\r\n')).toBe('regex');
    expect(name('x: \r\n')).toBe('present');
    expect(name('', 'special')).toBe('host');
    expect(name('')).toBeUndefined();
  });

  it('names like those of Object.prototype are ordinary', () => {
    check(
      [makeRoute('odd', { hosts: ['__proto__'], match: [makeMatch(exact('/constructor')), makeMatch(prefix('/__proto__'))] })],
      [
        ['GET __proto__/constructor', 'odd'],
        ['GET __proto__/__proto__/x', 'odd'],
        ['GET constructor/constructor', undefined],
      ],
    );
  });

  it('prefixLength is that of the prefix without its slash; -1 for exact and regex', () => {
    const table = makeTable([at('p', prefix('/abc/'), exact('/e'), regex('^/r')), at('root', { methods: ['GET'] })]);
    const length = (line: string) => find(table, makeRequest(line))?.prefixLength;
    expect([length('PUT a/abc/d'), length('PUT a/e'), length('PUT a/r'), length('GET a/z')]).toEqual([4, -1, -1, 0]);
  });

  it('a route belongs to its listeners alone', () => {
    const table = compileTable(
      makeConfig([makeRoute('both'), makeRoute('b', { listeners: ['two'], match: [makeMatch(prefix('/b'))] })], [], ['one', 'two']),
      1,
    );
    const name = (listener: string) => find(table, makeRequest('GET a/b'), listener)?.route.name;
    expect([name('one'), name('two'), name('three')]).toEqual(['both', 'b', undefined]);
  });

  it('a path of 8 KiB of slashes costs no more than its length', () => {
    const deep = Array.from({ length: 200 }, (_, depth) => at(`d${depth}`, prefix('/a'.repeat(depth + 1))));
    const table = makeTable(deep);
    const hostile = ['/'.repeat(8192), '/a'.repeat(4096), '/%2f'.repeat(2048), `${'/a'.repeat(200)}b`];
    const start = performance.now();
    for (let i = 0; i < 500; i++) for (const path of hostile) find(table, { ...makeRequest('GET a/'), path });
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(find(table, { ...makeRequest('GET a/'), path: '/a'.repeat(4096) })?.route.name).toBe('d199');
  });
});
