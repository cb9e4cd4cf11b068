// What pages name must exist: links and their anchors, commands of `sluice` with their options, and metrics.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { METRICS } from '../../src/telemetry/names.ts';
import { blocksOf, readPage, readPages, root, type Page } from './pages.ts';

/** Its table names what there was before. */
const pages = readPages().filter(({ path }) => path !== 'CHANGELOG.md');
const GROUPS = ['rollout', 'override', 'mirror', 'preview', 'config'];

describe.each(pages.map((page) => [page.path, page] as const))('%s', (path, page) => {
  test('links lead somewhere', () => {
    expect(linksOf(page).filter((link) => !leadsSomewhere(join(root, dirname(path)), link, page))).toEqual([]);
  });

  test('metrics exist', () => {
    const known = Object.values(METRICS).map(({ name }): string => name);
    const named = [...page.text.matchAll(/\bsluice_[a-z_]*[a-z]\b/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('commands', () => {
  const uses = new Map<string, Set<string>>();
  for (const page of pages) {
    for (const { command, options } of commandsOf(page)) {
      uses.set(command, new Set([...(uses.get(command) ?? []), ...options]));
    }
  }

  test('are found', () => {
    expect(commandsOf({ path: '', text: 'a `npm start -- mirror set p m --to v2 [--compare]` b' })).toEqual([
      { command: 'mirror set', options: ['--to', '--compare'] },
    ]);
    expect(uses.size).toBeGreaterThan(25);
  });

  test.each([...uses])('sluice %s', (command, options) => {
    const { status, stdout } = spawnSync(process.execPath, [join(root, 'src/app/main.ts'), ...command.split(' '), '--help'], {
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(stdout).toContain(`Usage: sluice ${command}`.trimEnd());
    expect([...options].filter((option) => !new RegExp(`(^|[ ,])${option}\\b`, 'm').test(stdout))).toEqual([]);
  });
});

function linksOf({ text }: Page): readonly string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^[a-z]+:/.test(link));
}

function leadsSomewhere(from: string, link: string, page: Page): boolean {
  const [file = '', anchor] = link.split('#');
  const target = join(from, file);
  if (file !== '' && !existsSync(target)) return false;
  return anchor === undefined || anchorsOf(file === '' ? page : readPage(target)).includes(anchor);
}

/** As GitHub makes them: lower case, spaces as dashes, other signs gone. */
function anchorsOf({ text }: Page): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

interface Use {
  readonly command: string;
  readonly options: readonly string[];
}

/** In lines of shell blocks and in code spans: `sluice …` and `npm start -- …`. */
function commandsOf(page: Page): readonly Use[] {
  const shell = blocksOf(page).filter(({ kind }) => kind === 'sh');
  const spans = [...page.text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  const lines = [...shell.flatMap(({ text }) => text.split('\n')), ...spans].flatMap((line) => line.split(/ && | \| | > |<\(/));
  return lines.flatMap((line) => {
    const found = /^(?:sluice|npm start (?:--silent )?--) (.*)$/.exec(line);
    return found === null ? [] : [useOf(found[1] ?? '')];
  });
}

function useOf(line: string): Use {
  const [first = '', second = ''] = line.split(' ');
  const options = line.replaceAll(/'[^']*'|"[^"]*"/g, '').match(/(?<![\w-])--?[a-zA-Z][\w-]*/g) ?? [];
  if (!/^[a-z]+$/.test(first)) return { command: '', options: [] };
  return { command: GROUPS.includes(first) && second !== '' ? `${first} ${second}` : first, options };
}
