import { expect, test } from 'vitest';
import { callStatusOf, callTimeoutMs, countedAs, grpcFields } from '../../../src/http/grpc.ts';
import { OUTCOMES } from '../../../src/telemetry/outcomes.ts';

test.each(OUTCOMES.filter(({ status }) => status > 0))(
  '$code has a status of gRPC other than OK, and a message that needs no escapes',
  ({ status, text }) => {
    const found = /^content-type: application\/grpc\r\ngrpc-status: (\d+)\r\ngrpc-message: ([ -$&-~]*)\r\n$/.exec(grpcFields(status, text));
    expect(Number(found?.[1])).toBeGreaterThan(0);
    expect(Number(found?.[1])).toBeLessThan(17);
    expect(found?.[2]).toBe(text);
  },
);

test.each([
  ['1H', 3_600_000],
  ['2M', 120_000],
  ['10S', 10_000],
  ['250m', 250],
  ['1500u', 2],
  ['99999999n', 100],
  ['0n', 1],
  ['123456789m', 0],
  ['5', 0],
  ['-5S', 0],
  ['5s', 0],
  ['', 0],
])('grpc-timeout: %s is %i ms', (written, ms) => {
  expect(callTimeoutMs(`content-type: application/grpc\r\ngrpc-timeout: ${written}\r\n`)).toBe(ms);
  expect(callTimeoutMs(`grpc-timeout: ${written}\r\n`)).toBe(0);
});

test.each([
  ['grpc-status: 0\r\n', 0, 200],
  ['a: b\r\ngrpc-status: 14\r\n', 14, 503],
  ['grpc-status: 16\r\n', 16, 401],
  ['grpc-status: 17\r\n', 2, 500],
  ['grpc-status: -1\r\n', 2, 500],
  ['', 2, 500],
])('%j says %i, which counts as %i', (block, status, counted) => {
  expect([callStatusOf(block), countedAs(callStatusOf(block))]).toEqual([status, counted]);
});
