import { expect, test } from 'vitest';
import { compileTable } from '../../../src/routing/compile.ts';
import type { ConnectTable } from '../../../src/routing/table.ts';
import { makeConfig, makePool } from './make-table.ts';

function tableOf(connect: Readonly<Record<string, string>>): ConnectTable {
  const config = makeConfig(
    [],
    ['one', 'two', 'three'].map((name) => makePool({ v1: 1 }, { name })),
    ['web', 'other'],
  );
  const entries = Object.entries(connect).map(([authority, pool]) => ({ authority, pool }));
  const [web, other] = config.listeners;
  const { connects } = compileTable({ ...config, listeners: [{ ...web!, connect: entries }, other!] }, 1);
  expect([...connects.keys()]).toEqual(['web']);
  return connects.get('web')!;
}

test('an exact name goes before wildcards, the longest of these first; the port always counts', () => {
  const table = tableOf({
    'db.corp.example:5432': 'one',
    '*.corp.example:5432': 'two',
    '*.eu.corp.example:5432': 'three',
    '*.corp.example:443': 'three',
    '[2001:db8::1]:22': 'one',
    '10.0.0.1:22': 'two',
  });
  const poolOf = (authority: string): string | undefined => table.find(authority)?.pool.name;
  expect(
    [
      'db.corp.example:5432',
      'DB.Corp.Example.:05432',
      'a.corp.example:5432',
      'a.eu.corp.example:5432',
      'a.b.eu.corp.example:5432',
      'a.corp.example:443',
      '[2001:db8::1]:22',
      '10.0.0.1:22',
    ].map(poolOf),
  ).toEqual(['one', 'one', 'two', 'three', 'three', 'three', 'one', 'two']);
  for (const refused of [
    'corp.example:5432',
    'eu.corp.example:22',
    'xcorp.example:5432',
    'corp.example.evil:5432',
    'db.corp.example:5433',
    'db.corp.example',
    '*.corp.example:5432x',
    '[2001:db8:0::1]:22',
    '10.0.0.1.:23',
    '',
  ])
    expect(poolOf(refused)).toBeUndefined();
  expect(table.pools.map(({ name }) => name)).toEqual(['one', 'two', 'three']);
});

test('a name that says * itself is no wildcard of ours', () => {
  expect(tableOf({ '*.corp.example:443': 'one' }).find('*.corp.example:443')?.pool.name).toBe('one');
  expect(tableOf({ '*.corp.example:443': 'one' }).find('*.example:443')).toBeUndefined();
});
