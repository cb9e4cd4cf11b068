// PROXY headers: whatever comes, in whatever pieces, is read the same, within its bounds, and never beyond its end.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MAX_REST_BYTES, PROXY_FOREIGN, PROXY_INCOMPLETE, emptyProxyHeader, readProxyHeader } from '../../../src/net/read-proxy-header.ts';
import { proxyHeader } from '../../flow/scaffold/proxy-header.ts';

const port = fc.integer({ min: 0, max: 65_535 });
const text = fc
  .tuple(fc.ipV4(), fc.ipV4(), port, port)
  .map(([from, to, a, b]) => ({ client: from, bytes: Buffer.from(`PROXY TCP4 ${from} ${to} ${a} ${b}\r\n`) }));
const tlv = fc.tuple(
  fc.integer({ min: 4, max: 255 }),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
);
const binary = fc
  .tuple(fc.ipV4(), fc.array(tlv, { maxLength: 6 }))
  .map(([client, tlvs]) => ({ client, bytes: proxyHeader({ client, tlvs }) }));
const header = fc.oneof(text, binary);

function read(bytes: Buffer): { end: number; client: string; fault: string } {
  const into = emptyProxyHeader();
  return { end: readProxyHeader(bytes, bytes.length, into), client: into.client, fault: into.fault };
}

it('is read when its last byte is there, not before, whatever follows', () => {
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 40 }), ({ client, bytes }, behind) => {
      for (let length = 0; length < bytes.length; length++) expect(read(bytes.subarray(0, length)).end).toBe(PROXY_INCOMPLETE);
      expect(read(Buffer.concat([bytes, behind]))).toEqual({ end: bytes.length, client, fault: '' });
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
