import { describe, expect, it } from 'vitest';
import { findQuery } from '../../../src/http/query.ts';

describe('findQuery', () => {
  it.each([
    ['a=1&b=2', 'b', '2'],
    ['a=1&a=2', 'a', '1'],
    ['a', 'a', ''],
    ['a&b=1', 'a', ''],
    ['a=&b', 'a', ''],
    ['a=b=c', 'a', 'b=c'],
    ['animal=whale', 'ANIMAL', undefined],
    ['ab=1', 'a', undefined],
    ['b=a=1', 'a', undefined],
    ['', 'a', undefined],
    ['&&=1&', 'a', undefined],
    ['a=x%20y+z', 'a', 'x y z'],
    ['a=%C3%A9', 'a', 'é'],
    ['%61=1', 'a', '1'],
    ['x+y=1', 'x y', '1'],
    ['a%3D=1', 'a=', '1'],
    ['a=%zz', 'a', '%zz'],
    ['a=%4', 'a', '%4'],
    ['a=%', 'a', '%'],
    ['a=%ff', 'a', '\ufffd'],
    ['__proto__=1', '__proto__', '1'],
    ['a=1', '__proto__', undefined],
  ])('%j: %s', (query, name, expected) => {
    expect(findQuery(query, name)).toBe(expected);
  });

  it('stays linear on hostile queries', () => {
    const start = performance.now();
    expect(findQuery(`${'&'.repeat(300_000)}=`, 'a')).toBeUndefined();
    expect(findQuery(`${'%61&'.repeat(50_000)}a=1`, 'b')).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
