// The lists of writes that shadows are missing: in order, in pages, masked, and bounded whatever workers tell.

import { describe, expect, it } from 'vitest';
import { MissedWriteLedgers } from '../../../src/control/missed-writes.ts';
import type { Config } from '../../../src/config/model.ts';
import type { MissedWrite } from '../../../src/compare/mirrored-exchange.ts';
import { mirrorsOfShop } from '../threads/compared-config.ts';

const write = (changes: Partial<MissedWrite> = {}): MissedWrite => ({
  pool: 'shop',
  mirror: 'dark',
  version: 'v2',
  atMs: 1_700_000_000_000,
  method: 'POST',
  authority: 'shop.example.com',
  target: '/orders',
  requestId: 'a1',
  primaryStatus: 201,
  outcome: 'connect_refused',
  status: 0,
  ...changes,
});
const writes = (count: number, changes: Partial<MissedWrite> = {}): readonly MissedWrite[] =>
  Array.from({ length: count }, (_, index) => write({ requestId: `r${index}`, ...changes }));

const named = (...names: readonly string[]): Config => mirrorsOfShop(...names.map((name) => ({ name, sideEffects: 'allow' as const })));
const FIRST = { pool: 'shop', mirror: 'dark', after: 0, limit: 100 };

function make(...mirrors: readonly string[]): MissedWriteLedgers {
  const ledgers = new MissedWriteLedgers();
  ledgers.retain(named(...mirrors));
  return ledgers;
}

describe('the list of missed writes', () => {
  it('says what is needed to do them again', () => {
    const ledgers = make('dark');
    ledgers.add([write(), write({ primaryStatus: 0, outcome: 'ok', status: 409 })], []);
    const { total, writes: listed, next } = ledgers.list(FIRST);
    expect({ total, next }).toEqual({ total: 2, next: undefined });
    const shown = { atMs: 1_700_000_000_000, method: 'POST', authority: 'shop.example.com', target: '/orders', id: 'a1', version: 'v2' };
    expect(listed).toEqual([
      { ...shown, seq: 1, primaryStatus: 201, reason: 'connect_refused', status: undefined },
      { ...shown, seq: 2, primaryStatus: undefined, reason: 'refused', status: 409 },
    ]);
  });

  it('comes in pages without gaps or repetition', () => {
    const ledgers = make('dark');
    ledgers.add(writes(25), []);
    const pages: (readonly number[])[] = [];
    for (let after: number | undefined = 0; after !== undefined;) {
      const page = ledgers.list({ ...FIRST, after, limit: 10 });
      pages.push(page.writes.map(({ seq }) => seq));
      after = page.next;
    }
    expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
    expect(pages.flat()).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
    expect(ledgers.list({ ...FIRST, after: 25 })).toMatchObject({ writes: [], next: undefined, total: 25 });
    expect(ledgers.list({ ...FIRST, after: Number.MAX_SAFE_INTEGER })).toMatchObject({ writes: [], total: 25 });
    expect(ledgers.list({ ...FIRST, limit: 25 })).toMatchObject({ next: undefined });
  });

  it('counts what is not listed, in its place', () => {
    const ledgers = make('dark');
    ledgers.add(writes(1), [{ pool: 'shop', mirror: 'dark', count: 40 }]);
    ledgers.add(writes(1), [{ pool: 'shop', mirror: 'other', count: 7 }]);
    expect(ledgers.list(FIRST)).toMatchObject({ total: 42, writes: [{ seq: 1 }, { seq: 42 }] });
    expect([...ledgers.lines()]).toEqual([[{ pool: 'shop', mirror: 'dark' }, 42]]);
  });

  it('keeps the latest 10,000 of a mirror', () => {
    const ledgers = make('dark', 'other');
    for (let round = 0; round < 12; round += 1) ledgers.add(writes(1000), []);
    ledgers.add([write({ mirror: 'other' })], []);
    const { total, writes: listed } = ledgers.list({ ...FIRST, limit: 20_000 });
    expect([total, listed.length, listed[0]?.seq, listed.at(-1)?.seq]).toEqual([12_000, 10_000, 2001, 12_000]);
  });

  it('keeps 100,000 of all mirrors, of which each that has any gets its part', () => {
    const names = Array.from({ length: 25 }, (_, index) => `m${index}`);
    const ledgers = make(...names);
    for (const mirror of names) ledgers.add(writes(6000, { mirror }), []);
    const lengths = names.map((mirror) => ledgers.list({ ...FIRST, mirror, limit: 20_000 }).writes.length);
    expect(lengths).toEqual(names.map(() => 4000));
    ledgers.retain(named('m0', 'm1'));
    ledgers.add(writes(8000, { mirror: 'm0' }), []);
    expect(ledgers.list({ ...FIRST, mirror: 'm0', limit: 20_000 })).toMatchObject({ total: 14_000, writes: { length: 10_000 } });
  });

  it('keeps fewer where they are long: at most some MiB of text', () => {
    const ledgers = make('dark');
    const target = `/${'x'.repeat(16_000)}`;
    for (let round = 0; round < 10; round += 1) ledgers.add(writes(1000, { target }), []);
    const { total, writes: listed } = ledgers.list({ ...FIRST, limit: 20_000 });
    expect(total).toBe(10_000);
    expect(listed.length).toBeGreaterThan(2500);
    expect(listed.reduce((sum, one) => sum + one.target.length, 0)).toBeLessThan(7_000_000);
    expect(listed.at(-1)?.seq).toBe(10_000);
  });

  it('masks secrets before it cuts, and marks what it has cut', () => {
    const ledgers = make('dark');
    const secret = 's3cret';
    const cutWithin = `/a?next=http://user:${secret}${'y'.repeat(3000)}@host/`;
    ledgers.add(
      [write({ target: `/orders?token=${secret}&size=2` }), write({ target: cutWithin }), write({ target: `/${'z'.repeat(5000)}` })],
      [],
    );
    const targets = ledgers.list(FIRST).writes.map(({ target }) => target);
    expect(targets[0]).toBe('/orders?token=***&size=2');
    expect(JSON.stringify(targets)).not.toContain(secret);
    expect(targets[2]).toHaveLength(2049);
    expect(targets[2]).toMatch(/z…$/);
  });

  it('shows bytes as the text that they are', () => {
    const ledgers = make('dark');
    ledgers.add([write({ target: Buffer.from('/café').toString('latin1') })], []);
    expect(ledgers.list(FIRST).writes[0]?.target).toBe('/café');
  });
});

describe('mirrors', () => {
  it('are taken from the moment on when their config goes to the workers, and forgotten when they have left it', () => {
    const ledgers = make('dark');
    ledgers.add([write({ mirror: 'other' }), write({ pool: '__proto__' })], [{ pool: 'nowhere', mirror: 'dark', count: 1 }]);
    ledgers.expect(named('other'));
    ledgers.add([write(), write({ mirror: 'other' })], []);
    expect(ledgers.list({ ...FIRST, mirror: 'other' }).total).toBe(1);
    ledgers.retain(named('other'));
    ledgers.add([write()], []);
    expect(ledgers.list(FIRST)).toEqual({ pool: 'shop', mirror: 'dark', total: 0, writes: [], next: undefined });
    ledgers.retain(named('dark', 'other'));
    expect([...ledgers.lines()].map(([{ mirror }, total]) => [mirror, total])).toEqual([
      ['other', 1],
      ['dark', 0],
    ]);
  });

  it('have a line when they copy writes, or did', () => {
    const ledgers = new MissedWriteLedgers();
    ledgers.retain(mirrorsOfShop({ name: 'dark', sideEffects: 'allow' }, { name: 'safe' }, { name: 'was', sideEffects: 'allow' }));
    ledgers.add([write({ mirror: 'was' })], []);
    ledgers.retain(mirrorsOfShop({ name: 'dark', sideEffects: 'allow' }, { name: 'safe' }, { name: 'was' }));
    expect([...ledgers.lines()].map(([{ mirror }, total]) => [mirror, total])).toEqual([
      ['dark', 0],
      ['was', 1],
    ]);
  });
});
