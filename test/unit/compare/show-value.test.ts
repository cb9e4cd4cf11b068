import { describe, expect, it } from 'vitest';
import { ExactNumber } from '../../../src/compare/parse-json.ts';
import { BodyLength, showValue } from '../../../src/compare/show-value.ts';

describe('showValue', () => {
  it.each([
    ['a secret', 'string(8)'],
    [12, 'number'],
    [new ExactNumber('1e999'), 'number'],
    [true, 'boolean'],
    [null, 'null'],
    [[1, 2], 'array(2)'],
    [{ a: 1 }, 'object(1)'],
    [Buffer.from('abc'), 'bytes(3)'],
    [new BodyLength(70, 'exact'), 'bytes(70)'],
    [new BodyLength(70, 'more'), 'bytes(over 70)'],
    [undefined, 'absent'],
  ])('shows the shape of %j by default', (value, shown) => {
    expect(showValue(value, '$.a', false, 'shapes')).toBe(shown);
  });

  it.each([
    ['$.price', 1299, '1299'],
    ['$.state', 'open', '"open"'],
    ['$.big', new ExactNumber('12345678'), '12345678'],
    ['$.list', [1], 'array(1)'],
    ['$.password', 'hunter2', 'string(7)'],
    ['$.user.apiKey', 'x', 'string(1)'],
    ['header:set-cookie', 'sid=1', 'string(5)'],
    ['$.contact', 'alice@shop.example', 'string(18)'],
    ['$.jwt', `eyJ${'a'.repeat(40)}.b.c`, 'string(47)'],
    ['$.n', '4111 1111 1111 1111', 'string(19)'],
    ['$.text', 'word '.repeat(100), `"${'word '.repeat(12)}wor…`],
  ])('with values, shows %s of %j as %s', (path, value, shown) => {
    expect(showValue(value, path, false, 'values')).toBe(shown);
  });

  it('takes no longer for a number of a million digits', () => {
    const begin = performance.now();
    expect(showValue(new ExactNumber('9'.repeat(1_000_000)), '$.n', false, 'values')).toBe('number');
    // With the square of its length it would be ten minutes.
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  it('never shows what is redacted', () => {
    expect(showValue(1, '$.price', true, 'values')).toBe('redacted');
  });
});
