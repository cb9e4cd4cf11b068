import { expect, it } from 'vitest';
import { isRefused, standingValue } from '../../../src/config/changes.ts';
import type { Standing } from '../../../src/config/changes.ts';
import { readField } from '../../../src/config/field.ts';
import { shiftPool } from '../../../src/config/shift.ts';
import type { Shift } from '../../../src/config/shift.ts';

const QA = { name: 'qa', header: { name: 'x-version', value: 'v2' }, version: 'v2' };
const WRITTEN = {
  pools: {
    shop: {
      versions: { v1: { endpoints: ['127.0.0.1:9001'] }, v2: { endpoints: ['127.0.0.1:9002', '127.0.0.1:9003'] } },
      split: { v1: 100 },
      overrides: [QA],
    },
  },
};
const NOTHING: Shift = {
  pool: 'shop',
  rollout: 'shop-a',
  weights: { v1: 100, v2: 0 },
  salts: {},
  canary: '',
  overrides: {},
  mirrors: {},
  drains: [],
  isBack: false,
};
const STAFF = { header: { name: 'x-staff', value: 'yes' }, version: 'v2' };

function after(...shifts: readonly Partial<Shift>[]): Standing {
  let standing: Standing = { written: WRITTEN, amendments: [] };
  for (const shift of shifts) {
    const changed = shiftPool(standing, { ...NOTHING, ...shift });
    if (isRefused(changed)) throw new Error(changed.faults[0]!.message);
    standing = { written: WRITTEN, amendments: changed };
  }
  return standing;
}

const read = (standing: Standing, ...path: string[]): unknown => readField(standingValue(standing), ['pools', 'shop', ...path]);
const names = (standing: Standing, list: string): unknown =>
  ((read(standing, list) ?? []) as readonly { readonly name: string }[]).map(({ name }) => name);

it('sets split, overrides, mirrors and drains in one change', () => {
  const standing = after({
    weights: { v1: 95, v2: 5 },
    salts: { v2: 'x1' },
    canary: 'v2',
    overrides: { 'shop-a-staff': STAFF },
    mirrors: { 'shop-a': { version: 'v2', percent: 10 } },
    drains: [{ version: 'v2', endpoint: '127.0.0.1:9003', drained: true }],
  });
  expect(read(standing, 'split')).toEqual({ v1: 95, v2: 5 });
  expect([read(standing, 'canary'), read(standing, 'versions', 'v2', 'salt')]).toEqual(['v2', 'x1']);
  expect(names(standing, 'overrides')).toEqual(['qa', 'shop-a-staff']);
  expect(names(standing, 'mirrors')).toEqual(['shop-a']);
  expect(JSON.stringify(read(standing, 'versions', 'v2'))).toContain('"drain":true');
});

it('removes what is its own and is wanted no more, and leaves all else', () => {
  const standing = after(
    { overrides: { 'shop-a-staff': STAFF, 'shop-a': STAFF }, mirrors: { 'shop-a': { version: 'v2' } } },
    { rollout: 'shop-ab', overrides: { 'shop-ab': STAFF } },
    {},
  );
  expect(names(standing, 'overrides')).toEqual(['qa', 'shop-ab']);
  expect(names(standing, 'mirrors')).toEqual([]);
});

it('leaves nothing over the file when everything is again as the file says', () => {
  const standing = after(
    { weights: { v1: 95, v2: 5 }, overrides: { 'shop-a': STAFF }, drains: [{ version: 'v2', endpoint: '127.0.0.1:9003', drained: true }] },
    { drains: [{ version: 'v2', endpoint: '127.0.0.1:9003', drained: false }] },
  );
  expect(standing.amendments).toEqual([]);
});

it('changes nothing when one of its parts is refused', () => {
  const changed = shiftPool({ written: WRITTEN, amendments: [] }, { ...NOTHING, overrides: { 'shop-a': { ...STAFF, version: 'v9' } } });
  expect(isRefused(changed) && changed.faults[0]!.path).toBe('pools.shop.overrides.shop-a.version');
});
