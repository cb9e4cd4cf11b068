// Every example that a reader may copy must be right: the files in config/ and the YAML blocks of all pages.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { decodeText } from '../../src/config/decode.ts';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';

const root = join(import.meta.dirname, '../..');

function filesIn(folder: string, end: string, where: 'here' | 'and below' = 'here'): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: where === 'and below' });
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith(end)).map((entry) => join(entry.parentPath, entry.name));
}

function pages(): string[] {
  const hasDocs = readdirSync(root).includes('docs');
  return [...filesIn('.', '.md'), ...(hasDocs ? filesIn('docs', '.md', 'and below') : [])];
}

/** The blocks, each moved down so that lines in Problems are those of the page. */
function yamlBlocks(page: string): string[] {
  const text = readFileSync(page, 'utf8').replaceAll('\r\n', '\n');
  return [...text.matchAll(/^```ya?ml[^\n]*\n(.*?)^```/gms)].map((found) => {
    const start = found.index + found[0].indexOf('\n') + 1;
    return '\n'.repeat(text.slice(0, start).split('\n').length - 1) + (found[1] ?? '');
  });
}

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
  const blocks = pages().flatMap((page) =>
    yamlBlocks(page)
      .filter((block) => /^listeners:/m.test(block))
      .map((block) => [page, block] as const),
  );

  test('blocks are found', () => {
    expect(yamlBlocks(join(root, 'test/examples/page.txt'))).toEqual(['\n\n\nlisteners: []\n', '\n\n\n\n\n\n\na: 1\n']);
  });

  test('the README shows a config', () => {
    expect(blocks.map(([page]) => page)).toContain(join(root, 'README.md'));
  });

  test('blocks that are no whole config are mirrors', () => {
    const parts = pages().flatMap((page) => yamlBlocks(page).filter((block) => !/^listeners:/m.test(block)));
    expect(parts.length).toBeGreaterThan(0);
    for (const part of parts) {
      const mirror = { name: 'm', version: 'v2', ...(parse(part) as object) };
      const versions = { v1: { endpoints: ['127.0.0.1:1'] }, v2: { endpoints: ['127.0.0.1:2'] } };
      const config = {
        listeners: [{ name: 'w', address: '127.0.0.1:0' }],
        pools: { p: { versions, split: { v1: 1 }, mirrors: [mirror] } },
      };
      expect([part, decodeText('part', JSON.stringify(config)).problems.map(formatProblem)]).toEqual([part, []]);
    }
  });

  test.each(blocks)('%s: %s', (page, block) => {
    expect(decodeText(page, block).problems.map(formatProblem)).toEqual([]);
  });
});
