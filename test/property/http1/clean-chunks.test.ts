// What is passed on of a chunked body: the same chunks without extensions and blanks, and trailers once all of them are sound.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkedScanner } from '../../../src/http1/chunked-scanner.ts';

const blank = fc.constantFrom('', ' ', '\t', ' \t ');
const value = fc.constantFrom('', '=b', '="q; \\" \t,"', '=c');

/** In order: before the size, after it, and extensions with blanks at every place where the grammar has some. */
const extension = fc
  .tuple(blank, blank, value, blank)
  .map(([before, after, given, end]) => `;${before}a${given === '' ? '' : after}${given.slice(0, 1)}${given.slice(1)}${end}`);
const chunk = fc.record({
  bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  leading: blank,
  trailing: blank,
  extensions: fc.array(extension, { maxLength: 3 }),
});

interface Written {
  readonly bytes: Uint8Array;
  readonly leading: string;
  readonly trailing: string;
  readonly extensions: readonly string[];
}

function encode(chunks: readonly Written[], trailers: string, plain: boolean): Buffer {
  const size = ({ leading, trailing, extensions }: Omit<Written, 'bytes'>, digits: string): string =>
    plain ? digits : leading + digits + trailing + extensions.join('');
  const parts = chunks.map((each) =>
    Buffer.concat([Buffer.from(`${size(each, each.bytes.length.toString(16))}\r\n`), each.bytes, Buffer.from('\r\n')]),
  );
  const last = chunks[0] ?? { leading: '', trailing: '', extensions: [] };
  return Buffer.concat([...parts, Buffer.from(`${size(last, '0')}\r\n${trailers}\r\n`)]);
}

const cutList = fc.array(fc.nat(3000), { maxLength: 12 });

function endsOf(cuts: readonly number[], length: number): number[] {
  return [...new Set([...cuts.map((cut) => cut % (length + 1)), length])].sort((a, b) => a - b);
}

/** Scans in reads, each in memory of its own, as a connection would; what is sent on. Undefined where it is refused. */
function passOn(scanner: ChunkedScanner, wire: Buffer, cuts: readonly number[]): string | undefined {
  let sent = '';
  let start = 0;
  for (const end of endsOf(cuts, wire.length)) {
    const bytes = Buffer.concat([Buffer.from('??'), wire.subarray(start, end)]);
    if (scanner.scan(bytes, 2, bytes.length) < 0) return undefined;
    scanner.dropCuts(bytes, 2, bytes.length);
    sent += bytes.toString('latin1', 2, scanner.dataEnd) + (scanner.closing === '' ? '' : scanner.trailerText + scanner.closing);
    start = end;
  }
  return sent;
}

test('a response passes without extensions and blanks, however it is cut into reads', () => {
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 6 }),
      fc.constantFrom('', 'x-a: 1\r\n', 'x-a: 1\r\nx-b: 2\r\n'),
      cutList,
      (chunks, trailers, cuts) => {
        const scanner = new ChunkedScanner(true);
        const sent = passOn(scanner, encode(chunks, trailers, false), cuts);
        expect(sent).toBe(encode(chunks, trailers, true).toString('latin1'));
        expect(scanner.done).toBe(true);
      },
    ),
    { numRuns: 2000 },
  );
});

test('a request with a blank there is refused, and one with extensions alone passes without them', () => {
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 6 }), cutList, (chunks, cuts) => {
      const wire = encode(chunks, '', false);
      const isBlank = /^[^\r]*[\t ]/.test(wire.toString('latin1')) || chunks.some((each) => hasBlank(each));
      const sent = passOn(new ChunkedScanner(), wire, cuts);
      if (isBlank) expect(sent).toBeUndefined();
      else expect(sent).toBe(encode(chunks, '', true).toString('latin1'));
    }),
    { numRuns: 2000 },
  );
});

function hasBlank({ leading, trailing, extensions }: Written): boolean {
  return /[\t ]/.test(leading + trailing + extensions.join('').replaceAll(/"[^,]*,"/g, ''));
}

test('nothing of trailers is passed on before all of them are sound', () => {
  const wire = Buffer.from('2\r\nhi\r\n0\r\nx-a: 1\r\nx-b: 2\r\n\r\n', 'latin1');
  for (let cut = 10; cut < wire.length; cut++) {
    expect(passOn(new ChunkedScanner(), wire.subarray(0, cut), [])).toBe('2\r\nhi\r\n0\r\n');
    expect(passOn(new ChunkedScanner(), wire, [cut])).toBe(wire.toString('latin1'));
  }
  const bad = Buffer.from('0\r\nx-a: 1\r\nhost: b\r\n\r\n', 'latin1');
  for (let cut = 3; cut < bad.length; cut++) expect(passOn(new ChunkedScanner(), bad, [cut])).toBeUndefined();
});

test('blanks are bounded like extensions', () => {
  expect(passOn(new ChunkedScanner(true), Buffer.from(`${' '.repeat(257)}0\r\n\r\n`), [])).toBeUndefined();
  expect(passOn(new ChunkedScanner(true), Buffer.from(`0${' '.repeat(258)}\r\n\r\n`), [])).toBeUndefined();
  for (const wire of [' \r\n\r\n', '0 0\r\n\r\n', '0;\r\n\r\n', '0 ; \r\n\r\n', '0;a b\r\n\r\n', '0;a="b\r\n\r\n']) {
    expect(passOn(new ChunkedScanner(true), Buffer.from(wire), [])).toBeUndefined();
  }
});
