// Every example that a reader may copy must be right: the files in config/ and the YAML blocks of all pages.

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { decodeText } from '../../src/config/decode.ts';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { blocksOf, filesIn, readPage, readPages, root } from './pages.ts';

/** A block that is no whole config says after its fence what it is a part of: `yaml pool`, `yaml mirror`, `yaml route`, `yaml rollout`. */
const PARTS: Readonly<Record<string, ((part: object) => object) | undefined>> = {
  pool: (part) => wholeOf(part),
  mirror: (part) => wholeOf({ mirrors: [{ name: 'm', version: 'v2', ...part }] }),
  rollout: (part) => ({ ...wholeOf({}), rollouts: { r: part } }),
  route: (part) => ({ ...wholeOf({}), routes: [{ name: 'r', pool: 'p', ...part }] }),
};

function wholeOf(pool: object): object {
  const versions = { v1: { endpoints: ['127.0.0.1:1'] }, v2: { endpoints: ['127.0.0.1:2'] } };
  return { listeners: [{ name: 'w', address: '127.0.0.1:0' }], pools: { p: { versions, split: { v1: 1 }, ...pool } } };
}

const blocks = readPages().flatMap((page) =>
  blocksOf(page)
    .filter(({ kind }) => /^ya?ml\b/.test(kind))
    .map(({ kind, text }) => [page.path, text, kind.split(' ')[1] ?? ''] as const),
);

// What an example takes from the environment.
process.env['SHOP_TOKEN'] = 'Bearer example';

describe('config/', () => {
  const files = filesIn('config', '.yaml');

  test('there is one file per way of use', () => {
    const names = files.map((file) => file.slice(file.lastIndexOf('/') + 1));
    expect(names).toEqual(
      expect.arrayContaining(['minimal.yaml', 'demo.yaml', 'canary.yaml', 'sticky.yaml', 'routing.yaml', 'edge.yaml', 'blue-green.yaml']),
    );
  });

  test.each(files)('%s', (file) => {
    const { config, problems, notices } = loadConfig(file);
    expect([...problems, ...notices].map(formatProblem)).toEqual([]);
    expect(config).toBeDefined();
  });
});

describe('pages', () => {
  test('blocks are found', () => {
    expect(blocksOf(readPage(join(root, 'test/examples/page.txt')))).toEqual([
      { kind: 'yaml', text: '\n\n\nlisteners: []\n' },
      { kind: 'yml title="b"', text: '\n\n\n\n\n\n\na: 1\n' },
      { kind: 'sh', text: '\n\n\n\n\n\n\n\n\n\n\nls\n' },
    ]);
  });

  test('the README shows a config', () => {
    expect(blocks.map(([path, , part]) => [path, part])).toContainEqual(['README.md', '']);
  });

  test.each(blocks.filter(([, , part]) => part === ''))('%s: %s', (path, block) => {
    expect(block).toMatch(/^listeners:/m);
    expect(decodeText(path, block, {}).problems.map(formatProblem)).toEqual([]);
  });

  test.each(blocks.filter(([, , part]) => part !== ''))('%s, part of a config: %s', (path, block, part) => {
    const config = PARTS[part]?.(parse(block) as object);
    expect(Object.keys(PARTS)).toContain(part);
    expect(decodeText(path, JSON.stringify(config)).problems.map(formatProblem)).toEqual([]);
  });
});
