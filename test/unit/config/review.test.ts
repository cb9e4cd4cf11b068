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
