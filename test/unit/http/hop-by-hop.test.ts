import { expect, test } from 'vitest';
import { withoutFields } from '../../../src/http/header-block.ts';
import { HOP_BY_HOP_FIELDS, mayBeHopByHop } from '../../../src/http/hop-by-hop.ts';
import { parseRequest, parseResponse } from '../http1/heads.ts';

test.each([...HOP_BY_HOP_FIELDS])('%s is cut from requests and responses alike', (name) => {
  const value = name === 'transfer-encoding' ? 'chunked' : 'x';
  const fields = `a: 1\r\n${name}: ${value}\r\nb: 2\r\n${name.toUpperCase()}:\r\n`.replace('TRANSFER-ENCODING:\r\n', '');
  expect(parseRequest(`GET / HTTP/1.1\r\nhost: a\r\n${fields}\r\n`).head.block).toBe('a: 1\r\nb: 2\r\n');
  expect(parseResponse(`HTTP/1.1 200 OK\r\n${fields}\r\n`).head.block).toBe('a: 1\r\nb: 2\r\n');
});

test("Connection takes out what is nobody else's, and nothing that a recipient relies on", () => {
  expect(['x-hop', 'x-session', 'alt-svc', 'x_request_id'].filter(mayBeHopByHop)).toEqual([
    'x-hop',
    'x-session',
    'alt-svc',
    'x_request_id',
  ]);
  const kept = ['close', 'te', 'upgrade', 'host', 'content-length', 'cookie', 'authorization', 'via', 'traceparent', 'x-client-ip'];
  const forwarding = ['forwarded', 'x-forwarded-for', 'x-forwarded-port', 'x-real-ip', 'true-client-ip', 'x-request-id', 'x-sluice-shadow'];
  expect([...kept, ...forwarding].filter(mayBeHopByHop)).toEqual([]);
});

test('takes lines out of a block by name', () => {
  const block = 'A: 1\r\nb: 2\r\na: 3\r\nab: 4\r\n';
  expect(withoutFields(block, new Set(['a']))).toBe('b: 2\r\nab: 4\r\n');
  expect(withoutFields(block, new Set(['b', 'ab']))).toBe('A: 1\r\na: 3\r\n');
  expect(withoutFields(block, new Set(['c']))).toBe(block);
  expect(withoutFields('', new Set(['a']))).toBe('');
});
