import { expect, test } from 'vitest';
import { MissedWriteLedgers } from '../../../src/control/missed-writes.ts';
import { missedOf, reportOf } from '../../../src/control/mirror-questions.ts';
import type { Comparing } from '../../../src/control/ports.ts';
import type { DatedReport } from '../../../src/compare/mirror-report.ts';
import { mirrorReport } from '../admin/mirror-responses.ts';
import { makeCompare, mirrorsOfShop } from '../threads/compared-config.ts';

const CONFIG = mirrorsOfShop(
  { name: 'dark', compare: makeCompare() },
  { name: 'abroad', pool: 'next', compare: makeCompare() },
  { name: 'plain' },
);
const { pool: _pool, mirror: _mirror, candidate: _candidate, dropped: _dropped, ...known } = mirrorReport();

function comparing(report: DatedReport | 'busy'): Comparing & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    report: (pool, mirror) => {
      asked.push(`${pool}/${mirror}`);
      return Promise.resolve(report);
    },
    dropped: () => 2,
  };
}

test('a report says what is known, of whom, and what was dropped', async () => {
  const those = comparing(known);
  const outcome = await reportOf(CONFIG, those, { pool: 'shop', mirror: 'dark' });
  expect(outcome).toEqual({ result: 'report', report: mirrorReport() });
  expect(await reportOf(CONFIG, those, { pool: 'shop', mirror: 'abroad' })).toMatchObject({
    report: { mirror: 'abroad', candidate: { pool: 'next', version: 'v2' } },
  });
  expect(those.asked).toEqual(['shop/dark', 'shop/abroad']);
});

test('a question without a result says what would be right, and reaches no other thread', async () => {
  const those = comparing(known);
  const ask = async (pool: string, mirror: string): Promise<unknown> => reportOf(CONFIG, those, { pool, mirror });
  expect(await ask('shp', 'dark')).toEqual({
    result: 'unknown',
    message: 'There is no pool "shp" (did you mean "shop"? there are shop, next).',
  });
  expect(await ask('shop', 'drak')).toEqual({
    result: 'unknown',
    message: 'Pool shop: there is no mirror "drak" (did you mean "dark"? there are dark, abroad, plain).',
  });
  expect(await ask('shop', 'zzzzzz')).toMatchObject({ message: 'Pool shop: there is no mirror "zzzzzz" (there are dark, abroad, plain).' });
  expect(await ask('__proto__', 'dark')).toMatchObject({ result: 'unknown' });
  expect(await ask('shop', 'plain')).toEqual({
    result: 'uncompared',
    message: 'Mirror plain of pool shop compares nothing; write "compare: {}" in it.',
  });
  expect(those.asked).toEqual([]);
  expect(await reportOf(CONFIG, comparing('busy'), { pool: 'shop', mirror: 'dark' })).toMatchObject({ result: 'busy' });
});

test('missed writes are those of a mirror that there is', () => {
  const ledgers = new MissedWriteLedgers();
  ledgers.retain(CONFIG);
  ledgers.add([], [{ pool: 'shop', mirror: 'dark', count: 3 }]);
  const query = { pool: 'shop', mirror: 'dark', after: 0, limit: 20 };
  expect(missedOf(CONFIG, ledgers, query)).toMatchObject({ total: 3 });
  expect(missedOf(CONFIG, ledgers, { ...query, mirror: 'drak' })).toBe(
    'Pool shop: there is no mirror "drak" (did you mean "dark"? there are dark, abroad, plain).',
  );
  expect(missedOf(undefined, ledgers, query)).toBe('There is no pool "shop".');
});
