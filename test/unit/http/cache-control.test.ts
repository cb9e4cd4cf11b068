import { expect, test } from 'vitest';
import { withoutSharing } from '../../../src/http/cache-control.ts';

test.each([
  ['', 200, 'cache-control: private\r\n'],
  ['a: b\r\n', 404, 'a: b\r\ncache-control: private\r\n'],
  ['', 201, ''],
  ['', 0, ''],
  ['expires: Thu, 01 Dec 2033 16:00:00 GMT\r\n', 0, 'expires: Thu, 01 Dec 2033 16:00:00 GMT\r\ncache-control: private\r\n'],
  ['Cache-Control: public, max-age=60, s-maxage=90\r\na: b\r\n', 200, 'a: b\r\ncache-control: max-age=60, private\r\n'],
  ['cache-control: max-age=60\r\ncache-control: Public\r\n', 0, 'cache-control: max-age=60, private\r\n'],
  ['cache-control: no-cache\r\n', 200, 'cache-control: no-cache, private\r\n'],
  ['cache-control: no-store\r\n', 200, 'cache-control: no-store\r\n'],
  ['cache-control: Private, max-age=1\r\n', 200, 'cache-control: Private, max-age=1\r\n'],
  ['cache-control: private="x-a", max-age=1\r\n', 200, 'cache-control: private="x-a", max-age=1, private\r\n'],
  ['cache-control:\r\n', 200, 'cache-control: private\r\n'],
])('%j with status %d', (block, status, expected) => expect(withoutSharing(block, status)).toBe(expected));
