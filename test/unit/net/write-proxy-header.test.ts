// PROXY headers byte by byte, as the specification has them. That ours are read again: test/property/net/proxy-header.

import { expect, it } from 'vitest';
import type { ConnectionEnds } from '../../../src/net/connection-ends.ts';
import { writeProxyHeader } from '../../../src/net/write-proxy-header.ts';

const ends = (source: string, destination: string): ConnectionEnds => ({ source, sourcePort: 12_345, destination, destinationPort: 443 });

/** Of an IPv6 address: the middle of one that is short. */
const ZEROS = '0'.repeat(20);
const SIGNATURE = '0d0a0d0a000d0a515549540a';

it.each<[ConnectionEnds | undefined, string, string]>([
  [ends('203.0.113.7', '192.0.2.1'), 'PROXY TCP4 203.0.113.7 192.0.2.1 12345 443', '2111000c cb007107 c0000201 3039 01bb'],
  [ends('2001:db8::7', '::1'), 'PROXY TCP6 2001:db8::7 ::1 12345 443', `21210024 20010db8${ZEROS}0007 ${ZEROS}000000000001 3039 01bb`],
  // One of each family: the header has one for both.
  [
    ends('203.0.113.7', '::1'),
    'PROXY TCP6 ::ffff:cb00:7107 ::1 12345 443',
    `21210024 00000000000000000000ffffcb007107 ${ZEROS}000000000001 3039 01bb`,
  ],
  // A zone means nothing to another host.
  [
    ends('fe80::7%eth0', 'fe80::1%eth0'),
    'PROXY TCP6 fe80::7 fe80::1 12345 443',
    `21210024 fe80${ZEROS}00000007 fe80${ZEROS}00000001 3039 01bb`,
  ],
  // Where it has connected to cannot be told any more.
  [
    { ...ends('203.0.113.7', ''), sourcePort: 0, destinationPort: 0 },
    'PROXY TCP4 203.0.113.7 0.0.0.0 0 0',
    '2111000c cb007107 00000000 0000 0000',
  ],
  [
    { ...ends('2001:db8::7', ''), destinationPort: 0 },
    'PROXY TCP6 2001:db8::7 :: 12345 0',
    `21210024 20010db8${ZEROS}0007 ${ZEROS}000000000000 3039 0000`,
  ],
  [undefined, 'PROXY UNKNOWN', '20000000'],
])('writes %o', (told, text, binary) => {
  expect(writeProxyHeader('v1', told)).toBe(`${text}\r\n`);
  expect(Buffer.from(writeProxyHeader('v2', told), 'latin1').toString('hex')).toBe(SIGNATURE + binary.replaceAll(' ', ''));
});

it('writes no text that is longer than readers take', () => {
  const longest = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
  expect(
    writeProxyHeader('v1', { source: longest, sourcePort: 65_535, destination: longest, destinationPort: 65_535 }).length,
  ).toBeLessThanOrEqual(107);
});
