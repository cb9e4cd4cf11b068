// Previews as amendments: what they may be, that they take along what leads to them, and that nothing of them stays.

import { expect, it } from 'vitest';
import { amendmentOf } from '../../../src/config/amend.ts';
import type { Amendment } from '../../../src/config/amend.ts';
import { isRefused } from '../../../src/config/changes.ts';
import type { Changed } from '../../../src/config/changes.ts';
import type { PoolConfig } from '../../../src/config/model.ts';
import { isOpen, parseOpening } from '../../../src/config/preview-opening.ts';
import { closedBy, removePreview, setPreview } from '../../../src/config/set-preview.ts';
import type { Preview } from '../../../src/config/set-preview.ts';

const WRITTEN = {
  pools: { shop: { versions: { v1: { endpoints: ['127.0.0.1:1'] } } } },
  routes: [{ name: 'all', hosts: ['shop.test'], pool: 'shop' }],
};
const preview: Preview = {
  ...{ pool: 'shop', name: 'pr-1', endpoints: ['127.0.0.9:80'], untilMs: 0, ttlMs: 1000, host: undefined },
  override: { header: { name: 'x-p', value: 'pr-1' } },
};
const opened = (previews: PoolConfig['previews']): PoolConfig => ({ previews }) as PoolConfig;

function of(changed: Changed): readonly Amendment[] {
  if (isRefused(changed)) throw new Error(changed.faults[0]?.message);
  return changed;
}

it('comes with an override or a route, and goes with it and with the split that it needed', () => {
  const added = of(setPreview({ written: WRITTEN, amendments: [] }, preview, undefined));
  expect(added.map(({ path }) => path.join('.')).sort()).toEqual([
    'pools.shop.overrides.pr-1',
    'pools.shop.split',
    'pools.shop.versions.pr-1',
  ]);
  const hosted = of(setPreview({ written: WRITTEN, amendments: added }, { ...preview, override: undefined, host: 'pr-1.test' }, undefined));
  expect(hosted.map(({ path }) => path.join('.')).sort()).toEqual([
    'pools.shop.split',
    'pools.shop.versions.pr-1',
    'routes.preview-shop-pr-1',
  ]);
  expect(of(removePreview({ written: WRITTEN, amendments: hosted }, 'shop', 'pr-1'))).toEqual([]);
  expect(of(removePreview({ written: WRITTEN, amendments: added }, 'shop', 'gone'))).toEqual(added);
});

it('goes with the mirrors of other pools that lead to it, and leaves those that lead elsewhere', () => {
  const written = { ...WRITTEN, pools: { ...WRITTEN.pools, cart: { versions: { v1: { endpoints: ['127.0.0.1:2'] } } } } };
  const added = of(setPreview({ written, amendments: [] }, preview, undefined));
  const path = ['pools', 'cart', 'mirrors'];
  const mirror = (name: string, more: object): Amendment =>
    amendmentOf(written, [...path, name], { name, version: 'pr-1', percent: 1, ...more });
  const amendments = [...added, mirror('dark', { pool: 'shop' }), mirror('own', {})];
  const left = of(removePreview({ written, amendments }, 'shop', 'pr-1'));
  expect(left.map((each) => each.path.join('.'))).toEqual(['pools.cart.mirrors.own']);
});

it.each([
  [{ name: 'v1' }, 'is a version that is no preview'],
  [{ name: '../x' }, 'name must be'],
  [{ host: 'shop.test', override: undefined }, 'the route all has the host'],
  [{ ttlMs: 8 * 86_400_000 }, 'lasts 7d at most'],
])('refuses %j', (more, message) => {
  const changed = setPreview({ written: WRITTEN, amendments: [] }, { ...preview, ...more }, undefined);
  expect(isRefused(changed) && changed.faults[0]!.message).toContain(message);
  expect(isRefused(removePreview({ written: WRITTEN, amendments: [] }, 'shop', 'v1'))).toBe(true);
});

it('refuses one more than the pool may have', () => {
  const few = opened({ endpoints: [], hosts: [], atMost: 1, longestMs: 1e9 });
  const added = of(setPreview({ written: WRITTEN, amendments: [] }, preview, few));
  expect(isRefused(setPreview({ written: WRITTEN, amendments: added }, { ...preview, name: 'pr-2' }, few))).toBe(true);
  expect(isRefused(setPreview({ written: WRITTEN, amendments: added }, preview, few))).toBe(false);
});

it.each([
  ['10.1.0.0/16', '10.1.2.3', 80, true],
  ['10.1.0.0/16', '10.2.2.3', 80, false],
  ['127.0.0.1:9000-9100', '127.0.0.1', 9100, true],
  ['127.0.0.1:9000-9100', '127.0.0.1', 9101, false],
  ['127.0.0.1:80', '127.0.0.1', 81, false],
  ['127.0.0.1:1', '127.0.0.1', 1, true],
  ['127.0.0.1:1', '127.0.0.1', 22, false],
  ['127.0.0.1', '127.0.0.1', 22, true],
  ['[fd00::/8]:8080', 'fd00::1', 8080, true],
  ['[fd00::/8]:8080', '127.0.0.1', 8080, false],
  ['0.0.0.0/0', 'localhost', 80, false],
  ['127.0.0.1', '::ffff:127.0.0.1', 80, true],
])('%s has %s port %d: %j', (opening, host, port, is) => {
  expect(isOpen([opening], { kind: 'tcp', host, port })).toBe(is);
});

it.each(['10.1', 'localhost', '10.0.0.0/33', '127.0.0.1:0', '127.0.0.1:9-8', '127.0.0.1:70000', '0x7f.0.0.1', ''])(
  '%j opens nothing',
  (text) => {
    expect(parseOpening(text)).toBeUndefined();
  },
);

it('lets operators have what is opened, and nothing where nothing is', () => {
  const pool = opened({ endpoints: ['127.0.0.9'], hosts: ['*.pr.test', 'one.test'], atMost: 1, longestMs: 1 });
  const shut = (endpoints: readonly string[], host?: string): string | undefined => closedBy(pool, { endpoints, host });
  expect([shut(['127.0.0.9:1']), shut(['127.0.0.9:1'], 'a.pr.test'), shut(['127.0.0.9:1'], 'one.test')]).toEqual([
    ...[undefined, undefined, undefined],
  ]);
  expect([shut(['127.0.0.8:1']), shut(['unix:/run/x']), shut(['127.0.0.9:1'], 'pr.test'), shut(['127.0.0.9:1'], 'xpr.test')]).toEqual([
    ...['endpoints', 'endpoints', 'hosts', 'hosts'],
  ]);
  expect(closedBy(opened(undefined), { endpoints: ['127.0.0.9:1'], host: undefined })).toBe('endpoints');
});
