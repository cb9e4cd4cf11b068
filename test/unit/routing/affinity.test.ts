import { expect, it } from 'vitest';
import { affinityCookie, canonicalClient, compileAffinity } from '../../../src/routing/affinity.ts';

it('writes the cookie as one full line', () => {
  const rule = compileAffinity({
    kind: 'cookie',
    name: 'sluice-shop',
    own: true,
    maxAgeMs: 86_400_000,
    path: '/shop',
    sameSite: 'lax',
    secure: 'auto',
    domain: undefined,
    partitioned: false,
  });
  expect(affinityCookie(rule, 'KEY', false)).toBe('set-cookie: sluice-shop=KEY; Path=/shop; Max-Age=86400; HttpOnly; SameSite=Lax\r\n');
});

const OWN = {
  kind: 'cookie',
  name: 'a',
  own: true,
  maxAgeMs: 1_000,
  path: '/',
  sameSite: 'lax',
  secure: 'auto',
  domain: undefined,
  partitioned: false,
} as const;

it.each([
  [{}, false, 'HttpOnly; SameSite=Lax'],
  [{}, true, 'HttpOnly; Secure; SameSite=Lax'],
  [{ secure: true } as const, false, 'HttpOnly; Secure; SameSite=Lax'],
  [{ secure: false } as const, true, 'HttpOnly; SameSite=Lax'],
  [{ sameSite: 'strict' } as const, false, 'HttpOnly; SameSite=Strict'],
  [{ sameSite: 'none' } as const, false, 'HttpOnly; Secure; SameSite=None'],
  [{ partitioned: true }, false, 'HttpOnly; Secure; SameSite=Lax; Partitioned'],
])('attributes %j, over https %s', (attributes, isHttps, expected) => {
  expect(affinityCookie(compileAffinity({ ...OWN, ...attributes }), 'KEY', isHttps)).toBe(
    `set-cookie: a=KEY; Path=/; Max-Age=1; ${expected}\r\n`,
  );
});

it('names the domain', () => {
  expect(affinityCookie(compileAffinity({ ...OWN, domain: 'example.com' }), 'KEY', false)).toContain(
    '; Path=/; Domain=example.com; Max-Age=1;',
  );
});

it.each([
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['10.0.0.1', '10.0.0.1'],
  ['::1', '::1'],
  ['::ffff:a00:1', '::ffff:a00:1'],
  ['', ''],
])('canonicalClient %s', (address, expected) => {
  expect(canonicalClient(address)).toBe(expected);
});
