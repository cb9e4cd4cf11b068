import { describe, expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { printConfig } from '../../../src/config/print.ts';

function decode(match: string) {
  const text = `listeners: [{ name: web, address: ":8080" }]
pools: { shop: { versions: { v1: { endpoints: [127.0.0.1:1] } } } }
routes:
  - name: shop
    pool: shop
    match: [${match}]
`;
  return decodeText('a.yaml', text);
}

describe('calls of gRPC', () => {
  test.each([
    ['{ grpc: { service: shop.v1.Carts } }', { kind: 'prefix', path: '/shop.v1.Carts' }],
    ['{ grpc: { service: shop.v1.Carts, method: Add_2 } }', { kind: 'exact', path: '/shop.v1.Carts/Add_2' }],
    ['{ grpc: { method: Add } }', { kind: 'regex', pattern: '^/[^/]+/Add$' }],
  ])('%s are requests of POST to a path', (match, path) => {
    const { config, problems } = decode(match);
    expect(problems).toEqual([]);
    expect(config!.routes[0]!.match).toEqual([{ path, methods: ['POST'], headers: [], query: [] }]);
    expect(decodeText('b.yaml', printConfig(config!)).config!.routes).toEqual(config!.routes);
  });

  test.each([
    ['{ grpc: {} }', 'a.yaml:6:21: routes[0].match[0].grpc: grpc needs a service, a method, or both'],
    ['{ grpc: { service: shop/Carts } }', 'service must be letters, digits, "_" and, between names, ".", such as shop.v1.Carts'],
    ['{ grpc: { method: "Add|Del" } }', 'method must be letters, digits'],
    ['{ grpc: { method: Add }, path: { exact: /a } }', 'path does not stand beside grpc'],
    ['{ grpc: { method: Add }, methods: [GET] }', 'methods does not stand beside grpc'],
    ['{ grpc: { methods: [Add] } }', 'unknown key "methods" (did you mean "method"?)'],
  ])('%s is refused', (match, message) => {
    expect(decode(match).problems.map(formatProblem).join()).toContain(message);
  });
});
