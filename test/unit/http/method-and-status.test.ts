import { expect, test } from 'vitest';
import { isIdempotent, isSafe } from '../../../src/http/method.ts';
import { isBodyless, reasonPhrase } from '../../../src/http/status.ts';

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'POST', 'PATCH', 'get', ''];

test('which methods only read, and which may be repeated', () => {
  expect(METHODS.filter(isSafe)).toEqual(['GET', 'HEAD', 'OPTIONS']);
  expect(METHODS.filter(isIdempotent)).toEqual(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
});

test('which statuses have no body, and what they are called', () => {
  expect([100, 103, 199, 200, 204, 205, 304, 404, 503].filter(isBodyless)).toEqual([100, 103, 199, 204, 304]);
  expect([reasonPhrase(200), reasonPhrase(503), reasonPhrase(599)]).toEqual(['OK', 'Service Unavailable', 'Status']);
});
