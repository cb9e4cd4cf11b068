import { describe, expect, it } from 'vitest';
import { compileRules } from '../../../src/compare/comparison-rules.ts';
import type { FieldNode } from '../../../src/compare/field-node.ts';
import { plantFields } from '../../../src/compare/field-node.ts';
import { checkPattern } from '../../../src/lib/field-pattern.ts';

/** The node of a path of keys; `[]` is an item. */
function follow(ignore: readonly string[], path: readonly string[]): FieldNode {
  return path.reduce((node, key) => (key === '[]' ? node.item() : node.key(key)), plantFields(compileRules({ ignore })));
}

describe('a pattern', () => {
  it.each([
    ['$.a.b', ['a', 'b']],
    ['a.b', ['a', 'b']],
    ['items[*].id', ['items', '[]', 'id']],
    ['items[*]', ['items', '[]']],
    ['**.updatedAt', ['updatedAt']],
    ['**.updatedAt', ['a', '[]', 'b', 'updatedAt']],
    ['a.**', ['a']],
    ['a.**.z', ['a', '[]', '[]', 'z']],
    ['users.*.name', ['users', 'x', 'name']],
    ['*', ['x']],
    ['$[*].id', ['[]', 'id']],
    [`$['odd key'].b`, ['odd key', 'b']],
    [`$['it\\'s']`, [`it's`]],
    ['$', []],
    ['users.12345.name', ['users', '12345', 'name']],
    ['__proto__.x', ['__proto__', 'x']],
  ])('%s covers %j', (pattern, path) => {
    expect(checkPattern(pattern)).toBeUndefined();
    expect(follow([pattern], path).isIgnored).toBe(true);
  });

  it.each([
    ['$.a.b', ['a']],
    ['$.a.b', ['a', 'b', 'c']],
    ['items[*].id', ['items', 'id']],
    ['*.id', ['[]', 'id']],
    ['**.updatedAt', ['a', 'updated']],
    ['users.12345.name', ['users', '12346', 'name']],
  ])('%s does not cover %j', (pattern, path) => {
    expect(follow([pattern], path).isIgnored).toBe(false);
  });

  it.each([
    ['items[0].id', `list positions are not told apart: write '[*]' at character 6`],
    ['', `a field path is empty; '$' is the whole body`],
    ['.a', `a field path starts with '$', a key, '*' or '**', not with '.'`],
    ['a..b', `not understood at character 2; a path looks like '$.a.b', 'items[*].id' or '**.updatedAt'`],
    ['a.', `not understood at character 2; a path looks like '$.a.b', 'items[*].id' or '**.updatedAt'`],
    ['a[*]b', `a '.' is missing at character 5`],
    ['a b', `not understood at character 2; a path looks like '$.a.b', 'items[*].id' or '**.updatedAt'`],
    ['x'.repeat(300), 'a field path has at most 256 characters'],
  ])('%j is refused', (pattern, message) => {
    expect(checkPattern(pattern)).toBe(message);
  });

  it('throws where nobody has checked it', () => {
    expect(() => compileRules({ ignore: ['a[1]'] })).toThrow(`"a[1]": list positions are not told apart`);
  });
});

describe('a field path', () => {
  it('generalises keys that look like data, and spells odd ones so that no two are alike', () => {
    expect(follow([], ['users', '123', 'name']).path).toBe('$.users.{id}.name');
    expect(follow([], ['a@b.example']).path).toBe('$.{id}');
    expect(follow([], ['a', '[]', 'b c']).path).toBe(`$.a[*]['b c']`);
    expect(follow([], [`x'].y`]).path).toBe(`$['x\\'].y']`);
    expect(follow([], ['a\nb']).path).toBe(`$['a?b']`);
  });

  it('is remembered within the bound, and right beyond it', () => {
    const root = plantFields(compileRules({ ignore: ['**.z'], limits: { knownFields: 2 } }));
    expect(root.key('a')).toBe(root.key('a'));
    root.key('b');
    expect(root.key('c')).not.toBe(root.key('c'));
    expect(root.key('c').key('z')).toMatchObject({ path: '$.c.z', isIgnored: true });
    expect(root.key('c').item().path).toBe('$.c[*]');
  });

  it('follows many wildcards in small steps', () => {
    const pattern = Array.from({ length: 40 }, () => '**.a').join('.');
    const node = follow(
      [pattern],
      Array.from({ length: 60 }, () => 'a'),
    );
    expect(node.isIgnored).toBe(true);
  });
});
