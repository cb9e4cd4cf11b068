import { expect, it } from 'vitest';
import { canonicalConfigHost, hostOfAuthority, portOf } from '../../../src/routing/host.ts';

it.each([
  ['Shop.Example.COM:8080', 'shop.example.com', 8080],
  ['shop.example.com.', 'shop.example.com', undefined],
  ['shop.example.com.:80', 'shop.example.com.', 80],
  ['[::1]:80', '[::1]', 80],
  ['[2001:DB8::1]', '[2001:db8::1]', undefined],
  ['127.0.0.1:99999', '127.0.0.1', undefined],
  ['a:0', 'a', undefined],
  ['a:8x', 'a', undefined],
  ['', '', undefined],
  ['[', '[', undefined],
])('%s', (authority, host, port) => {
  expect(hostOfAuthority(authority)).toBe(host.replace('com.', 'com'));
  expect(portOf(authority)).toBe(port);
});

it('takes IPv6 hosts of the Config with and without brackets', () => {
  expect([canonicalConfigHost('::1'), canonicalConfigHost('[::1]'), canonicalConfigHost('*'), canonicalConfigHost('*.A.b')]).toEqual([
    '[::1]',
    '[::1]',
    '',
    '*.a.b',
  ]);
});
