import { expect, test } from 'vitest';
import { formatAddress, isLoopback, parseEndpointAddress, parseListenAddress } from '../../../src/config/address.ts';
import { formatDuration, parseDuration } from '../../../src/config/duration.ts';
import { isFault } from '../../../src/config/fault.ts';
import { parsePercent } from '../../../src/config/percent.ts';
import { formatSize, parseSize } from '../../../src/config/size.ts';
import { suggest } from '../../../src/config/suggest.ts';
import { normalizeHost, isFieldValue, isPath, isRange } from '../../../src/config/syntax.ts';

test.each([
  ['250ms', 250],
  ['0s', 0],
  ['5s', 5_000],
  ['1.5s', 1_500],
  ['1m', 60_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['1m30s', 90_000],
  ['1h0m1.5s', 3_601_500],
  ['1d12h', 129_600_000],
  ['1s250ms', 1_250],
])('duration %s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

test.each(['', '5', 's', '-1s', '1 s', '1S', '1w', '1e3s', '0.5ms', '1s ', '1s\n', '９s', '30s1m', '1m1m', '1mm', '1'.repeat(30) + 's'])(
  'duration %j is none',
  (text) => expect(parseDuration(text)).toBeUndefined(),
);

test('durations are printed in the largest unit that fits', () => {
  expect([0, 1, 1_500, 60_000, 90_000, 86_400_000].map(formatDuration)).toEqual(['0s', '1ms', '1500ms', '1m', '90s', '1d']);
});

test.each([
  ['0', 0],
  ['512B', 512],
  ['64KiB', 65_536],
  ['1MiB', 1_048_576],
  ['2GiB', 2_147_483_648],
  ['10MB', 10_000_000],
  ['1KB', 1_000],
  ['2GB', 2_000_000_000],
])('size %s is %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

test.each(['', '-1', '1Kb', '1kib', '1.5MiB', '1 MiB', 'KiB', '999999999999999GiB'])('size %j is none', (text) =>
  expect(parseSize(text)).toBeUndefined(),
);

test('sizes are printed in the largest unit that fits', () => {
  expect([0, 1000, 1024, 3 * 1_048_576].map(formatSize)).toEqual(['0B', '1000B', '1KiB', '3MiB']);
});

test('percentages', () => {
  expect(['50%', '0%', '100%', '12.5%', '101%', '50', '-1%', '%'].map(parsePercent)).toEqual([
    50,
    0,
    100,
    12.5,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test.each([
  ['127.0.0.1:8080', '127.0.0.1:8080'],
  ['[::1]:80', '[::1]:80'],
  ['[0:0::0:1]:80', '[::1]:80'],
  ['Shop.Internal:80', 'shop.internal:80'],
  ['my_container:80', 'my_container:80'],
  ['unix:/run/a.sock', 'unix:/run/a.sock'],
  ['srv:_http._tcp.shop.internal', 'srv:_http._tcp.shop.internal'],
])('endpoint %s is %s', (text, canonical) => {
  const address = parseEndpointAddress(text);
  expect(isFault(address) ? address.fault : formatAddress(address)).toBe(canonical);
});

test.each([
  ['127.0.0.1', 'address must look like'],
  ['127.0.0.1:0', 'port must be 1 to 65535, got 0'],
  ['127.0.0.1:65536', 'port must be 1 to 65535, got 65536'],
  [':80', 'address must look like'],
  ['::1:80', 'an IPv6 address needs brackets'],
  ['127.1:80', 'host must be a DNS name or an IP address'],
  ['0177.0.0.1:80', 'host must be a DNS name or an IP address'],
  ['256.1.1.1:80', 'host must be a DNS name or an IP address'],
  ['[127.0.0.1]:80', 'host must be a DNS name or an IP address'],
  ['a b:80', 'host must be a DNS name or an IP address'],
  ['http://a:80', 'an address has no scheme'],
  ['-a:80', 'host must be a DNS name or an IP address'],
  ['a\r\n:80', 'host must be a DNS name or an IP address'],
  ['unix:run/a.sock', 'unix: needs an absolute path'],
  [`unix:/${'a'.repeat(200)}`, 'a socket path may have 103 bytes at most'],
  ['srv:shop', 'srv: needs a service name'],
])('endpoint %j is refused: %s', (text, why) => {
  const address = parseEndpointAddress(text);
  expect(isFault(address) && address.fault).toContain(why);
});

test.each([
  [':8080', { kind: 'tcp', host: '::', port: 8080 }],
  ['*:8080', { kind: 'tcp', host: '::', port: 8080 }],
  ['127.0.0.1:0', { kind: 'tcp', host: '127.0.0.1', port: 0 }],
])('listening at %s', (text, address) => expect(parseListenAddress(text)).toEqual(address));

test('a listener cannot be a DNS service', () => expect(isFault(parseListenAddress('srv:_http._tcp.a'))).toBe(true));

test.each([
  ['127.0.0.1:1', true],
  ['127.9.9.9:1', true],
  ['[::1]:1', true],
  ['[::ffff:127.0.0.1]:1', true],
  ['localhost:1', true],
  ['unix:/a', true],
  [':1', false],
  ['0.0.0.0:1', false],
  ['10.0.0.1:1', false],
  ['[::ffff:10.0.0.1]:1', false],
  ['127.example.com:1', false],
])('loopback %s: %s', (text, loopback) => {
  const address = parseListenAddress(text);
  expect(isFault(address)).toBe(false);
  expect(!isFault(address) && isLoopback(address)).toBe(loopback);
});

test('hosts', () => {
  expect(['EXAMPLE.com', 'a.b.', '::1', '1.2.3.4', 'a..b', '', 'a/b', 'a@b', 'x.1', 'x'.repeat(64)].map(normalizeHost)).toEqual([
    'example.com',
    'a.b.',
    '::1',
    '1.2.3.4',
    ...Array.from({ length: 6 }, () => undefined),
  ]);
});

test('header values', () => {
  expect(['', 'a b', 'a\tb'].every(isFieldValue)).toBe(true);
  // The last would become a line feed when cut to one byte.
  expect([' a', 'a ', 'a\nb', 'a\rb', 'a\0b', 'é', 'a\u010ab'].some(isFieldValue)).toBe(false);
});

test('paths', () => {
  expect(['/', '/a/b%20c', '/a;b=c'].every(isPath)).toBe(true);
  expect(['', 'a', '/a b', '/a?b', '/a#b', '/ä', '/a\n'].some(isPath)).toBe(false);
});

test('ranges', () => {
  expect(['10.0.0.0/8', '10.0.0.1', 'fd00::/8', '::1', '0.0.0.0/0'].every(isRange)).toBe(true);
  expect(['10.0.0.0/33', '10/8', 'fd00::/129', 'a', '', '10.0.0.0/', '10.0.0.0/8 '].some(isRange)).toBe(false);
});

test('the nearest word', () => {
  expect(suggest('timeout', ['timeouts', 'name'])).toBe('timeouts');
  expect(suggest('adress', ['name', 'address'])).toBe('address');
  expect(suggest('Hosts', ['hosts'])).toBe('hosts');
  expect(suggest('vresion', ['version'])).toBe('version');
  expect(suggest('banana', ['hosts', 'pool'])).toBeUndefined();
  expect(suggest('x'.repeat(1_000), ['x'.repeat(1_000)])).toBeUndefined();
});
