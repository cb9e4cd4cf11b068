import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Amendment } from '../../../src/config/amend.ts';
import { isRefused } from '../../../src/config/changes.ts';
import { decodeRead, decodeText, readFiles } from '../../../src/config/decode.ts';
import type { LoadResult } from '../../../src/config/decode.ts';
import { printConfig } from '../../../src/config/print.ts';
import { setConfig } from '../../../src/config/set-config.ts';
import { SMALL } from './good.ts';

const READ = readFiles([{ file: '/etc/sluice/f.yaml', text: SMALL }]);

function meant({ written, config, problems }: LoadResult): { written: NonNullable<typeof written>; config: NonNullable<typeof config> } {
  if (written === undefined || config === undefined) throw new Error(problems[0]?.message);
  return { written, config };
}

/** PUT of a document while these amendments are in force. */
function put(text: string, amendments: readonly Amendment[] = []): readonly Amendment[] {
  const { written, config } = meant(decodeRead(READ, amendments));
  const alone = meant(decodeRead(READ)).config;
  const changed = setConfig({ written, config, alone, amendments }, meant(decodeText('/etc/sluice/put.yaml', text)));
  if (isRefused(changed)) throw new Error(changed.faults[0]?.message);
  return changed;
}

function paths(amendments: readonly Amendment[]): readonly string[] {
  return amendments.map(({ path }) => path.join('/'));
}

test('what is in force already changes nothing, also with all defaults written out', () => {
  expect(put(SMALL)).toEqual([]);
  expect(put(printConfig(meant(decodeRead(READ)).config))).toEqual([]);
});

test('one field of one pool is one amendment', () => {
  expect(put(SMALL.replace('v1: 90', 'v1: 80'))).toEqual([
    { path: ['pools', 'shop', 'split'], value: { v1: 80, v2: 10 }, base: { v1: 90, v2: 10 } },
  ]);
  expect(put(SMALL.replace('127.0.0.1:9002', '127.0.0.1:9002, 127.0.0.1:9005'))).toEqual([
    { path: ['pools', 'shop', 'versions', 'v2', 'endpoints', '127.0.0.1:9005'], value: '127.0.0.1:9005' },
  ]);
});

test('pools and versions come and go whole, routes and listeners as lists', () => {
  const text = SMALL.replace('shop:\n', 'cart:\n    versions: { v1: { endpoints: [127.0.0.1:9009] } }\n  shop:\n')
    .replace('      v2: { endpoints: [127.0.0.1:9002] }\n', '')
    .replace(', v2: 10', '')
    .concat('  - { name: cart, pool: cart, hosts: [cart.example.com] }\n');
  const amendments = put(text);
  expect(paths(amendments)).toEqual(['pools/cart', 'pools/shop/split', 'routes', 'pools/shop/versions/v2']);
  expect(decodeRead(READ, amendments).config?.routes).toHaveLength(2);
});

test('what was in force and stays is kept; what returns to the file is recorded no more', () => {
  const hold = { path: ['pools', 'shop', 'hold'], value: '1s' };
  const balancer = { path: ['pools', 'shop', 'balancer'], value: 'random' };
  const text = printConfig(meant(decodeRead(READ, [hold, balancer])).config);
  expect(put(text, [hold, balancer])).toEqual([hold, balancer]);
  expect(put(text.replace('balancer: random', 'balancer: least-request'), [hold, balancer])).toEqual([hold]);
  expect(put(SMALL, [hold, balancer])).toEqual([]);
});

test('a list in another order is taken as a whole', () => {
  const override = (name: string): object => ({ name, header: { name: `x-${name}`, value: 'v1' }, version: 'v1' });
  const add = (...names: readonly string[]): string =>
    SMALL.replace('    split:', `    overrides: ${JSON.stringify(names.map(override))}\n    split:`);
  const two = put(add('a', 'b'));
  expect(paths(two)).toEqual(['pools/shop/overrides/a', 'pools/shop/overrides/b']);
  expect(paths(put(add('b', 'a'), two))).toEqual(['pools/shop/overrides']);
  expect(paths(put(add('b'), two))).toEqual(['pools/shop/overrides/b']);
});

test('a version whose endpoints go to a file', () => {
  const text = SMALL.replace('{ endpoints: [127.0.0.1:9002] }', '{ endpointsFile: v2.yaml }');
  const result = decodeRead(READ, put(text));
  expect(result.problems).toEqual([]);
  expect(result.config?.pools[0]?.versions[1]).toMatchObject({ endpoints: [], endpointsFile: '/etc/sluice/v2.yaml' });
});

test('a document without what the file has', () => {
  const text = stringify({ listeners: [{ name: 'web', address: '127.0.0.1:8080' }] });
  const amendments = put(text);
  expect(decodeRead(READ, amendments).config).toEqual(decodeText('/etc/sluice/f.yaml', text).config);
});

test('a pool that was taken out, put back otherwise, and put back as the file has it leaves nothing behind', () => {
  const without = SMALL.slice(0, SMALL.indexOf('pools:'));
  const otherwise = SMALL.replaceAll('v2', 'v7');
  const changed = put(otherwise, put(without));
  expect(paths(changed)).toEqual(['pools/shop']);
  expect(paths(put(otherwise.replace('v1: 90', 'v1: 80'), changed))).toEqual(['pools/shop']);
  expect(put(SMALL, changed)).toEqual([]);
});
