import { expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { diffConfigs, formatDifference } from '../../../src/config/diff.ts';
import type { Config } from '../../../src/config/model.ts';
import { SMALL } from './good.ts';

function decode(text: string): Config {
  const { config, problems } = decodeText('/f.yaml', text);
  expect(problems).toEqual([]);
  if (config === undefined) throw new Error('not a config');
  return config;
}

function lines(before: string, after: string): string[] {
  return diffConfigs(decode(before), decode(after)).map(formatDifference);
}

test('nothing changed', () => expect(diffConfigs(decode(SMALL), decode(`# again\n${SMALL}`))).toEqual([]));

test('a changed weight', () => {
  expect(diffConfigs(decode(SMALL), decode(SMALL.replace('v1: 90', 'v1: 80')))).toEqual([
    { path: 'pools.shop.split.v1', before: '90', after: '80' },
  ]);
});

test('values are shown as they are written', () => {
  expect(lines(SMALL, SMALL.replace('    split', '    timeouts: { response: 90s }\n    balancer: random\n    split'))).toEqual([
    'pools.shop.balancer: least-request -> random',
    'pools.shop.timeouts.response: 15s -> 90s',
  ]);
});

test('pools, versions, endpoints and routes come and go by name', () => {
  const after = SMALL.replace('[127.0.0.1:9001]', '[127.0.0.1:9000, 127.0.0.1:9001]')
    .replace(
      'routes:',
      '  cart: { versions: { v1: { endpoints: [a:1] } } }\nroutes:\n  - { name: cart, pool: cart, hosts: [cart.example.com] }',
    )
    .replace('      v2: { endpoints: [127.0.0.1:9002] }\n    split: { v1: 90, v2: 10 }\n', '');
  const there = lines(SMALL, after).map((line) => line.replace(/ \{.*/, ''));
  expect(there).toEqual([
    'pools.shop.versions.v1.endpoints["127.0.0.1:9000"]: added',
    'pools.shop.versions.v2: removed',
    'pools.shop.split.v1: 90 -> 1',
    'pools.shop.split.v2: removed',
    'pools.cart: added',
    'routes.cart: added',
  ]);
  const back = lines(after, SMALL);
  expect(back).toContain('pools.cart: removed');
  expect(back).toContain('routes.cart: removed');
});

test('the order of routes counts', () => {
  const before = `${SMALL}  - { name: b, pool: shop, hosts: [b.example.com] }\n`;
  const after = before.replace(/( {2}- \{ name: shop.*\n)( {2}- \{ name: b.*\n)/, '$2$1');
  expect(lines(before, after)).toEqual(['routes (order): shop, b -> b, shop']);
});
