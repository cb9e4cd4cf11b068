// The decision records: each has the form and its line in the table, and the numbered tests that it leans on exist.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'docs/decisions');
const records = readdirSync(folder).filter((name) => name !== 'README.md');
const index = readFileSync(join(folder, 'README.md'), 'utf8');
const SECTIONS = ['Context', 'Decision', 'Consequences', 'To undo', 'Held by'];

test('numbers are used once, without gaps', () => {
  expect(records.map((name) => Number(name.slice(0, 4)))).toEqual(records.map((_, at) => at + 1));
});

test.each(records)('%s', (name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  const [title = '', , status = ''] = text.split('\n');
  expect(title).toMatch(new RegExp(`^# ${name.slice(0, 4)}\\. `));
  expect(status).toMatch(/^Status: (accepted|replaced by \d{4}), \d{4}-\d{2}$/);
  expect([...text.matchAll(/^## (.*)$/gm)].map((found) => found[1])).toEqual(SECTIONS);
  expect(index).toContain(`[${name.slice(0, 4)}](${name})`);
  expect(index).toContain(title.slice('# 0000. '.length));
  expect(missing(text.slice(text.indexOf('## Held by')))).toEqual([]);
});

/** What is named by number (`flow 460`, `regress 09`, `fault CF-21`) or by path, and is not there. */
function missing(text: string): readonly string[] {
  const numbers = [
    ...numbersOf(text, /flows? ((?:\d{3}|[, ]|and|to|\([^)]*\))+)/gi, 'test/flow', /\b\d{3}\b/g),
    ...numbersOf(text, /regress ((?:\d{2}|[, ]|and|to|\([^)]*\))+)/gi, 'test/regress', /\b\d{2}\b/g),
    ...[...text.matchAll(/CF-\d+/g)].filter(([code]) => !isThere('test/faults', code)).map(([code]) => code),
  ];
  const paths = [...text.matchAll(/`((?:test|config|bench|src)\/[\w./-]+)`/g)].map(([, path = '']) => path);
  return [...numbers, ...paths.filter((path) => !isPath(path))];
}

function numbersOf(text: string, list: RegExp, where: string, number: RegExp): readonly string[] {
  const all = [...text.matchAll(list)].flatMap(([, part = '']) => part.replaceAll(/\([^)]*\)/g, '').match(number) ?? []);
  return all.filter((each) => !isThere(where, each)).map((each) => `${where}/${each}`);
}

/** `CF-21` is one of the faults that the name of a file lists; a number begins the name. */
function isThere(where: string, each: string): boolean {
  return readdirSync(join(root, where)).some((name) => name.startsWith(`${each}-`) || `-${name}`.includes(`-${each}-`));
}

function isPath(path: string): boolean {
  const [parent, name] = [join(root, path, '..'), path.slice(path.lastIndexOf('/') + 1)];
  return readdirSync(parent).includes(name);
}
