import { describe, expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';

/** Notices about the route `r`, with others behind it. */
function notices(route: string, { listener = '{ name: web, address: ":8080" }', others = '' } = {}): readonly string[] {
  const text = `
listeners: [${listener}]
pools: { shop: { versions: { v1: { endpoints: ["10.0.0.1:80"] } } } }
routes:
  - { name: r, ${route} }
  - { name: shop, hosts: [shop.example.com], pool: shop }
${others}`;
  const found = decodeText('f.yaml', text);
  expect(found.problems).toEqual([]);
  return found.notices.map(({ message }) => message).filter((message) => message.startsWith('routes[0].redirect'));
}

const TOLD = ['routes[0].redirect: route "r" redirects to itself: clients would go round until they give up'];

describe('a redirect that leads to its own route', () => {
  test.each([
    'redirect: { status: 308 }',
    'hosts: [a.example.com], redirect: { host: A.example.com }',
    'hosts: [a.example.com, b.example.com], redirect: { host: b.example.com }',
    'hosts: ["*.example.org"], redirect: { host: www.example.org }',
    'redirect: { host: other.example.com }',
    'hosts: [a.example.com], match: [{ path: { exact: /old } }], redirect: { path: { full: /old } }',
    'match: [{ path: { prefix: /a } }], redirect: { path: { prefix: /a } }',
    'match: [{ path: { prefix: /a } }], redirect: { path: { prefix: /a/b } }',
    'hosts: [a.example.com], redirect: { path: { full: /login } }',
    'redirect: { port: 8080 }',
    'match: [{ methods: [POST] }], redirect: { status: 307 }',
  ])('%s', (route) => expect(notices(route)).toEqual(TOLD));

  test.each([
    'redirect: { scheme: https }',
    'redirect: { scheme: http }',
    'redirect: { port: 8081 }',
    'redirect: { host: shop.example.com }',
    'hosts: [www.example.com], redirect: { host: example.com }',
    'hosts: ["*.example.org"], redirect: { host: example.org }',
    'match: [{ path: { exact: /old } }], redirect: { path: { full: /new } }',
    'match: [{ path: { prefix: /a } }], redirect: { path: { prefix: /ab } }',
    'match: [{ path: { prefix: /a/b } }], redirect: { path: { prefix: /a } }',
    'match: [{ methods: [POST] }], redirect: { status: 303 }',
  ])('does not: %s', (route) => expect(notices(route)).toEqual([]));

  test('another route may take the target before', () => {
    const full = 'hosts: [a.example.com], redirect: { path: { full: /login } }';
    for (const path of ['exact: /login', 'prefix: /login', 'regex: "/log.*"'])
      expect(notices(full, { others: `  - { name: o, hosts: [a.example.com], match: [{ path: { ${path} } }], pool: shop }\n` })).toEqual(
        [],
      );
    expect(notices(full, { others: '  - { name: o, hosts: [a.example.com], match: [{ path: { prefix: /out } }], pool: shop }\n' })).toEqual(
      TOLD,
    );
  });

  test('the port that a named scheme has, and who may say https', () => {
    expect(notices('redirect: { scheme: http }', { listener: '{ name: web, address: ":80" }' })).toEqual(TOLD);
    expect(notices('redirect: { scheme: http }', { listener: '{ name: web, address: ":80", trustedProxies: [10.0.0.0/8] }' })).toEqual([]);
  });

  test('thousands of redirects take no time', () => {
    const others = Array.from(
      { length: 3_000 },
      (_, index) => `  - { name: o${index}, hosts: [h${index}.example], redirect: { host: x.example } }`,
    );
    expect(notices('redirect: { status: 308 }', { others: others.join('\n') })).toEqual(TOLD);
  });
});
