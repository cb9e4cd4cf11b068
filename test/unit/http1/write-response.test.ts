import { expect, test } from 'vitest';
import { ChunkedDecoder } from '../../../src/http1/chunked-decoder.ts';
import { ChunkedScanner } from '../../../src/http1/chunked-scanner.ts';
import {
  CLOSES,
  KEEPS_ALIVE,
  PERSISTS,
  persistenceOf,
  chunksOf,
  placeHeadBefore,
  withoutChunks,
  writeInterimHead,
  writeLocalHead,
  writeResponseHead,
} from '../../../src/http1/write-response.ts';

test('only HTTP/1.0 is told that its connection stays', () => {
  expect(persistenceOf(true, 1)).toBe(PERSISTS);
  expect(persistenceOf(true, 0)).toBe(KEEPS_ALIVE);
  expect([persistenceOf(false, 0), persistenceOf(false, 1)]).toEqual([CLOSES, CLOSES]);
});

test('writes heads with what frames them last', () => {
  const ok = { status: 200, reason: 'OK', isEmpty: false };
  expect(writeResponseHead(ok, 'a: b\r\n', false, PERSISTS)).toBe('HTTP/1.1 200 OK\r\na: b\r\n\r\n');
  expect(writeResponseHead({ ...ok, isEmpty: true }, '', false, PERSISTS)).toBe('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  expect(writeResponseHead(ok, '', true, CLOSES)).toBe('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n');
  expect(writeResponseHead({ status: 200, reason: '', isEmpty: false }, '', false, KEEPS_ALIVE)).toBe(
    'HTTP/1.1 200 \r\nconnection: keep-alive\r\n\r\n',
  );
  expect(writeInterimHead({ status: 103, reason: 'Early Hints' }, 'link: </a>\r\n')).toBe('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n');
  expect(writeLocalHead(404, 'a: b\r\n', 3, PERSISTS)).toBe('HTTP/1.1 404 Not Found\r\na: b\r\ncontent-length: 3\r\n\r\n');
  expect(writeLocalHead(204, '', -1, CLOSES)).toBe('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n');
  expect(writeLocalHead(599, '', 0, PERSISTS)).toBe('HTTP/1.1 599 Status\r\ncontent-length: 0\r\n\r\n');
});

test('a head goes in front of the body where there is room, and into a buffer of its own where there is none', () => {
  const memory = Buffer.from('................body', 'latin1');
  const placed = placeHeadBefore('caf\xe9 ', memory, 16, 20);
  expect(placed.toString('latin1')).toBe('caf\xe9 body');
  expect(placed.buffer).toBe(memory.buffer);
  const beside = placeHeadBefore('x'.repeat(17), memory, 16, 20);
  expect(beside.toString('latin1')).toBe(`${'x'.repeat(17)}body`);
  expect(beside.buffer === memory.buffer && beside.byteOffset === memory.byteOffset).toBe(false);
});

test('chunks lose their trailers, or their framing', () => {
  const wire = Buffer.from('5;a=b\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n', 'latin1');
  const scanner = new ChunkedScanner();
  expect(scanner.scan(wire, 0, wire.length)).toBe(wire.length);
  scanner.dropCuts(wire, 0, wire.length);
  expect(chunksOf(scanner, wire, 0, false)).toBe('5\r\nhello\r\n0\r\n\r\n');
  expect(withoutChunks(new ChunkedDecoder(), scanner, wire, 0)).toBe('hello');
});
