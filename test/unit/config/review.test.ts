// What a rule finds is worked out as far as it is kept: a config of thousands of versions costs no more than its first notices.

import { expect, test } from 'vitest';
import { decodeRead, readFiles } from '../../../src/config/decode.ts';
import type { Merged } from '../../../src/config/merge.ts';
import { versionsAreDifferent } from '../../../src/config/rules/own-addresses.ts';
import { Review } from '../../../src/config/rules/review.ts';

test('places are asked for the notices that are kept, and for no more', () => {
  const versions = Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`v${at}`, { endpoints: ['127.0.0.1:9001'] }]));
  const text = JSON.stringify({
    listeners: [{ name: 'web', address: '127.0.0.1:8080' }],
    pools: { shop: { versions, split: { v0: 1 } } },
    routes: [{ name: 'shop', pool: 'shop' }],
  });
  const read = readFiles([{ file: '/sluice.yaml', text }]);
  const { config } = decodeRead(read);
  let asked = 0;
  const counting: Merged = { ...read.document!, place: (...where) => (asked++, read.document!.place(...where)) };
  const review = new Review(counting);
  versionsAreDifferent(config!, review);
  expect([review.notices.length, review.hasRoom]).toEqual([1_000, false]);
  expect(review.notices[0]?.message).toContain('127.0.0.1:9001 is an endpoint of version "v0" as well (line 1)');
  expect(asked).toBeLessThanOrEqual(3 * 1_000);
});

test('a pool that was looked at when no more notices were kept is looked at again', () => {
  const versions = Object.fromEntries(Array.from({ length: 1_100 }, (_, at) => [`v${at}`, { endpoints: ['127.0.0.1:9001'] }]));
  const slow = { versions: { v1: { endpoints: ['127.0.0.1:9002'] } }, health: { timeout: '2s', interval: '1s' } };
  const pools = { full: { versions, split: { v0: 1 } }, slow };
  const text = JSON.stringify({
    listeners: [{ name: 'web', address: '127.0.0.1:8080' }],
    pools,
    routes: [
      { name: 'full', match: [{ path: { prefix: '/full' } }], pool: 'full' },
      { name: 'slow', pool: 'slow' },
    ],
  });
  const read = readFiles([{ file: '/sluice.yaml', text }]);
  const { problems, notices } = decodeRead(read);
  expect([problems, notices.length]).toEqual([[], 1_000]);
  const mended = decodeRead(read, [
    { path: ['pools', 'full'], value: { versions: { v0: { endpoints: ['127.0.0.1:9001'] } } }, base: pools.full },
  ]);
  expect(mended.notices.map(({ path }) => path)).toEqual(['pools.slow.health.timeout']);
});
