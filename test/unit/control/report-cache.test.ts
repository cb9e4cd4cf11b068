// One report per mirror and second, no matter how many ask and how long it takes.

import { expect, test } from 'vitest';
import { ReportCache } from '../../../src/control/report-cache.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

function make() {
  const clock = new ManualClock();
  const asked: string[] = [];
  const respond: ((report: string) => void)[] = [];
  const cache = new ReportCache<string>((pool, mirror) => {
    asked.push(`${pool}/${mirror}`);
    return new Promise((resolve) => void respond.push(resolve));
  }, clock);
  return { clock, asked, respond, cache };
}

test('a caller that comes meanwhile waits for the one under way, and shortly after gets it again', async () => {
  const { clock, asked, respond, cache } = make();
  const both = [cache.get('shop', 'dark'), cache.get('shop', 'dark')];
  respond[0]!('one');
  expect(await Promise.all(both)).toEqual(['one', 'one']);
  await settled();
  clock.advance(249);
  await settled();
  expect(await cache.get('shop', 'dark')).toBe('one');
  expect(asked).toHaveLength(1);
  clock.advance(1);
  await settled();
  const next = cache.get('shop', 'dark');
  respond[1]!('two');
  expect(await next).toBe('two');
});

test('one that takes long is not asked for again before it has come, and is not kept for long', async () => {
  const { clock, asked, respond, cache } = make();
  const slow = cache.get('shop', 'dark');
  clock.advance(4000);
  await settled();
  const late = cache.get('shop', 'dark');
  expect(asked).toHaveLength(1);
  respond[0]!('slow');
  expect(await Promise.all([slow, late])).toEqual(['slow', 'slow']);
  await settled();
  void cache.get('shop', 'dark');
  expect(asked).toHaveLength(2);
});

test('each mirror has its own; what is forgotten is asked for anew, and leaves no timer of its own behind', async () => {
  const { clock, asked, respond, cache } = make();
  void cache.get('shop', 'dark');
  void cache.get('shop', 'other');
  expect(asked).toEqual(['shop/dark', 'shop/other']);
  cache.forget();
  const anew = cache.get('shop', 'dark');
  for (const [index, give] of respond.entries()) give(String(index));
  expect(await anew).toBe('2');
  clock.advance(249);
  await settled();
  expect(await cache.get('shop', 'dark')).toBe('2');
  clock.advance(1);
  await settled();
  void cache.get('shop', 'dark');
  expect(asked).toHaveLength(4);
  expect(clock.pending).toBe(1);
});
