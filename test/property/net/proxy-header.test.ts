// PROXY headers: whatever comes, in whatever pieces, is read the same, within its bounds, and never beyond its end.

import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { expect, it } from 'vitest';
import type { ConnectionEnds } from '../../../src/net/connection-ends.ts';
import { MAX_REST_BYTES, PROXY_FOREIGN, PROXY_INCOMPLETE, emptyProxyHeader, readProxyHeader } from '../../../src/net/read-proxy-header.ts';
import { writeProxyHeader } from '../../../src/net/write-proxy-header.ts';
import { proxyHeader } from '../../flow/scaffold/proxy-header.ts';

const port = fc.integer({ min: 0, max: 65_535 });
const text = fc.tuple(fc.ipV4(), fc.ipV4(), port, port).map(([source, destination, sourcePort, destinationPort]) => ({
  ends: { source, sourcePort, destination, destinationPort },
  bytes: Buffer.from(`PROXY TCP4 ${source} ${destination} ${sourcePort} ${destinationPort}\r\n`),
}));
const tlv = fc.tuple(
  fc.integer({ min: 4, max: 255 }),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
);
const binary = fc.tuple(fc.ipV4(), fc.array(tlv, { maxLength: 6 })).map(([client, tlvs]) => ({
  ends: { source: client, sourcePort: 12_345, destination: '192.0.2.1', destinationPort: 443 },
  bytes: proxyHeader({ client, tlvs }),
}));
const header = fc.oneof(text, binary);

function read(bytes: Buffer): { end: number; ends: ConnectionEnds | undefined; fault: string } {
  const into = emptyProxyHeader();
  return { end: readProxyHeader(bytes, bytes.length, into), ends: into.ends, fault: into.fault };
}

it('is read when its last byte is there, not before, whatever follows', () => {
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 40 }), ({ ends, bytes }, behind) => {
      for (let length = 0; length < bytes.length; length++) expect(read(bytes.subarray(0, length)).end).toBe(PROXY_INCOMPLETE);
      expect(read(Buffer.concat([bytes, behind]))).toEqual({ end: bytes.length, ends, fault: '' });
    }),
    { numRuns: 60 },
  );
});

it('judges broken ones without more than was sent, once and for all', () => {
  const broken = fc.tuple(header, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([{ bytes }, at, byte]) => {
    const copy = Buffer.from(bytes);
    copy[at % copy.length] = byte;
    return copy;
  });
  const any = fc.oneof(
    broken,
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([Buffer.from('PROXY '), bytes])),
  );
  fc.assert(
    fc.property(any, (bytes) => {
      const whole = read(bytes);
      expect(whole.end).toBeLessThanOrEqual(Math.min(bytes.length, 16 + MAX_REST_BYTES));
      // A piece is judged as the whole, or not yet.
      for (let length = 0; length < bytes.length; length++) {
        const { end } = read(bytes.subarray(0, length));
        if (end !== PROXY_INCOMPLETE) expect(end).toBe(whole.end);
        if (end === PROXY_FOREIGN) break;
      }
      // However much is written, it is decided.
      if (whole.end === PROXY_INCOMPLETE)
        expect(read(Buffer.concat([bytes, Buffer.alloc(16 + MAX_REST_BYTES)])).end).not.toBe(PROXY_INCOMPLETE);
    }),
    { numRuns: 300 },
  );
});

it('is written as it is read, in both versions, whatever follows', () => {
  const ipV6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => {
    const address = new ipaddr.IPv6([...bytes]);
    return address.isIPv4MappedAddress() ? '2001:db8::1' : address.toRFC5952String();
  });
  const address = fc.oneof(fc.ipV4(), ipV6);
  const ends = fc.record({ source: address, sourcePort: port, destination: address, destinationPort: port });
  fc.assert(
    fc.property(
      fc.constantFrom('v1' as const, 'v2' as const),
      fc.option(ends, { nil: undefined }),
      fc.string(),
      (version, told, behind) => {
        const header = writeProxyHeader(version, told);
        const into = emptyProxyHeader();
        const bytes = Buffer.from(header + behind, 'latin1');
        expect(readProxyHeader(bytes, bytes.length, into)).toBe(header.length);
        expect(into).toEqual({ version: version === 'v1' ? 1 : 2, ends: told, fault: '' });
      },
    ),
    { numRuns: 300 },
  );
});
