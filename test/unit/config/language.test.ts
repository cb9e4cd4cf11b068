// What the language offers beside plain YAML: environment variables, merge keys, keys of other tools.

import { expect, test } from 'vitest';
import { decodeFitting, decodeText, readFiles } from '../../../src/config/decode.ts';
import type { LoadResult } from '../../../src/config/decode.ts';
import { parseText } from '../../../src/config/parse.ts';
import { printWritten } from '../../../src/config/print.ts';
import { SMALL } from './good.ts';

function load(text: string, environment: Readonly<Record<string, string>> = {}): LoadResult {
  return decodeFitting(readFiles([{ file: 'f.yaml', text }], [], environment), []);
}

function findings(text: string, environment: Readonly<Record<string, string>> = {}): string[] {
  return load(text, environment).problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

/** What stands as `a` in a text. */
function read(text: string, environment: Readonly<Record<string, string>> = {}): unknown {
  const { source, problems, unknown = [] } = parseText('f.yaml', `a: ${text}\n`, { config: { environment } });
  return source?.value['a'] ?? [...problems, ...unknown].map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

const VARIABLES: [string, Record<string, string>, unknown][] = [
  ['${A}', { A: 'x' }, 'x'],
  ['${A}', { A: '8080' }, 8080],
  ['"${A}"', { A: '8080' }, '8080'],
  ['${A}', { A: 'true' }, true],
  ['${A}.5', { A: '1' }, 1.5],
  ['http://${HOST}:${PORT}/', { HOST: 'h', PORT: '1' }, 'http://h:1/'],
  ['${A:-b}', {}, 'b'],
  ['${A:-b}', { A: '' }, 'b'],
  ['"${A}"', { A: '' }, ''],
  ['"${A:-}"', {}, ''],
  ['${A:-5s}', {}, '5s'],
  ['${A:-8}', {}, 8],
  ['$${A}', { A: 'x' }, '${A}'],
  ['$$${A}', { A: 'x' }, '$${A}'],
  ['${A}$${A}', { A: 'x' }, 'x${A}'],
  ['${A}', { A: '${B}', B: 'no' }, '${B}'],
  ['$A $ {A}', { A: 'x' }, '$A $ {A}'],
  ['{ b: ${A}, c: [${A}, "${A}"] }', { A: '1' }, { b: 1, c: [1, '1'] }],
  ['{ b: ${A:-x}, $${A}: 1 }', {}, { b: 'x', '$${A}': 1 }],
  ['|\n  ${A}\n  b', { A: 'x' }, 'x\nb\n'],
  ['${A} # ${B}', { A: 'x' }, 'x'],
  // What a variable holds is text: it can neither open a list nor add a key.
  ['${A}', { A: '[1, 2]' }, '[1, 2]'],
  ['${A}', { A: 'x\nb: 2' }, 'x\nb: 2'],
  ['${A}', { A: '*a' }, '*a'],
  ['${A}', {}, ['1:4: a: the environment variable A is not set: set it, or write ${A:-default}']],
  ['${toString}', {}, ['1:4: a: the environment variable toString is not set: set it, or write ${toString:-default}']],
  ['"${A"', { A: 'x' }, ['1:4: a: an environment variable looks like ${NAME} or ${NAME:-default}; write $${ for the characters "${"']],
  ['"${}"', {}, ['1:4: a: an environment variable looks like ${NAME} or ${NAME:-default}; write $${ for the characters "${"']],
  ['"${1A}"', {}, ['1:4: a: an environment variable looks like ${NAME} or ${NAME:-default}; write $${ for the characters "${"']],
];

test.each(VARIABLES)('%j with %j', (text, environment, expected) => expect(read(text, environment)).toEqual(expected));

test('variables are filled in where values of a config stand, and what is wrong is told there', () => {
  const text = SMALL.replace('127.0.0.1:8080', '${HOST}:${PORT:-8080}').replace('v1: 90', 'v1: ${WEIGHT}');
  const { config } = load(text, { HOST: '127.0.0.1', WEIGHT: '30' });
  expect(config?.listeners[0]?.address).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 8080 });
  expect(config?.pools[0]?.split).toEqual({ v1: 30, v2: 10 });
  expect(findings(text, { HOST: '127.0.0.1', WEIGHT: 'much' })).toEqual([
    expect.stringMatching(/^8:18: pools\.shop\.split\.v1: .*got "much"/),
  ]);
  expect(findings(text, { HOST: '127.0.0.1' })).toEqual([
    '8:18: pools.shop.split.v1: the environment variable WEIGHT is not set: set it, or write ${WEIGHT:-default}',
  ]);
});

test('what the API is sent reads no variable', () => {
  const text = SMALL.replace('127.0.0.1:8080', '"${PATH}"');
  expect(decodeText('f.yaml', text).problems.map(({ message }) => message)).toEqual([
    'listeners[0].address: environment variables are read in files alone; write $${ for the characters "${"',
  ]);
  expect(parseText('', '{"reason": "${PATH} $${A}", "x-a": 1}').source?.value).toEqual({ reason: '${PATH} $${A}', 'x-a': 1 });
});

test('what is printed is read back as it is', () => {
  const value = 'a ${A} $${B} ${';
  expect(parseText('', printWritten({ a: value }), { config: { environment: undefined } }).source?.value).toEqual({ a: value });
});

test('variables cannot fill the memory', () => {
  const text = `a: [${Array.from({ length: 100 }, () => '${A}').join(', ')}]\n`;
  const { unknown = [] } = parseText('f.yaml', text, { config: { environment: { A: 'x'.repeat(128 * 1024) } } });
  expect(unknown[0]?.message).toContain('environment variables may stand for 8 MiB at most');
});

test('merge keys: own keys count before what is merged, and the first of several before the others', () => {
  const text = 'x-a: &a { b: 1, c: 1 }\nx-b: &b { c: 2, d: 2 }\na:\n  <<: [*a, *b]\n  b: 0\n';
  const { source } = parseText('f.yaml', text, { config: { environment: {} } });
  expect(source?.value).toEqual({ a: { b: 0, c: 1, d: 2 } });
  expect(read('{ "<<": 1 }')).toEqual({ '<<': 1 });
  expect(read('{ <<: { b: 1 }, c: 2 }')).toEqual({ b: 1, c: 2 });
  expect(read('{ <<: 5 }')).toEqual(['1:6: a: "<<" needs a map, such as *name of an anchor &name, or a list of maps']);
  expect(read('{ <<: *none }')).toEqual(['1:10: a["<<"]: no anchor &none stands before the alias *none']);
});

const MERGED = `x-defaults: &defaults
  outlier: { consecutive: 3 }
  balancer: random
listeners:
  - { name: web, address: 127.0.0.1:8080 }
pools:
  shop:
    <<: *defaults
    versions: { v1: { endpoints: [127.0.0.1:9001] } }
  cart:
    <<: *defaults
    balancer: round-robin
    versions: { v1: { endpoints: [127.0.0.1:9002] } }
routes:
  - { name: shop, pool: shop }
  - { name: cart, pool: cart, hosts: [cart.example.com] }
`;

test('merge keys and keys of other tools in a config', () => {
  const { config, problems } = load(MERGED);
  expect(problems).toEqual([]);
  expect(config?.pools.map(({ balancer, outlier }) => [balancer, outlier.consecutive])).toEqual([
    ['random', 3],
    ['round-robin', 3],
  ]);
});

test('what is wrong in merged keys is told where it is written', () => {
  expect(findings(MERGED.replace('consecutive: 3', 'consecutive: 3x'))[0]).toMatch(/^2:27: pools\.shop\.outlier\.consecutive: /);
  expect(findings(MERGED.replace('balancer: round-robin', 'balancer: rr'))).toEqual([
    expect.stringMatching(/^12:15: pools\.cart\.balancer: /),
  ]);
});

test('merge keys count among what aliases may stand for', () => {
  let text = 'x-0: &a0 { k: [x, x, x, x, x, x, x, x, x, x] }\n';
  for (let level = 1; level < 20; level++)
    text += `x-${level}: &a${level} { ${Array.from({ length: 10 }, (_, index) => `k${index}: { <<: *a${level - 1} }`).join(', ')} }\n`;
  expect(findings(text)).toContainEqual(expect.stringMatching(/aliases may stand for 10000 values at most$/));
});

test('only at the top, x- keys are no keys of the config', () => {
  expect(findings(SMALL.replace('split:', 'x-note: 1\n    split:'))).toEqual([
    '8:5: pools.shop: unknown key "x-note" (only at the top of a file keys that begin with x- are ignored)',
  ]);
});

test('a variable that is not set hides no other fault', () => {
  const text = SMALL.replace('127.0.0.1:8080', '${HOST}:8080')
    .replace('v1: 90', 'v1: ${WEIGHT}')
    .replace('v2: 10', 'v9: ten')
    .replace('pool: shop', 'pool: shp, timeout: 5');
  expect(findings(text)).toEqual([
    '2:27: listeners[0].address: the environment variable HOST is not set: set it, or write ${HOST:-default}',
    '8:18: pools.shop.split.v1: the environment variable WEIGHT is not set: set it, or write ${WEIGHT:-default}',
    '8:29: pools.shop.split.v9: there is no version "v9" (did you mean "v1"? there are v1, v2)',
    '8:33: pools.shop.split.v9: weight must be a non-negative number or look like 5%, got "ten"',
    '10:25: routes[0].pool: there is no pool "shp" (did you mean "shop"?)',
    '10:39: routes[0].timeout: duration must look like 250ms, 5s, 1m30s, 2h or 1d, got 5 (write 5s or 5ms)',
  ]);
});

test('where a name is a variable that is not set, nothing is said to be missing by it', () => {
  const text = SMALL.replace('name: web', 'name: ${WEB}').replace('pool: shop', 'pool: shop, listeners: [web], version: ${V}');
  expect(findings(text)).toEqual([
    '2:13: listeners[0].name: the environment variable WEB is not set: set it, or write ${WEB:-default}',
    '10:58: routes[0].version: the environment variable V is not set: set it, or write ${V:-default}',
  ]);
});

test('a key that is not known hides no name that leads nowhere', () => {
  const text = SMALL.replace(
    'split:',
    'splitt: 1\n    overrides: [{ name: a, header: { name: x, value: y }, version: v7 }]\n    split:',
  ).replace('pool: shop', 'pool: shop, version: v8, listeners: [wbe]');
  expect(findings(text)).toEqual([
    '8:5: pools.shop: unknown key "splitt" (did you mean "split"?)',
    '9:68: pools.shop.overrides[0].version: there is no version "v7" (did you mean "v1"? there are v1, v2)',
    '12:40: routes[0].version: in pool "shop" there is no version "v8" (did you mean "v1"? there are v1, v2)',
    '12:56: routes[0].listeners[0]: there is no listener "wbe" (did you mean "web"?)',
  ]);
});
