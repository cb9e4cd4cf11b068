import { expect, test } from 'vitest';
import type { RequestSink } from '../../../src/proxy/downstream/request-sink.ts';
import { ExchangePool } from '../../../src/proxy/exchange-pool.ts';

function make(): { pool: ExchangePool; made: () => number; resets: string[] } {
  const resets: string[] = [];
  let made = 0;
  const pool = new ExchangePool(() => {
    const name = `exchange ${++made}`;
    return { reset: () => void resets.push(name) } as unknown as RequestSink;
  });
  return { pool, made: () => made, resets };
}

test('an exchange is reset when it comes back, and serves again', () => {
  const { pool, made, resets } = make();
  const first = pool.take();
  expect(resets).toEqual([]);
  pool.put(first);
  expect(resets).toEqual(['exchange 1']);
  expect([pool.take(), made()]).toEqual([first, 1]);
  expect(pool.take()).not.toBe(first);
});

test('what is kept is bounded', () => {
  const { pool, made } = make();
  const taken = Array.from({ length: 300 }, () => pool.take());
  for (const each of taken) pool.put(each);
  for (let times = 0; times < 300; times++) pool.take();
  expect(made()).toBe(300 + 300 - 256);
});
