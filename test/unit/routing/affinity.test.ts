import { expect, it } from 'vitest';
import { affinityCookie, canonicalClient, compileAffinity } from '../../../src/routing/affinity.ts';

it('writes the cookie as one full line', () => {
  const rule = compileAffinity({ kind: 'cookie', name: 'sluice-shop', own: true, maxAgeMs: 86_400_000, path: '/shop' });
  expect(affinityCookie(rule, 'KEY')).toBe('set-cookie: sluice-shop=KEY; Path=/shop; Max-Age=86400; HttpOnly; SameSite=Lax\r\n');
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
