import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PATCHED, betterNode } from '../../../src/app/node-version.ts';

test.each([
  ['v26.5.1', undefined],
  ['v26.10.0', undefined],
  ['v27.0.0', undefined],
  ['v24.18.1', undefined],
  ['v26.5.0', '26.5.1'],
  ['v26.0.0', '26.5.1'],
  ['v25.9.9', '26.5.1'],
  ['v24.18.0', '24.18.1'],
  ['v24.9.0', '24.18.1'],
  ['v22.22.2', '24.18.1'],
])('%s: better is %s', (version, better) => {
  expect(betterNode(version)).toBe(better);
});

test('package.json asks for the same', () => {
  const { engines } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { engines: { node: string } };
  expect(engines.node).toBe(`^24.${PATCHED[24]!.join('.')} || >=26.${PATCHED[26]!.join('.')}`);
});
