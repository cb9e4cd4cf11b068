import { describe, expect, it } from 'vitest';
import { findAll, findCookie, findField, joinField } from '../../../src/http/header-block.ts';

const BLOCK =
  'Accept: */*\r\nX-User-Id:  42 \t\r\nx-list: a\r\nEmpty:\r\nX-LIST:b\r\nCookie: a=1; session=abc; session=late\r\ncookie: other=x; quoted="q"\r\n';

describe('findField', () => {
  it.each([
    ['accept', '*/*'],
    ['x-user-id', '42'],
    ['x-list', 'a'],
    ['empty', ''],
    ['x-user', undefined],
    ['user-id', undefined],
    ['absent', undefined],
    ['__proto__', undefined],
  ])('%s', (name, expected) => {
    expect(findField(BLOCK, name)).toBe(expected);
  });

  it('finds nothing in an empty block, and the last line of a block', () => {
    expect(findField('', 'a')).toBeUndefined();
    expect(findField('a: 1\r\nb: 2\r\n', 'b')).toBe('2');
  });

  it('does not take a value for a name', () => {
    expect(findField('a: x-role: admin\r\n', 'x-role')).toBeUndefined();
  });

  it('treats only letters as equal in both cases', () => {
    expect(findField('x\x0d1: v\r\n', 'x-1')).toBeUndefined();
    expect(findField('X@Y: v\r\n', 'x`y')).toBeUndefined();
  });
});

describe('findAll and joinField', () => {
  it('keep the order of the lines', () => {
    expect(findAll(BLOCK, 'x-list')).toEqual(['a', 'b']);
    expect(joinField(BLOCK, 'x-list')).toBe('a, b');
    expect(joinField(BLOCK, 'accept')).toBe('*/*');
    expect(joinField(BLOCK, 'absent')).toBeUndefined();
    expect(joinField('a: 1\r\na: 2\r\na: 3\r\n', 'a')).toBe('1, 2, 3');
  });
});

describe('findCookie', () => {
  it.each([
    ['a', '1'],
    ['session', 'abc'],
    ['other', 'x'],
    ['quoted', '"q"'],
    ['ession', undefined],
    ['sess', undefined],
    ['Session', undefined],
    ['1', undefined],
  ])('%s', (name, expected) => {
    expect(findCookie(BLOCK, name)).toBe(expected);
  });

  it('does not find a name inside a value', () => {
    expect(findCookie('cookie: a=sid=1; b= sid=2\r\n', 'sid')).toBeUndefined();
  });

  it('takes blanks around pairs, an empty value, and no final semicolon', () => {
    expect(findCookie('cookie:a=1 ;\tsid=v \r\n', 'sid')).toBe('v');
    expect(findCookie('cookie: sid=; b=1\r\n', 'sid')).toBe('');
    expect(findCookie('cookie: sid\r\n', 'sid')).toBeUndefined();
  });
});

it('stays linear on hostile blocks', () => {
  const block = 'cookie: ' + 'sid '.repeat(100_000) + '\r\n' + 'cookie: ;\r\n'.repeat(50_000);
  const start = performance.now();
  expect(findCookie(block, 'sid')).toBeUndefined();
  expect(joinField(block, 'absent')).toBeUndefined();
  expect(performance.now() - start).toBeLessThan(2000);
});
