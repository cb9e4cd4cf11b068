// The shapes that the command line reads responses with are what the schemas say.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { printShapes, SHAPES_FILE } from './shapes.ts';

test('the file is what the schemas say: `node test/unit/api/shapes.ts` writes it anew', async () => {
  expect(readFileSync(SHAPES_FILE, 'utf8')).toBe(await printShapes());
});
