import { expect, it } from 'vitest';
import { shownChange } from '../../../src/control/shown-change.ts';

it('shows a change as it was asked for', () => {
  const split = { kind: 'split', pool: 'shop', weights: { v1: 1 }, sessions: 'move' } as const;
  expect(shownChange(split)).toEqual(split);
  const drain = { kind: 'drain', pool: 'shop', version: 'v1', endpoint: undefined, deadlineMs: 5 } as const;
  expect(shownChange(drain)).toEqual(drain);
});

it('shows no secret, wherever it is', () => {
  const mirror = {
    version: 'v2',
    requestHeaders: { set: { authorization: 'Bearer abc', 'x-shadow': '1', 'x-api-key': ['k1', 'k2'] } },
    to: 'http://ann:pw@host/?token=t&a=1',
    note: 'Basic abc',
    cookie: { name: 'sid', value: 'abc' },
  };
  expect(shownChange({ kind: 'mirror', pool: 'shop', name: 'dark', mirror })).toEqual({
    kind: 'mirror',
    pool: 'shop',
    name: 'dark',
    mirror: {
      version: 'v2',
      requestHeaders: { set: { authorization: '***', 'x-shadow': '1', 'x-api-key': ['***', '***'] } },
      to: 'http://***@host/?token=***&a=1',
      note: '***',
      cookie: { name: 'sid', value: '***' },
    },
  });
});

it('shows no secret of what a rollout puts into its pool', () => {
  const shift = {
    kind: 'shift',
    pool: 'shop',
    rollout: 'shop-key',
    weights: { v1: 1 },
    salts: { v2: 'pepper' },
    canary: 'v2',
    overrides: { 'shop-key-staff': { cookie: { name: 'sid', value: 'Zq7' }, version: 'v2' } },
    mirrors: { 'shop-key-mirror': { version: 'v2', requestHeaders: { set: { authorization: 'Bearer Zq7', 'x-a': '1' } } } },
    drains: [],
    isBack: false,
  } as const;
  expect(shownChange(shift)).toEqual({
    ...shift,
    overrides: { 'shop-key-staff': { cookie: { name: 'sid', value: '***' }, version: 'v2' } },
    mirrors: { 'shop-key-mirror': { version: 'v2', requestHeaders: { set: { authorization: '***', 'x-a': '1' } } } },
  });
});

it.each([
  [{ header: { name: 'x-auth-token', value: { regex: 'Zq7' } } }, { header: { name: 'x-auth-token', value: { regex: '***' } } }],
  [
    { cookie: { name: 'sid', value: { deep: { prefix: ['Zq7', 7] } } } },
    { cookie: { name: 'sid', value: { deep: { prefix: ['***', '***'] } } } },
  ],
  [{ query: { name: 'token', value: { present: true } } }, { query: { name: 'token', value: { present: true } } }],
  [{ match: { headers: { 'x-api-key': { regex: 'Zq7' } } } }, { match: { headers: { 'x-api-key': { regex: '***' } } } }],
  [{ match: { headers: { cookie: { exact: 'Zq7' } } } }, { match: { headers: { cookie: { exact: '***' } } } }],
  [{ cookie: { name: 'x-version', value: { regex: 'v2' } } }, { cookie: { name: 'x-version', value: { regex: 'v2' } } }],
])('hides a secret however its value is written: %j', (asked, shown) => {
  const seen = shownChange({ kind: 'mirror', pool: 'p', name: 'n', mirror: asked })['mirror'];
  expect(seen).toEqual(shown);
});

it('does not repeat a whole config, nor what has no end', () => {
  expect(shownChange({ kind: 'config', document: 'admin: { tokens: [secret] }' })).toEqual({ kind: 'config' });
  let deep: unknown = 'x';
  for (let depth = 0; depth < 100; depth++) deep = { deep };
  expect(JSON.stringify(shownChange({ kind: 'override', pool: 'p', name: 'n', override: deep })).length).toBeLessThan(500);
});
