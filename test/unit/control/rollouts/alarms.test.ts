import { expect, it } from 'vitest';
import { Alarms } from '../../../../src/control/rollouts/alarms.ts';

const DAY_MS = 24 * 3_600_000;
const firing = (alertname: string, more: Record<string, string> = {}) => ({ status: 'firing' as const, labels: { alertname, ...more } });

it('knows what fires until it is resolved, whatever the order of its labels', () => {
  const alarms = new Alarms(() => 0);
  expect(alarms.take([firing('ShopDown', { a: '1', b: '2' }), firing('Other')])).toBe(2);
  expect([alarms.fires('ShopDown'), alarms.fires('Shop')]).toEqual([true, false]);
  expect(alarms.take([{ status: 'resolved', labels: { b: '2', alertname: 'ShopDown', a: '1' } }])).toBe(1);
  expect(alarms.fires('ShopDown')).toBe(false);
});

it('goes on firing while one of several of the name does', () => {
  const alarms = new Alarms(() => 0);
  alarms.take([firing('ShopDown', { zone: 'a' }), firing('ShopDown', { zone: 'b' })]);
  alarms.take([{ status: 'resolved', labels: { alertname: 'ShopDown', zone: 'a' } }]);
  expect(alarms.fires('ShopDown')).toBe(true);
});

it('forgets what was told no more for a day, and the oldest beyond its bound', () => {
  let nowMs = 0;
  const alarms = new Alarms(() => nowMs);
  alarms.take([firing('Old')]);
  nowMs = DAY_MS / 2;
  alarms.take([firing('New')]);
  nowMs = DAY_MS + 1;
  expect([alarms.fires('Old'), alarms.fires('New')]).toEqual([false, true]);
  expect(alarms.take(Array.from({ length: 1500 }, (_, index) => firing(`a${index}`)))).toBe(1000);
  expect([alarms.fires('New'), alarms.fires('a0'), alarms.fires('a1499')]).toEqual([false, false, true]);
});
