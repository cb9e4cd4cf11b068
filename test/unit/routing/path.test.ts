import { describe, expect, it } from 'vitest';
import { canonicalConfigPath, canonicalPath, isAmbiguousPath, receivedLength } from '../../../src/routing/path.ts';

describe('isAmbiguousPath', () => {
  it.each([
    '/..',
    '/.',
    '/a/..',
    '/a/../b',
    '/a/./b',
    '/../a',
    '/a/.',
    '/%2e',
    '/%2e%2e/a',
    '/.%2E/a',
    '/a/%2e./b',
    '/a%2f..%2fb',
    '/a%2F..',
    '/..%2fa',
    '/a/..;x=1/b',
    '/a/..;',
    '/a/.;/b',
    '/%2e%2e%3b/b',
    '/a\\b',
    '/a\\..\\b',
    '/a%5cb',
    '/a%5C..',
    '/a%00b',
    '/%',
    '/a%2',
    '/a%zz',
    '/%c0%af',
    '/%e0%80%af',
    '/%E0%9F%BF',
    '/%f0%80%80%af',
    '/%f0%8f%80%80',
    '/%f8%80%80%80%af',
    '/%fc%80%80%80%80%af',
    '/%e0%80',
    '/%c0%ae%c0%ae/',
    '/%C1%9c',
  ])('refuses %s', (path) => {
    expect(isAmbiguousPath(path)).toBe(true);
  });

  it.each([
    '/',
    '*',
    '/a',
    '/a.b',
    '/a..b',
    '/..a',
    '/a..',
    '/...',
    '/a/.../b',
    '/.well-known/x',
    '/a/.b/c',
    '/.git',
    '/a%20b',
    '/a%2fb',
    '/@scope%2fname',
    '/a//b',
    '//',
    '/a;b/c',
    '/a%252e%252e/b',
    '/caf%C3%A9',
    '/%2ea',
    '/a%2e',
    '/%c0',
    '/%e0',
    '/%e0%a0%80',
    '/%f0%90%80%80',
    '/%e0a',
    '/%ed%9f%bf',
    '/;..',
    '/a;x/b',
  ])('passes %s', (path) => {
    expect(isAmbiguousPath(path)).toBe(false);
  });
});

describe('canonicalPath', () => {
  it.each([
    ['/a/b', '/a/b'],
    ['/%61dmin', '/admin'],
    ['/%7Euser/%2D', '/~user/-'],
    ['/admin%2fx', '/admin/x'],
    ['//admin', '/admin'],
    ['/a///b//', '/a/b/'],
    ['/a%2F/b', '/a/b'],
    ['/a%20b%c3%a9', '/a%20b%C3%A9'],
    ['/%252e', '/%252e'],
    ['/%25%32%65', '/%252e'],
    ['/%2', '/%2'],
    ['*', '*'],
  ])('%s is %s', (path, expected) => {
    expect(canonicalPath(path)).toBe(expected);
  });

  it('returns the same string when nothing changes, and is stable', () => {
    for (const path of ['/a/%61//%2f%c3/b', '/%2561', '/a b']) expect(canonicalPath(canonicalPath(path))).toBe(canonicalPath(path));
  });

  it('encodes what the Config may write plainly', () => {
    expect(canonicalConfigPath('/café x')).toBe('/caf%C3%A9%20x');
  });
});

describe('receivedLength', () => {
  it.each([
    ['/a/b', 2, '/b'],
    ['/%61/b', 2, '/b'],
    ['//a//b', 2, '//b'],
    ['/a%2fb', 2, '%2fb'],
    ['/%c3%a9/b', 7, '/b'],
    ['/a/@s%2fn', 2, '/@s%2fn'],
    ['//x', 0, '//x'],
  ])('%s after %i', (path, length, rest) => {
    expect(path.slice(receivedLength(path, length))).toBe(rest);
  });
});
