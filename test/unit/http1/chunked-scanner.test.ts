import { expect, test } from 'vitest';
import {
  MAX_CHUNK_EXTENSION_BYTES,
  ChunkedScanner,
  MAX_MESSAGE_EXTENSION_BYTES,
  MAX_TRAILER_BYTES,
  MAX_TRAILERS,
} from '../../../src/http1/chunked-scanner.ts';
import { REFUSAL_OUTCOMES } from '../../../src/http/refusal.ts';

const BODY = '5\r\nhello\r\n00aB;a;b=c;d="e\\"; \xe9"\r\n' + 'x'.repeat(0xab) + '\r\n0\r\n';
const TRAILERS = 'Server-Timing: a\r\nX-Sum: b\r\n';

function scanWhole(text: string, maxBodyBytes = 0): ChunkedScanner & { readonly end: number } {
  const scanner = new ChunkedScanner();
  scanner.reset(maxBodyBytes);
  const bytes = Buffer.from(text, 'latin1');
  return Object.assign(scanner, { end: scanner.scan(bytes, 0, bytes.length) });
}

/** Scans pieces that end at `cuts`, each in a buffer of its own at another offset; what a caller that drops trailers would send on. */
function forwardWithoutTrailers(
  text: string,
  cuts: readonly number[],
): { readonly sent: string; readonly scanner: ChunkedScanner; readonly end: number } {
  const scanner = new ChunkedScanner();
  let sent = '';
  let start = 0;
  for (const cut of [...cuts, text.length]) {
    const from = start % 7;
    const bytes = Buffer.from('?'.repeat(from) + text.slice(start, cut), 'latin1');
    const end = scanner.scan(bytes, from, bytes.length);
    if (end < 0) return { sent, scanner, end };
    scanner.dropCuts(bytes, from, end);
    sent += bytes.toString('latin1', from, scanner.dataEnd) + scanner.closing;
    if (scanner.done) return { sent, scanner, end: start + end - from };
    expect(end).toBe(bytes.length);
    start = cut;
  }
  return { sent, scanner, end: start };
}

test('finds the end of a body and what follows it', () => {
  const next = 'GET / HTTP/1.1\r\n';
  for (const text of [`${BODY}\r\n`, `${BODY}${TRAILERS}\r\n`]) {
    expect(scanWhole(text + next)).toMatchObject({ end: text.length, done: true, bodyBytes: 5 + 0xab, refusal: '', refusalCode: 0 });
  }
  expect(scanWhole('0\r\n\r\n')).toMatchObject({ end: 5, done: true, bodyBytes: 0 });
  expect(scanWhole('000\r\n\r\n')).toMatchObject({ end: 7, done: true });
});

test('gives the same result for every pair of cuts, and drops trailers', () => {
  const short = '2;a="b"\r\nhi\r\n0\r\n';
  for (const text of [`${short}\r\n`, `${short}A: b\r\nC: d\r\n\r\n`]) {
    for (let one = 0; one <= text.length; one++) {
      for (let two = one; two <= text.length; two++) {
        const { sent, scanner, end } = forwardWithoutTrailers(`${text}more`, [one, two]);
        expect(end).toBe(text.length);
        expect(sent).toBe('2\r\nhi\r\n0\r\n\r\n');
        expect(scanner).toMatchObject({ done: true, bodyBytes: 2, trailers: text.includes('A') ? 2 : 0 });
      }
    }
  }
});

test('a scan after the end takes and forwards nothing', () => {
  const scanner = scanWhole('0\r\nA: b\r\n\r\n');
  expect(scanner.closing).toBe('\r\n');
  expect(scanner.scan(Buffer.from('more'), 1, 4)).toBe(1);
  expect(scanner).toMatchObject({ dataEnd: 1, closing: '' });
});

test('reset makes it ready for another message, also after a refusal', () => {
  const scanner = scanWhole('x');
  expect(scanner.refusal).not.toBe('');
  scanner.reset();
  expect(scanner.scan(Buffer.from('0\r\n\r\n'), 0, 5)).toBe(5);
  expect({ ...scanner }).toEqual({ ...new ChunkedScanner(), done: true, dataEnd: 5, end: -1 });
});

const lastChunk = '0\r\n';

test.each([
  ['no digits', '\r\n', 'malformed chunk size'],
  ['extension without size', ';a\r\n', 'malformed chunk size'],
  ['plus', '+1\r\n', 'malformed chunk size'],
  ['minus', '-1\r\n', 'malformed chunk size'],
  ['0x', '0x1\r\n', 'malformed chunk size'],
  ['leading space', ' 1\r\n', 'malformed chunk size'],
  ['trailing space', '1 \r\n', 'malformed chunk size'],
  ['trailing tab', '1\t\r\n', 'malformed chunk size'],
  ['not hexadecimal', 'g\r\n', 'malformed chunk size'],
  ['underscore', '1_0\r\n', 'malformed chunk size'],
  ['digit beyond ASCII', '\xb2\r\n', 'malformed chunk size'],
  ['overflow', 'fffffffffffffffff\r\n', 'chunk size too long'],
  ['padding', '0000000000000\r\n', 'chunk size too long'],
  ['LF after the size', '1\na\r\n', 'malformed chunk size'],
  ['CR without LF after the size', '1\ra\r\n', 'bare CR in chunk size'],
  ['CR CR LF after the size', '1\r\r\n', 'bare CR in chunk size'],
  ['data longer than the size', '1\r\nab\r\n', 'chunk longer than its size'],
  ['LF after the data', '1\r\na\n', 'chunk longer than its size'],
  ['CR without LF after the data', '1\r\na\rb', 'bare CR after chunk'],
  ['empty extension', '1;\r\n', 'malformed chunk extension'],
  ['two semicolons', '1;;a\r\n', 'malformed chunk extension'],
  ['space before the extension', '1 ;a\r\n', 'malformed chunk size'],
  ['space in the extension', '1; a\r\n', 'malformed chunk extension'],
  ['extension value empty', '1;a=\r\n', 'malformed chunk extension'],
  ['extension value with space', '1;a= b\r\n', 'malformed chunk extension'],
  ['extension quote left open', '1;a="b\r\n', 'malformed chunk extension'],
  ['extension escape at the end', '1;a="b\\\r\n', 'malformed chunk extension'],
  ['extension quote followed by text', '1;a="b"c\r\n', 'malformed chunk extension'],
  ['LF in extension', '1;a\nb\r\n', 'malformed chunk extension'],
  ['LF in quoted extension', '1;a="\n"\r\n', 'malformed chunk extension'],
  ['CR in extension', '1;a\rb\r\n', 'bare CR in chunk size'],
  ['NUL in quoted extension', '1;a="\0"\r\n', 'malformed chunk extension'],
  ['DEL in quoted extension', '1;a="\x7f"\r\n', 'malformed chunk extension'],
  ['long extension', `1;${'a'.repeat(MAX_CHUNK_EXTENSION_BYTES + 1)}\r\n`, 'chunk extensions too long'],
  ['many extensions', `1;${'a'.repeat(250)}\r\nx\r\n`.repeat(MAX_MESSAGE_EXTENSION_BYTES / 250 + 1), 'chunk extensions too long'],
  ['LF for the end', `${lastChunk}\n`, 'bare LF'],
  ['CR CR LF for the end', `${lastChunk}\r\r\n`, 'bare CR'],
  ['text for the end', `${lastChunk}GET / HTTP/1.1\r\n`, 'space before colon'],
  ['folded trailer', `${lastChunk}A: b\r\n c\r\n`, 'folded field line'],
  ['trailer with space before the colon', `${lastChunk}A : b\r\n`, 'space before colon'],
  ['trailer without colon', `${lastChunk}A\r\n`, 'field line without colon'],
  ['trailer with bare LF', `${lastChunk}A: b\n`, 'bare LF'],
  ['trailer with NUL', `${lastChunk}A: \0\r\n`, 'NUL in field value'],
  ...[
    'Content-Length',
    'transfer-ENCODING',
    'Host',
    'Trailer',
    'Authorization',
    'Cookie',
    'Set-Cookie',
    'X-Forwarded-For',
    'Content_Length',
    'TE',
  ].map((name): [string, string, string] => [`trailer ${name}`, `${lastChunk}${name}: 1\r\n`, 'forbidden trailer field']),
])('refuses %s, however it arrives', (_what, text, reason) => {
  expect(scanWhole(text)).toMatchObject({ end: -1, done: false, refusal: reason });
  expect(REFUSAL_OUTCOMES[scanWhole(text).refusalCode]).toBe('bad_request');
  const scanner = new ChunkedScanner();
  const ends = Array.from(Buffer.from(text, 'latin1'), (byte) => scanner.scan(Buffer.from([byte]), 0, 1));
  expect(ends.at(-1)).toBe(-1);
  expect(scanner).toMatchObject({ done: false, refusal: reason });
});

test('bounds the trailer section in bytes and in fields', () => {
  const large = scanWhole(`${lastChunk}A: ${'x'.repeat(MAX_TRAILER_BYTES)}`);
  expect(large).toMatchObject({ end: -1, refusal: 'trailers too large' });
  expect(REFUSAL_OUTCOMES[large.refusalCode]).toBe('header_too_large');
  expect(scanWhole(`${lastChunk}${'A: b\r\n'.repeat(MAX_TRAILERS)}\r\n`).done).toBe(true);
  expect(scanWhole(`${lastChunk}${'A: b\r\n'.repeat(MAX_TRAILERS + 1)}\r\n`).refusal).toBe('too many trailers');
});

test('bounds the body before its bytes arrive', () => {
  expect(scanWhole('5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n', 10).done).toBe(true);
  const large = scanWhole('5\r\nhello\r\n6\r\n', 10);
  expect(large).toMatchObject({ end: -1, refusal: 'body too large' });
  expect(REFUSAL_OUTCOMES[large.refusalCode]).toBe('body_too_large');
});
