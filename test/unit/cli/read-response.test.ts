// Responses by the shapes of the contract: examples come through whole, hostile texts are safe, and what is no response of the API ends in words.

import { expect, test } from 'vitest';
import { EXAMPLES } from '../../../src/api/contract.ts';
import { SHAPES } from '../../../src/api/shapes.ts';
import { Failure } from '../../../src/cli/failure.ts';
import { readResponse, type ResponseName } from '../../../src/cli/read-response.ts';

test.each(Object.keys(SHAPES) as ResponseName[])('the example of %s comes through whole', (name) => {
  // A config has line ends, which are not for a terminal.
  const example = name === 'Revision' ? { ...EXAMPLES.Revision, config: 'listeners: []' } : EXAMPLES[name];
  expect(readResponse(name, JSON.parse(JSON.stringify(example)))).toEqual(example);
});

test('a newer server may say more, use other words and leave ranges', () => {
  const { Pool: pool } = EXAMPLES;
  const [version] = pool.versions;
  const endpoint = { ...version!.endpoints[1]!, reason: 'asleep', mood: 'fine' };
  const read = readResponse('Pool', { ...pool, versions: [{ ...version, share: 7, endpoints: [endpoint] }], colour: 'red' });
  expect(read.versions[0]?.endpoints[0]).toEqual({ ...version!.endpoints[1]!, reason: 'asleep' });
  expect(read.versions[0]?.share).toBe(7);
  expect(read).not.toHaveProperty('colour');
});

test('another release may leave out texts and flags, and send null for what is optional', () => {
  const line = { seq: 1, atMs: 2, kind: 'x', revision: 3, detail: {} };
  expect(readResponse('JournalLine', line)).toEqual({ ...line, author: '' });
  expect(readResponse('ChangeResponse', { revision: 1, differences: [], impact: null })).toEqual({ revision: 1, differences: [] });
});

test('texts and names are safe to print, and cut', () => {
  const report = { ...EXAMPLES.MirrorReport, pool: '\u001b[2J' + 'x'.repeat(50) };
  const [template] = report.templates;
  const hostile = JSON.parse(`{"__proto__": 3, "a\\u0007": 4}`) as Record<string, number>;
  const read = readResponse('MirrorReport', { ...report, templates: [{ ...template, uncompared: hostile }] }, 10);
  expect(read.pool).toBe('\\u001b[2Jxxxxxx');
  expect(Object.entries(read.templates[0]!.uncompared)).toEqual([
    ['__proto__', 3],
    ['a\\u0007', 4],
  ]);
});

test.each([
  ['Pools', 'hello', 'the response is no object'],
  ['Pools', { hello: 'world' }, 'pools is no list'],
  ['Pools', { revision: 1, pools: [7] }, 'an item of pools is no object'],
  ['MirrorReport', { verdict: [] }, 'verdict is no object'],
  ['Pool', { ...EXAMPLES.Pool, name: 7 }, 'name is no text'],
  ['Pool', { ...EXAMPLES.Pool, revision: '7' }, 'revision is no number'],
  ['Split', { ...EXAMPLES.Split, weights: { v1: 'all' } }, 'v1 is no number'],
] as const)('%s from %j', (name, body, what) => {
  const read = (): unknown => readResponse(name, body);
  expect(read).toThrow(Failure);
  expect(read).toThrow(`the response is not one of the admin API: ${what}`);
});
