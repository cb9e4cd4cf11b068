import { describe, expect, it } from 'vitest';
import type { ConnectionEnds } from '../../../src/net/connection-ends.ts';
import { crc32c } from '../../../src/lib/crc32c.ts';
import {
  MAX_REST_BYTES,
  PROXY_FOREIGN,
  PROXY_INCOMPLETE,
  PROXY_MALFORMED,
  emptyProxyHeader,
  readProxyHeader,
} from '../../../src/net/read-proxy-header.ts';
import { proxyHeader } from '../../flow/scaffold/proxy-header.ts';

/** What is made of it: the client and how many bytes are left, or why it is none. */
function read(header: string | Buffer): string {
  const bytes = Buffer.from(header as string, 'latin1');
  const into = emptyProxyHeader();
  const end = readProxyHeader(bytes, bytes.length, into);
  if (end === PROXY_INCOMPLETE) return 'incomplete';
  if (end === PROXY_FOREIGN) return 'foreign';
  if (end === PROXY_MALFORMED) return into.fault;
  return `v${into.version} ${describeEnds(into.ends)} +${bytes.length - end}`;
}

/** Where the client has connected to is told where that is not what most of these headers say. */
function describeEnds(ends: ConnectionEnds | undefined): string {
  if (ends === undefined) return 'itself';
  const { source, sourcePort, destination, destinationPort } = ends;
  return `${source} ${sourcePort} > ${destination} ${destinationPort}`.replace(' 12345 > 192.0.2.1 443', '');
}

describe('version 1', () => {
  it.each([
    ['PROXY TCP4 203.0.113.7 192.0.2.1 12345 443\r\n', 'v1 203.0.113.7 +0'],
    ['PROXY TCP4 255.255.255.255 0.0.0.0 0 65535\r\nGET', 'v1 255.255.255.255 0 > 0.0.0.0 65535 +3'],
    ['PROXY TCP6 2001:0DB8:0:0::7 ::1 1 2\r\n', 'v1 2001:db8::7 1 > ::1 2 +0'],
    ['PROXY TCP6 ::ffff:203.0.113.7 ::1 1 2\r\n', 'v1 203.0.113.7 1 > ::1 2 +0'],
    ['PROXY TCP6 ::ffff:cb00:7107 ::ffff:192.0.2.1 12345 443\r\n', 'v1 203.0.113.7 +0'],
    ['PROXY UNKNOWN\r\n', 'v1 itself +0'],
    ['PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n', 'v1 itself +0'],
    [`PROXY UNKNOWN ${'x'.repeat(107 - 16)}\r\n`, 'v1 itself +0'],
    ['PROXY TCP4 203.0.113.7 192.0.2.1 12345 443\r', 'incomplete'],
    ['PRO', 'incomplete'],
    ['', 'incomplete'],
  ])('reads %j', (header, what) => {
    expect(read(header)).toBe(what);
  });

  it.each([
    ['PROXY TCP4 203.0.113.07 192.0.2.1 1 2\r\n', 'an address that is none of TCP4'],
    ['PROXY TCP4 203.0.113 192.0.2.1 1 2\r\n', 'an address that is none of TCP4'],
    ['PROXY TCP4 0xcb007107 192.0.2.1 1 2\r\n', 'an address that is none of TCP4'],
    ['PROXY TCP4 203.0.113.256 192.0.2.1 1 2\r\n', 'an address that is none of TCP4'],
    ['PROXY TCP4 2001:db8::7 ::1 1 2\r\n', 'an address that is none of TCP4'],
    ['PROXY TCP6 203.0.113.7 192.0.2.1 1 2\r\n', 'an address that is none of TCP6'],
    ['PROXY TCP6 2001:db8::7 192.0.2.1 1 2\r\n', 'an address that is none of TCP6'],
    ['PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n', 'an address that is none of TCP6'],
    ['PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n', 'an address that is none of TCP6'],
    ['PROXY TCP4 203.0.113.7 192.0.2.1 65536 2\r\n', 'a port that is no number up to 65535'],
    ['PROXY TCP4 203.0.113.7 192.0.2.1 1 99999\r\n', 'a port that is no number up to 65535'],
    ['PROXY TCP4 203.0.113.7 192.0.2.1 01 2\r\n', 'a port that is no number up to 65535'],
    ['PROXY TCP4 203.0.113.7 192.0.2.1 +1 2\r\n', 'a port that is no number up to 65535'],
    ['PROXY TCP4 203.0.113.7 192.0.2.1 -1 2\r\n', 'a port that is no number up to 65535'],
    ['PROXY TCP4 203.0.113.7 192.0.2.1 1 0x2\r\n', 'a port that is no number up to 65535'],
    ['PROXY TCP4 203.0.113.7 192.0.2.1 1 \r\n', 'a port that is no number up to 65535'],
    ['PROXY TCP4 203.0.113.7 192.0.2.1 1\r\n', 'not two addresses and two ports, each after one space'],
    ['PROXY TCP4 203.0.113.7 192.0.2.1 1 2 \r\n', 'not two addresses and two ports, each after one space'],
    ['PROXY TCP4  203.0.113.7 192.0.2.1 1 2\r\n', 'not two addresses and two ports, each after one space'],
    ['PROXY TCP4\t203.0.113.7 192.0.2.1 1 2\r\n', 'neither TCP4, TCP6 nor UNKNOWN'],
    ['PROXY tcp4 203.0.113.7 192.0.2.1 1 2\r\n', 'neither TCP4, TCP6 nor UNKNOWN'],
    ['PROXY UDP4 203.0.113.7 192.0.2.1 1 2\r\n', 'neither TCP4, TCP6 nor UNKNOWN'],
    ['PROXY UNKNOWNS\r\n', 'neither TCP4, TCP6 nor UNKNOWN'],
    ['PROXY \r\n', 'neither TCP4, TCP6 nor UNKNOWN'],
    ['PROXY TCP4 203.0.113.7 192.0.2.1 1 2\nGET', 'a line feed without a carriage return'],
    ['PROXY UNKNOWN a\rb\r\n', 'a carriage return without a line feed'],
    [`PROXY UNKNOWN ${'x'.repeat(107 - 15)}\r\n`, 'more than 107 bytes without an end of line'],
    [`PROXY UNKNOWN ${'x'.repeat(107 - 14)}`, 'more than 107 bytes without an end of line'],
  ])('refuses %j', (header, fault) => {
    expect(read(header)).toBe(fault);
  });
});

describe('version 2', () => {
  const v6 = Buffer.from('20010db8000000000000000000000007' + '0'.repeat(31) + '1' + '000100bb', 'hex');
  const mapped = Buffer.from('00000000000000000000ffffcb007107' + '0'.repeat(32) + '000100bb', 'hex');

  it.each([
    ['IPv4', proxyHeader({}), 'v2 203.0.113.7 +0'],
    ['IPv4 by datagrams, as HTTP/3 comes', proxyHeader({ kind: 0x12 }), 'v2 203.0.113.7 +0'],
    ['IPv6', proxyHeader({ kind: 0x21, addresses: v6 }), 'v2 2001:db8::7 1 > ::1 187 +0'],
    ['IPv4 within IPv6', proxyHeader({ kind: 0x21, addresses: mapped }), 'v2 203.0.113.7 1 > :: 187 +0'],
    ['a Unix socket', proxyHeader({ kind: 0x31, addresses: Buffer.alloc(216) }), 'v2 itself +0'],
    ['no family', proxyHeader({ kind: 0x00, addresses: Buffer.alloc(0) }), 'v2 itself +0'],
    ['LOCAL', proxyHeader({ command: 0x20, kind: 0x00, addresses: Buffer.alloc(0) }), 'v2 itself +0'],
    ['LOCAL, with whatever else', proxyHeader({ command: 0x20, kind: 0xff, addresses: Buffer.from('abc') }), 'v2 itself +0'],
    [
      'additions',
      proxyHeader({
        tlvs: [
          [0x01, Buffer.from('h2')],
          [0x04, Buffer.alloc(0)],
          [0xea, Buffer.alloc(300)],
        ],
      }),
      'v2 203.0.113.7 +0',
    ],
    ['the most of additions', proxyHeader({ tlvs: [[0x04, Buffer.alloc(MAX_REST_BYTES - 12 - 3)]] }), 'v2 203.0.113.7 +0'],
    ['a request behind it', Buffer.concat([proxyHeader({}), Buffer.from('GET')]), 'v2 203.0.113.7 +3'],
    ['a part', proxyHeader({}).subarray(0, 27), 'incomplete'],
  ])('reads %s', (_kind, header, what) => {
    expect(read(header)).toBe(what);
  });

  it.each([
    ['another version', proxyHeader({ command: 0x11 }), 'a version that is not 2'],
    ['another command', proxyHeader({ command: 0x22 }), 'a command that is neither LOCAL nor PROXY'],
    ['another family', proxyHeader({ kind: 0x41 }), 'an unknown kind of addresses'],
    ['another transport', proxyHeader({ kind: 0x13 }), 'an unknown kind of addresses'],
    ['a family without a transport', proxyHeader({ kind: 0x10 }), 'an unknown kind of addresses'],
    ['a transport without a family', proxyHeader({ kind: 0x01 }), 'an unknown kind of addresses'],
    ['too little', proxyHeader({ length: 11 }), 'a length too short for its addresses'],
    ['IPv6 in the room of IPv4', proxyHeader({ kind: 0x21 }), 'a length too short for its addresses'],
    ['too much', proxyHeader({ length: MAX_REST_BYTES + 1 }), 'more than 4096 bytes of addresses and additions'],
    ['too much of LOCAL', proxyHeader({ command: 0x20, length: 65_535 }), 'more than 4096 bytes of addresses and additions'],
    ['half an addition', proxyHeader({ addresses: Buffer.alloc(14) }), 'an addition (TLV) that is cut off'],
    [
      'an addition beyond the end',
      proxyHeader({ addresses: Buffer.from('0'.repeat(24) + '040002' + '00', 'hex') }),
      'an addition (TLV) that is longer than the header',
    ],
    ['a short checksum', proxyHeader({ tlvs: [[0x03, Buffer.alloc(3)]] }), 'a checksum that has not four bytes'],
    ['a wrong checksum', proxyHeader({ tlvs: [[0x03, Buffer.alloc(4)]] }), 'a checksum that does not fit'],
  ])('refuses %s', (_kind, header, fault) => {
    expect(read(header)).toBe(fault);
  });

  it('takes the checksum that fits, wherever it stands', () => {
    const bytes = proxyHeader({
      tlvs: [
        [0x01, Buffer.from('h2')],
        [0x03, Buffer.alloc(4)],
        [0x04, Buffer.from('x')],
      ],
    });
    bytes.writeUInt32BE(crc32c(bytes, 0, bytes.length), 16 + 12 + 5 + 3);
    expect(read(bytes)).toBe('v2 203.0.113.7 +0');
  });
});

it.each(['GET / HTTP/1.1\r\n', 'PROXYTCP4', 'proxy TCP4', '\r\n\r\nGET', '\x16\x03\x01', '\0'])('knows that %j is no header', (bytes) => {
  expect(read(bytes)).toBe('foreign');
});
