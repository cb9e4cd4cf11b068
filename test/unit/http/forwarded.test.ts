import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readForwarded } from '../../../src/http/forwarded.ts';

const hop = (from = '', proto = '', host = '') => ({ from, proto, host });

describe('RFC 7239', () => {
  test.each([
    ['for=192.0.2.43', [hop('192.0.2.43')]],
    ['For="[2001:db8:cafe::17]:4711"', [hop('[2001:db8:cafe::17]:4711')]],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', [hop('192.0.2.60', 'http')]],
    ['for=192.0.2.43, for=198.51.100.17', [hop('192.0.2.43'), hop('198.51.100.17')]],
    ['for=_hidden;PROTO=HTTPS;host="a.example:80"', [hop('_hidden', 'https', 'a.example:80')]],
    ['for=unknown ,, proto=https;secret="a\\"b, c"', [hop('unknown'), hop('', 'https')]],
    [' for=a ; proto=http ', [hop('a', 'http')]],
  ])('%s', (value, hops) => {
    expect(readForwarded(value)).toEqual(hops);
  });

  test.each([
    ...['', ',', 'for', 'for=', 'for =a', 'for="a', 'for=a b', 'for=a;for=b', 'for="1.1.1.1, 2.2.2.2"', 'for="a\\, b"', 'host="a b"'],
    ...['host=a/b', 'host="a\\"b"', 'proto="a,b"', 'for=a=b', `for=${'a'.repeat(65)}`, Array.from({ length: 33 }, () => 'for=a').join()],
  ])('malformed: %s', (value) => {
    expect(readForwarded(value)).toBeUndefined();
  });

  test('nothing that is believed could be taken for two', () => {
    const bytes = fc.string({ unit: fc.constantFrom(...'for=proto;host,"\\ a1.:[]-_\t\xe9') });
    fc.assert(
      fc.property(bytes, (value) => {
        for (const { from, proto, host } of readForwarded(value) ?? []) expect(`${from}${proto}${host}`).toMatch(/^[\w.~:[\]+-]*$/);
      }),
    );
  });

  test('takes linear time', () => {
    const since = performance.now();
    readForwarded(`for="${'\\a'.repeat(8000)}`);
    readForwarded(`${'\t'.repeat(16000)}x`);
    readForwarded(';'.repeat(16000));
    expect(performance.now() - since).toBeLessThan(200);
  });
});
