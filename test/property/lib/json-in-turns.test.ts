import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseInTurns } from '../../../src/lib/json-in-turns.ts';
import { Pace } from '../../../src/lib/pace.ts';

const long = fc.integer({ min: 0, max: 60_000 }).map((length) => 'x"\\,{[]}'.repeat(Math.ceil(length / 8)));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.jsonValue({ maxDepth: 1 }), long),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('__proto__', '"', ':')), tie('value'), { maxKeys: 4 }),
  ),
}));

async function outcomeOf(parse: () => unknown): Promise<unknown> {
  try {
    return JSON.stringify(await parse());
  } catch (error) {
    return (error as Error).name;
  }
}

test('a text means what it means to JSON.parse, also one that is damaged', async () => {
  const damage = fc.option(fc.tuple(fc.nat(), fc.constantFrom('', ',', '[', ']', '{', '}', '"', ' ', ':')));
  await fc.assert(
    fc.asyncProperty(value, fc.constantFrom(undefined, 1), damage, async (written, indent, hurt) => {
      const text = JSON.stringify([written, 'x'.repeat(33_000), written], undefined, indent);
      const at = hurt === null ? 0 : hurt[0] % text.length;
      const given = hurt === null ? text : text.slice(0, at) + hurt[1] + text.slice(at + 1);
      expect(await outcomeOf(() => parseInTurns(given, new Pace()))).toBe(await outcomeOf(() => JSON.parse(given)));
    }),
    { numRuns: 300 },
  );
});

test.each(['[1,', '[,', '{"a":1,', '[1,]', '{"a":1,}', '{"a":{}', '[[', '[1}', '{"a":1]', '[] []', '{"a":1,,"b":2}'])(
  'faults are faults: %s',
  async (piece) => {
    const pad = `"${'x'.repeat(40_000)}"`;
    for (const text of [piece + pad, piece + ' '.repeat(40_000), piece.replace('1', pad), piece.replace('1', `[${pad}]`)])
      expect(await outcomeOf(() => parseInTurns(text, new Pace()))).toBe(await outcomeOf(() => JSON.parse(text)));
  },
);

test('there are rests between its pieces', async () => {
  let rests = 0;
  const pace = { rest: () => void rests++ } as unknown as Pace;
  const pools = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`p${index}`, { a: [index, 'x'.repeat(50)] }]));
  const written = { pools, routes: Array.from({ length: 5_000 }, (_, index) => ({ index })) };
  expect(await parseInTurns(JSON.stringify(written), pace)).toEqual(written);
  expect(rests).toBeGreaterThan(10);
});
