// What upstreams are told of a client, as far as anything is known of it.

import { expect, it } from 'vitest';
import { introduce } from '../../../../src/proxy/downstream/introduce.ts';

const ENDS = { source: '203.0.113.7', sourcePort: 12_345, destination: '192.0.2.1', destinationPort: 443 };

it.each([
  ['both ends', ENDS, '203.0.113.7', 'PROXY TCP4 203.0.113.7 192.0.2.1 12345 443\r\n'],
  ['its address alone, where its connection is gone by now', undefined, '203.0.113.7', 'PROXY TCP4 203.0.113.7 0.0.0.0 0 0\r\n'],
  ['nothing, where it has no address', undefined, '', 'PROXY UNKNOWN\r\n'],
])('tells %s', (_what, ends, peer, header) => {
  expect(introduce(ends, peer).header('v1')).toBe(header);
});
