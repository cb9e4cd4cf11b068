import { describe, expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';

function review(listener: string, endpoint: string, admin = '127.0.0.1:9901', trusted = '[]') {
  const text = `
listeners: [{ name: web, address: "${listener}", trustedProxies: ${trusted} }]
admin: { address: "${admin}", auth: { tokens: [{ name: a, role: admin, env: A }] } }
pools: { shop: { versions: { v1: { endpoints: ["10.0.0.1:80", "${endpoint}"] } } } }
routes: [{ name: all, pool: shop }]
`;
  const { problems, notices } = decodeText('f.yaml', text);
  return { problems: problems.map(({ message }) => message), notices: notices.map(({ message }) => message) };
}

describe('an endpoint that is a listener of this config', () => {
  test.each([
    ['127.0.0.1:8080', '127.0.0.1:8080'],
    [':8080', '127.0.0.1:8080'],
    [':8080', '[::1]:8080'],
    [':8080', 'localhost:8080'],
    ['0.0.0.0:8080', '127.0.0.5:8080'],
    ['0.0.0.0:8080', '[::ffff:127.0.0.1]:8080'],
    ['127.0.0.1:8080', '0.0.0.0:8080'],
    ['127.0.0.1:8080', 'localhost:8080'],
    ['10.0.0.7:8080', '10.0.0.7:8080'],
    ['unix:/run/a.sock', 'unix:/run/a.sock'],
  ])('%s %s', (listener, endpoint) => {
    const { problems, notices } = review(listener, endpoint);
    expect(problems).toEqual([]);
    expect(notices).toEqual([expect.stringContaining('is listener "web" of this config: requests would go round')]);
  });

  test.each([
    ['127.0.0.1:8080', '127.0.0.1:8081'],
    ['127.0.0.1:8080', '127.0.0.2:8080'],
    ['0.0.0.0:8080', '[::1]:8080'],
    ['10.0.0.7:8080', '127.0.0.1:8080'],
    [':8080', '10.0.0.7:8080'],
    ['unix:/run/a.sock', 'unix:/run/b.sock'],
    ['127.0.0.1:0', '127.0.0.1:8080'],
  ])('is none: %s %s', (listener, endpoint) => {
    expect(review(listener, endpoint).notices).toEqual([]);
  });

  test('the admin address is told apart', () => {
    expect(review(':8080', 'localhost:9901').notices).toEqual([
      'pools.shop.versions.v1.endpoints[1]: localhost:9901 is the admin address of this config: clients would reach the admin API',
    ]);
  });
});

describe('trusted peers', () => {
  test('unix is for Unix sockets', () => {
    expect(review('unix:/run/a.sock', '10.0.0.2:80', undefined, '[unix]')).toEqual({ problems: [], notices: [] });
    expect(review(':8080', '10.0.0.2:80', undefined, '[unix]').problems).toEqual([
      'listeners[0].trustedProxies[0]: unix stands for the peers of a Unix socket, and listener "web" has a port: name their addresses',
    ]);
    expect(review('unix:/run/a.sock', '10.0.0.2:80', undefined, '[10.0.0.0/8]').notices).toEqual([
      'listeners[0].trustedProxies[0]: the peers of a Unix socket have no address: write unix to trust them',
    ]);
    expect(review(':8080', '10.0.0.2:80', undefined, '[unixx]').problems).toHaveLength(1);
  });
});

test.each([
  ['{ remove: [Via, CDN-Loop] }', 1],
  ['{ remove: [cdn-loop], set: { via: 1.1 edge } }', 1],
  ['{ remove: [via] }', 0],
  ['{ add: { via: a }, remove: [cdn-loop] }', 0],
])('a route that hides the way altogether: %s', (changes, count) => {
  const text = `
listeners: [{ name: web, address: ":8080" }]
pools: { shop: { versions: { v1: { endpoints: ["10.0.0.1:80"] } } } }
routes: [{ name: all, pool: shop, requestHeaders: ${changes} }]
`;
  const { problems, notices } = decodeText('f.yaml', text);
  expect([problems.length, notices.map(({ message }) => message)]).toEqual([
    0,
    Array.from({ length: count }, () => 'routes[0].requestHeaders: without via and cdn-loop a loop of proxies is not noticed'),
  ]);
});
