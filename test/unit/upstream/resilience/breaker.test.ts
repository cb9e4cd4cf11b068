import { expect, test } from 'vitest';
import { Breaker } from '../../../../src/upstream/resilience/breaker.ts';

/** In the middle of what chance may do. */
const MIDDLE = 0.5;

function fail(breaker: Breaker, times: number, atMs: number): void {
  for (let n = 0; n < times; n++) {
    expect(breaker.admits(atMs)).toBe(true);
    breaker.failed(atMs, MIDDLE);
  }
}

test('five failures in a row open it; fewer, or with a success between, do not', () => {
  const breaker = new Breaker();
  fail(breaker, 4, 0);
  breaker.succeeded();
  fail(breaker, 5, 0);
  expect(breaker.admits(999)).toBe(false);
});

test('after its pause one may try; while it tries nobody else may', () => {
  const breaker = new Breaker();
  fail(breaker, 5, 0);
  expect([breaker.admits(999), breaker.admits(1000), breaker.admits(1000), breaker.admits(9000)]).toEqual([false, true, false, false]);
  breaker.succeeded();
  fail(breaker, 4, 9000);
  expect(breaker.admits(9000)).toBe(true);
});

test('each failed try doubles the pause, up to a minute; a success forgets it', () => {
  const breaker = new Breaker();
  fail(breaker, 5, 0);
  let atMs = 0;
  for (const pauseMs of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
    expect(breaker.admits(atMs + pauseMs - 1)).toBe(false);
    atMs += pauseMs;
    fail(breaker, 1, atMs);
  }
  expect(breaker.admits(atMs + 60_000)).toBe(true);
  breaker.succeeded();
  fail(breaker, 5, atMs);
  expect(breaker.admits(atMs + 1000)).toBe(true);
});

test('a try that says nothing lets another try; failures from before the pause do not lengthen it', () => {
  const breaker = new Breaker();
  fail(breaker, 5, 0);
  breaker.failed(500, MIDDLE);
  expect(breaker.admits(1000)).toBe(true);
  breaker.learned();
  expect(breaker.admits(1000)).toBe(true);
  expect(breaker.admits(1000)).toBe(false);
});

test('pauses differ by a fifth, so that many do not return at once', () => {
  const untils = [0, 0.999].map((fraction) => {
    const breaker = new Breaker();
    for (let n = 0; n < 5; n++) breaker.failed(0, fraction);
    return [breaker.admits(899), breaker.admits(901)];
  });
  expect(untils).toEqual([
    [false, true],
    [false, false],
  ]);
});
