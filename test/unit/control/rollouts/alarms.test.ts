import { expect, it } from 'vitest';
import { Alarms } from '../../../../src/control/rollouts/alarms.ts';
import type { Note } from '../../../../src/store/store.ts';

const DAY_MS = 24 * 3_600_000;
const open = (nowMs: () => number, notes: readonly Note[] = [], kept: Note[] = [], isLost = false) =>
  new Alarms({ nowMs, wallMs: nowMs, keepNote: (note) => Promise.resolve(void kept.push(note)), onUnkept: () => undefined, isLost }, notes);
const firing = (alertname: string, more: Record<string, string> = {}) => ({ status: 'firing' as const, labels: { alertname, ...more } });

it('knows what fires until it is resolved, whatever the order of its labels', () => {
  const alarms = open(() => 0);
  expect(alarms.take([firing('ShopDown', { a: '1', b: '2' }), firing('Other')])).toBe(2);
  expect([alarms.fires('ShopDown'), alarms.fires('Shop')]).toEqual([true, false]);
  expect(alarms.take([{ status: 'resolved', labels: { b: '2', alertname: 'ShopDown', a: '1' } }])).toBe(1);
  expect(alarms.fires('ShopDown')).toBe(false);
});

it('goes on firing while one of several of the name does', () => {
  const alarms = open(() => 0);
  alarms.take([firing('ShopDown', { zone: 'a' }), firing('ShopDown', { zone: 'b' })]);
  alarms.take([{ status: 'resolved', labels: { alertname: 'ShopDown', zone: 'a' } }]);
  expect(alarms.fires('ShopDown')).toBe(true);
});

it('forgets what was told no more for a day, and the oldest beyond its bound', () => {
  let nowMs = 0;
  const alarms = open(() => nowMs);
  alarms.take([firing('Old')]);
  nowMs = DAY_MS / 2;
  alarms.take([firing('New')]);
  nowMs = DAY_MS + 1;
  expect([alarms.fires('Old'), alarms.fires('New')]).toEqual([false, true]);
  expect(alarms.take(Array.from({ length: 1500 }, (_, index) => firing(`a${index}`)))).toBe(1000);
  // Of those beyond its bound nobody knows, until they would have been forgotten anyway.
  expect([alarms.fires('New'), alarms.fires('a0'), alarms.fires('a1499')]).toEqual([undefined, undefined, true]);
  alarms.take([firing('a0')]);
  expect(alarms.fires('a0')).toBe(true);
  nowMs += DAY_MS + 1;
  expect([alarms.fires('New'), alarms.fires('a1499')]).toEqual([false, false]);
});

it('knows after a restart what fired before it, and where it cannot know it says so', async () => {
  let nowMs = 1000;
  const kept: Note[] = [];
  const alarms = open(() => nowMs, [], kept);
  alarms.take([firing('ShopDown'), firing('Other')]);
  await alarms.kept();
  alarms.take([{ status: 'resolved', labels: { alertname: 'Other' } }]);
  await alarms.kept();
  nowMs += DAY_MS / 2;
  const after = open(() => nowMs, [kept.at(-1)!]);
  expect([after.fires('ShopDown'), after.fires('Other')]).toEqual([true, false]);
  nowMs += DAY_MS / 2 + 1;
  expect(after.fires('ShopDown')).toBe(false);
  expect(open(() => nowMs, [{ name: 'rollouts-alarms', text: '{' }]).fires('ShopDown')).toBeUndefined();
  const many = open(() => nowMs, [], kept);
  many.take(Array.from({ length: 1001 }, (_, index) => firing(`a${index}`)));
  await many.kept();
  expect(open(() => nowMs, [kept.at(-1)!]).fires('a0')).toBeUndefined();
});

it('knows nothing for a day of what ran out while nobody could tell of it, and where the state is lost', async () => {
  let nowMs = 1000;
  const kept: Note[] = [];
  const alarms = open(() => nowMs, [], kept);
  alarms.take([firing('ShopDown')]);
  await alarms.kept();
  nowMs += DAY_MS * 3;
  const after = open(() => nowMs, [kept.at(-1)!]);
  expect(after.fires('ShopDown')).toBeUndefined();
  nowMs += DAY_MS + 1;
  expect(after.fires('ShopDown')).toBe(false);

  const lost = open(() => nowMs, [], kept, true);
  expect([lost.fires('Any'), lost.take([firing('Told')]), lost.fires('Told')]).toEqual([undefined, 1, true]);
  await lost.kept();
  expect(open(() => nowMs, [kept.at(-1)!]).fires('Any')).toBeUndefined();
  nowMs += DAY_MS + 1;
  expect(lost.fires('Any')).toBe(false);
});
