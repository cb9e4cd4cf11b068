import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSizes, groupOf, SizeBounds, SizeWriter } from '../../../src/telemetry/body-sizes.ts';

describe('paths that are alike', () => {
  test.each([
    ['/users/123/orders', '/users/9f1c-44/orders'],
    ['/7', '/8'],
    ['/api/v1/items/7', '/api/v2/items/8'],
    ['/img/logo-2x.png', '/img/logo-3x.png'],
    [`/a/${'x'.repeat(300)}`, `/a/${'x'.repeat(400)}`],
  ])('%s and %s', (one, other) => expect(groupOf(one)).toBe(groupOf(other)));

  test('are told apart from most others, and each is in a group', () => {
    const words = ['', 'cart', 'users', 'orders', 'checkout', 'search', 'img', 'api', 'login', 'help', 'about', 'jobs'];
    const paths = words.flatMap((one) => words.map((other) => `/${one}/${other}`));
    expect(new Set(paths.map(groupOf)).size).toBeGreaterThan(50);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (path) => groupOf(path) >= 0 && groupOf(path) < 64));
  });
});

describe('what is usual', () => {
  function learnt(workers = 2) {
    const memory = createSizes(workers);
    const writers = Array.from({ length: workers }, (_, worker) => new SizeWriter(memory, worker));
    const add = (bytes: number, times: number, group = 5): void => {
      for (let each = 0; each < times; each++) writers[each % workers]!.add(group, bytes);
    };
    return { bounds: new SizeBounds(memory), add, at: (group = 5) => writers[0]!.boundOf(group) };
  }

  test('is known as soon as there are enough bodies, then once in 10 s, of what came since', () => {
    const { bounds, add, at } = learnt();
    add(65_536, 31);
    bounds.pass(500);
    expect(at()).toBe(0);
    add(65_536, 1);
    bounds.pass(500);
    expect([at(), at(4)]).toEqual([16_384, 0]);
    add(4096, 100);
    bounds.pass(9500);
    expect(at()).toBe(16_384);
    bounds.pass(500);
    expect(at()).toBe(1024);
    // Too few since then: it stays.
    add(65_536, 20);
    bounds.pass(20_000);
    expect(at()).toBe(1024);
    add(65_536, 20);
    bounds.pass(500);
    expect(at()).toBe(16_384);
  });

  test('is the median: a few large or empty bodies say nothing', () => {
    const { bounds, add, at } = learnt();
    add(2048, 60);
    add(0, 20);
    add(50_000_000, 20);
    bounds.pass(500);
    expect(at()).toBe(512);
  });

  test('of small bodies makes none much smaller', () => {
    const { bounds, add, at } = learnt();
    add(120, 60);
    bounds.pass(500);
    expect(at()).toBe(0);
  });

  test('is a quarter of the median, and at most half an octave below it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 128, max: 60 * 2 ** 20 }), { minLength: 32, maxLength: 80 }), (bytes) => {
        const { bounds, add, at } = learnt(3);
        for (const each of bytes) add(each, 1);
        bounds.pass(500);
        const median = bytes.toSorted((a, b) => a - b)[Math.ceil(bytes.length / 2) - 1]!;
        expect(at() * 4).toBeLessThanOrEqual(median);
        expect(at() * 4).toBeGreaterThan(median * 0.66 - 32);
      }),
    );
  });
});
