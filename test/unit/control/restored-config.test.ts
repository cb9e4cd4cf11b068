import { expect, test } from 'vitest';
import { restoredConfig } from '../../../src/control/restored-config.ts';

const configOf = (salts: Readonly<Record<string, string | undefined>>) => ({
  pools: {
    shop: {
      split: { v1: 1 },
      canary: 'v1',
      versions: Object.fromEntries(
        Object.entries(salts).map(([name, salt]) => [name, salt === undefined ? { drain: false } : { drain: false, salt }]),
      ),
    },
  },
});

test('a restore by an operator gives versions the salts that they had; a version that is new since keeps its own', () => {
  const then = configOf({ v1: 'old', v2: undefined, gone: 'gone' });
  const now = configOf({ v1: 'new', v2: 'new', v3: 'new' });
  const restored = restoredConfig(then, now, { role: 'operator' });
  expect(restored).toMatchObject({
    document: { pools: { shop: { versions: configOf({ v1: 'old', v2: undefined, v3: 'new' }).pools.shop.versions } } },
  });
  expect(JSON.stringify(restored)).not.toContain('"v2":{"drain":false,"salt"');
});
