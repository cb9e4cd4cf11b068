import { expect, test } from 'vitest';
import { decodeEndpoints } from '../../../../src/config/endpoint-file.ts';
import type { Found } from '../../../../src/upstream/discovery/resolution.ts';
import { MAX_ADDRESSES, bound } from '../../../../src/upstream/discovery/resolution.ts';
import { expand } from '../../../../src/upstream/discovery/expand.ts';

function at(host: string, port = 0, weight = 1): Found {
  return { host, port, weight, question: 'A x' };
}

function expanded(entries: readonly unknown[], known: Readonly<Record<string, readonly Found[]>>): string[] {
  const { endpoints, problems } = decodeEndpoints('f.json', JSON.stringify(entries));
  expect(problems).toEqual([]);
  return expand(endpoints!, ({ text }) => known[text] ?? []).map(({ key, weight, zone = '', drain }) =>
    [key, weight, zone, drain].join(' '),
  );
}

test('addresses stay as they are, in their order', () => {
  expect(expanded(['10.0.0.2:80', 'unix:/run/a.sock', '[::1]:80', '10.0.0.1:80'], {})).toEqual([
    '10.0.0.2:80 1  false',
    'unix:/run/a.sock 1  false',
    '[::1]:80 1  false',
    '10.0.0.1:80 1  false',
  ]);
});

test('each address of a name gets port, weight, zone and drain of its entry', () => {
  const known = { 'a.test': [at('10.0.0.1'), at('::1')] };
  expect(expanded([{ address: 'a.test:80', weight: 3, zone: 'east', drain: true }, 'a.test:81'], known)).toEqual([
    '10.0.0.1:80 3 east true',
    '[::1]:80 3 east true',
    '10.0.0.1:81 1  false',
    '[::1]:81 1  false',
  ]);
});

test('each record of a service brings its port, and its weight times that of the entry', () => {
  const known = { 'srv:_http._tcp.a.test': [at('10.0.0.1', 8001, 5), at('10.0.0.1', 8002, 1)] };
  expect(expanded([{ address: 'srv:_http._tcp.a.test', weight: 2 }], known)).toEqual(['10.0.0.1:8001 10  false', '10.0.0.1:8002 2  false']);
});

test('of two with the same address the first stays', () => {
  const known = { 'a.test': [at('10.0.0.1')], 'b.test': [at('10.0.0.2'), at('10.0.0.1')] };
  expect(expanded([{ address: '10.0.0.1:80', weight: 7 }, 'a.test:80', 'b.test:80'], known)).toEqual([
    '10.0.0.1:80 7  false',
    '10.0.0.2:80 1  false',
  ]);
});

test('what is not known is nothing', () => expect(expanded(['a.test:80'], {})).toEqual([]));

test('DNS answers are sorted, without repetition, and bounded', () => {
  expect(bound([at('10.0.0.2'), at('10.0.0.1'), at('10.0.0.2')]).found.map(({ host }) => host)).toEqual(['10.0.0.1', '10.0.0.2']);
  const many = Array.from({ length: 1000 }, (_, index) => at(`10.0.${index >> 8}.${index & 255}`));
  const { found, leftOut } = bound(many);
  expect([found.length, leftOut]).toEqual([MAX_ADDRESSES, 1000 - MAX_ADDRESSES]);
  expect(bound(many.toReversed()).found).toEqual(found);
});
