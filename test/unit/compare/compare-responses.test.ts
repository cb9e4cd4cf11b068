import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { NO_DIFFERENCE } from '../../../src/compare/difference.ts';
import { digestOf } from '../../../src/compare/decoded-body.ts';
import { BodyLength } from '../../../src/compare/show-value.ts';
import type { RecordedResponse } from '../../../src/compare/mirrored-exchange.ts';
import { response, compare, differ, json } from './scaffold.ts';

describe('JSON', () => {
  it.each([
    ['value', { a: { b: 1 } }, { a: { b: 2 } }, ['$.a.b value']],
    ['type', { a: 1 }, { a: '1' }, ['$.a type']],
    ['null is a type', { a: null }, { a: 0 }, ['$.a type']],
    ['missing', { a: 1, b: { c: 1 } }, { a: 1 }, ['$.b missing']],
    ['extra', { a: 1 }, { a: 1, b: 2 }, ['$.b extra']],
    ['order', { a: [1, { x: 2 }] }, { a: [{ x: 2 }, 1] }, ['$.a order']],
    ['length', { a: [1, 2] }, { a: [1] }, ['$.a length']],
    ['positions are generalised', [{ p: 1 }, { p: 2 }], [{ p: 3 }, { p: 4 }], ['$[*].p value']],
    ['a changed item', [1, 2, 3], [1, 9, 3], ['$[*] value']],
    ['order inside of items', [[1, 2], [3]], [[2, 1], [3]], ['$[*] order']],
    ['the root', 1, [], ['$ type']],
    ['names of Object.prototype', { constructor: 1, toString: 2 }, {}, ['$.constructor missing', '$.toString missing']],
    ['order of keys', { a: 1, b: 2 }, { b: 2, a: 1 }, []],
    ['zero has no sign', [0], [-0], []],
    ['a repeated item', [1, 1, 2], [1, 2, 2], ['$[*] value']],
  ])('%s', (_name, primary, other, expected) => {
    expect(differ(primary, other)).toEqual(expected);
  });

  it('leaves out what is ignored', () => {
    const [left, right] = [
      { a: 1, at: 1, items: [{ id: 1 }], x: { at: 2, y: 1 } },
      { a: 1, at: 2, items: [{ id: 2 }], x: { y: 1 } },
    ];
    expect(differ(left, right, { ignore: ['**.at', 'items[*].id'] })).toEqual([]);
    expect(differ(left, right, { ignore: ['**.at'] })).toEqual(['$.items[*].id value']);
    expect(differ([1, 2], [3], { ignore: ['$'] })).toEqual([]);
  });

  it('compares lists without their order', () => {
    const lists = [{ path: 'l', as: 'sorted' as const }];
    expect(differ({ l: [1, 2, 3] }, { l: [3, 1, 2] }, { lists })).toEqual([]);
    expect(differ({ l: [1, 2, 3] }, { l: [3, 1] }, { lists })).toEqual(['$.l[*] missing']);
    expect(differ({ l: [1] }, { l: [1, 1] }, { lists })).toEqual(['$.l[*] extra']);
    expect(differ({ l: [{ id: 1, p: 5 }, { id: 2 }] }, { l: [{ id: 2 }, { id: 1, p: 6 }] }, { lists })).toEqual(['$.l[*].p value']);
  });

  it('compares lists as sets', () => {
    const lists = [{ path: 'l', as: 'set' as const }];
    expect(differ({ l: [1, 2, 2] }, { l: [2, 1] }, { lists })).toEqual([]);
    expect(differ({ l: [1] }, { l: [1, 3] }, { lists })).toEqual(['$.l[*] extra']);
  });

  it('matches items by a member', () => {
    const lists = [{ path: 'l', as: 'sorted' as const, by: 'id' }];
    const left = {
      l: [
        { id: 'a', n: 1 },
        { id: 'b', n: 2 },
      ],
    };
    expect(
      differ(
        left,
        {
          l: [
            { id: 'b', n: 2 },
            { id: 'a', n: 7 },
          ],
        },
        { lists },
      ),
    ).toEqual(['$.l[*].n value']);
    expect(
      differ(
        left,
        {
          l: [
            { id: 'c', n: 1 },
            { id: 'b', n: 2 },
          ],
        },
        { lists },
      ),
    ).toEqual(['$.l[*] missing']);
  });

  it('takes numbers for equal within their tolerance, also in lists without order', () => {
    const numbers = [
      { path: '**.n', absolute: 0.5 },
      { path: 'r', relative: 0.01 },
    ];
    expect(differ({ n: 1, r: 1000 }, { n: 1.5, r: 1010 }, { numbers })).toEqual([]);
    expect(differ({ n: 1, r: 1000 }, { n: 1.6, r: 1020 }, { numbers })).toEqual(['$.n value', '$.r value']);
    const lists = [{ path: 'l', as: 'sorted' as const }];
    expect(
      differ(
        {
          l: [
            { n: 1, k: 1 },
            { n: 5, k: 2 },
          ],
        },
        {
          l: [
            { n: 5.2, k: 2 },
            { n: 1.2, k: 1 },
          ],
        },
        { numbers, lists },
      ),
    ).toEqual([]);
  });

  it('tells ids apart that a double cannot hold, and numbers that are none', () => {
    const of = (text: string): readonly string[] =>
      compare(response('{"id":9007199254740993}'), response(text)).differences.map(({ kind }) => kind);
    expect(of('{"id":9007199254740992}')).toEqual(['value']);
    expect(of('{"id" : 9007199254740993}')).toEqual([]);
    expect(of('{"id":"9007199254740993"}')).toEqual(['type']);
    expect(compare(response('[1e999]'), response('[2e999]')).differences).toHaveLength(1);
    expect(compare(response('[1e999]'), response('[1e999 ]')).differences).toEqual([]);
    expect(compare(response('[1e-999]'), response('[0]')).differences).toHaveLength(1);
  });
});

describe('status, header fields and bodies', () => {
  it('tells a status and nothing else', () => {
    expect(compare(json({ a: 1 }), json({ error: 1 }, { status: 500 })).differences).toEqual([
      { path: 'status', kind: 'status', primary: 200, other: 500, isRedacted: false },
    ]);
  });

  it('compares content-type by meaning, and the fields that are asked for', () => {
    const left = json([], { type: 'application/json; charset=UTF-8', fields: 'location: /a\r\n' });
    const right = json([], { type: 'Application/JSON;charset="utf-8"', fields: 'Location: /b\r\ndate: now\r\n' });
    expect(compare(left, right).differences).toEqual([]);
    expect(compare(left, right, { headers: ['content-type', 'location'] }).differences).toMatchObject([
      { path: 'header:location', kind: 'header', primary: '/a', other: '/b' },
    ]);
    expect(compare(json([]), response('[]', { type: 'text/plain' })).differences).toMatchObject([
      { path: 'header:content-type', kind: 'header' },
    ]);
  });

  it('compares broken JSON as text, text as text, the rest as bytes', () => {
    expect(compare(response('{"a":'), response('{"b":')).differences).toMatchObject([{ path: 'body', kind: 'text' }]);
    expect(compare(response('{"a":1}'), response('{"a":1')).differences).toMatchObject([
      { path: 'body', kind: 'type', primary: 'json', other: 'text' },
    ]);
    const [text, bytes] = [{ type: 'text/html' }, { type: 'image/png' }];
    expect(compare(response('a', text), response('b', text)).differences).toMatchObject([{ path: 'body', kind: 'text' }]);
    expect(compare(response('a', bytes), response('b', bytes)).differences).toMatchObject([{ path: 'body', kind: 'bytes' }]);
    expect(compare(response('', {}), response('', {})).differences).toEqual([]);
    expect(compare(response(Buffer.from([0x22, 0xff, 0x22])), response(Buffer.from([0x22, 0xfe, 0x22]))).differences).toMatchObject([
      { kind: 'bytes' },
    ]);
  });

  it('looks under content codings', () => {
    const coded = (text: string, level: number) => response(gzipSync(text, { level }), { fields: 'content-encoding: gzip\r\n' });
    expect(compare(coded('{"a":1}', 1), coded('{"a": 1}', 9)).differences).toEqual([]);
    expect(compare(coded('{"a":1}', 1), response('{"a":1}')).differences).toEqual([]);
    expect(compare(coded('{"a":1}', 1), response('{"a":2}')).differences).toMatchObject([{ path: '$.a' }]);
  });

  it('says why it cannot compare, and tells what only the candidate gets wrong', () => {
    const corrupt = response('no', { fields: 'content-encoding: gzip\r\n' });
    expect(compare(response('{}'), corrupt)).toMatchObject({
      differences: [{ path: 'body', kind: 'type', primary: 'json', other: 'corrupt' }],
    });
    expect(compare(corrupt, response('{}'))).toMatchObject({ differences: [], uncompared: 'corrupt' });
    expect(compare(response('{}'), response('x', { fields: 'content-encoding: rot13\r\n' }))).toMatchObject({
      differences: [],
      uncompared: 'coding',
    });
    const bomb = response(gzipSync(Buffer.alloc(2 << 20)), { fields: 'content-encoding: gzip\r\n' });
    expect(compare(bomb, response('{}'))).toMatchObject({ uncompared: 'bomb' });
  });

  it('compares what is too large by digest', () => {
    const large = (digest: string, fields = '') => ({ ...json(1, { fields }), body: { kind: 'digest' as const, digest, length: 1 << 21 } });
    expect(compare(large('aa'), large('aa')).differences).toEqual([]);
    expect(compare(large('aa'), large('bb')).differences).toMatchObject([{ path: 'body', kind: 'bytes' }]);
    expect(compare(large('aa'), large('bb', 'content-encoding: br\r\n'))).toMatchObject({ differences: [], uncompared: 'digest' });
    const small = json({ a: 1 });
    const digested = { ...small, body: { kind: 'digest' as const, digest: digestOf(Buffer.from('{"a":1}')), length: 7 } };
    expect(compare(small, digested).differences).toEqual([]);
  });

  it('leaves out what is ignored as a whole, and shows no text where anything is redacted', () => {
    expect(compare(response('a', { type: 'text/html' }), response('b', { type: 'text/html' }), { ignore: ['$'] }).differences).toEqual([]);
    expect(compare(response('{"a":1'), response('{"a":2'), { redact: ['secret'] }).differences).toEqual([
      { path: 'body', kind: 'text', primary: new BodyLength(6, 'exact'), other: new BodyLength(6, 'exact'), isRedacted: false },
    ]);
  });
});

describe('a body that was not read to its end', () => {
  const GZIP = 'content-encoding: gzip\r\n';
  const cut = (atLeast: number, fields = ''): RecordedResponse => ({ ...json(1, { fields }), body: { kind: 'cut', atLeast } });
  const digest = (length: number, fields = ''): RecordedResponse => ({
    ...json(1, { fields }),
    body: { kind: 'digest', digest: 'aa', length },
  });
  const exactly = (bytes: number): BodyLength => new BodyLength(bytes, 'exact');
  const over = (bytes: number): BodyLength => new BodyLength(bytes, 'more');

  it.each([
    ['a whole one of its length', json(123), cut(3), exactly(3), over(3)],
    ['a shorter whole one', cut(100), json(123), over(100), exactly(3)],
    ['an empty one', response(''), cut(0), exactly(0), over(0)],
    ['a shorter one that is known by its digest', digest(99), cut(100), exactly(99), over(100)],
    ['the same the other way round', cut(100), digest(100), over(100), exactly(100)],
  ])('differs from %s', (_name, primary, other, left, right) => {
    const found = compare(primary, other);
    expect(found).toEqual({
      differences: [{ path: 'body', kind: 'bytes', primary: left, other: right, isRedacted: false }],
      isCutShort: false,
      uncompared: undefined,
    });
  });

  it.each([
    ['another one', cut(3), cut(3)],
    ['another one, whatever was read of each', cut(3), cut(3000)],
    ['a longer one', json(1234), cut(3)],
    ['a longer one that is known by its digest', cut(100), digest(101)],
    ['a coded one', response('{}', { fields: GZIP }), cut(100)],
    ['one that is known by its digest and coded', digest(5, GZIP), cut(100)],
    ['anything, if it is coded itself', json(1), cut(100, GZIP)],
  ])('cannot be compared with %s', (_name, primary, other) => {
    expect(compare(primary, other)).toEqual({ differences: [], isCutShort: false, uncompared: 'cut' });
    expect(compare(other, primary)).toMatchObject({ differences: [], uncompared: 'cut' });
  });

  it('keeps what its head differs in', () => {
    const found = compare(cut(3), { ...cut(3), fields: 'content-type: text/html\r\n' });
    expect(found).toMatchObject({ differences: [{ path: 'header:content-type' }], uncompared: 'cut' });
    expect(compare(cut(3), { ...cut(3), status: 404 })).toMatchObject({ differences: [{ path: 'status' }], uncompared: undefined });
    expect(compare(cut(3), json(1), { ignore: ['$'] })).toMatchObject({ differences: [], uncompared: undefined });
  });
});

describe('an error', () => {
  const failed = { status: 500, type: 'text/plain' };

  it('is a status that differs, and nothing else, where the primary responds', () => {
    expect(compare(json({ a: 1 }), response('oops', failed)).differences).toMatchObject([
      { path: 'status', kind: 'status', primary: 200, other: 500 },
    ]);
  });

  it('is a response like any other where both make it', () => {
    expect(compare(response('oops', failed), response('oops', failed))).toEqual(NO_DIFFERENCE);
    expect(compare(response('oops', failed), response('ooops', failed)).differences).toMatchObject([{ path: 'body', kind: 'text' }]);
  });
});
