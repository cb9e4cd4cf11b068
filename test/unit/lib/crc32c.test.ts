import { expect, it } from 'vitest';
import { crc32c } from '../../../src/lib/crc32c.ts';

it('is what RFC 3720, appendix B.4 says it is', () => {
  const of = (bytes: Uint8Array): string => crc32c(bytes, 0, bytes.length).toString(16);
  expect(of(Buffer.from('123456789'))).toBe('e3069283');
  expect(of(Buffer.alloc(32))).toBe('8a9136aa');
  expect(of(Buffer.alloc(32, 0xff))).toBe('62a8ab43');
  expect(of(Uint8Array.from({ length: 32 }, (_, at) => at))).toBe('46dd794e');
});

it('leaves out what counts as zero', () => {
  const bytes = Buffer.alloc(32);
  bytes.fill(7, 8, 12);
  expect(crc32c(bytes, 0, 32, 8, 12)).toBe(0x8a9136aa);
});
