import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCheck } from '../../../src/cli/check.ts';
import type { CheckOptions } from '../../../src/cli/check.ts';
import { decodeText } from '../../../src/config/decode.ts';
import { SMALL } from '../config/good.ts';

let folder = '';
let file = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-check-'));
  file = join(folder, 'f.yaml');
});

afterEach(() => rmSync(folder, { recursive: true }));

function check(text: string, options: CheckOptions = {}): { code: number; out: string[]; err: string[] } {
  writeFileSync(file, text);
  const [out, err]: [string[], string[]] = [[], []];
  const code = runCheck(file, options, { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { code, out, err };
}

test('a good config', () => {
  expect(check(SMALL)).toEqual({ code: 0, out: [`${file}: ok (1 pool, 1 route)`], err: [] });
});

test('a Problem is F:line:col: message, and the exit code 1', () => {
  expect(check(SMALL.replace('pool: shop', 'pool: shp'))).toEqual({
    code: 1,
    out: [],
    err: [`${file}:10:25: routes[0].pool: there is no pool "shp" (did you mean "shop"?)`],
  });
});

test('a notice does not fail the check', () => {
  const { code, err } = check(SMALL.replace('127.0.0.1:8080', '127.0.0.1:8080, protocols: [http1, http2]'));
  expect(code).toBe(0);
  expect(err).toEqual([expect.stringMatching(/:2:\d+: notice: listeners\[0\]\.protocols: http2 is not served by this release/)]);
});

test('--print shows a config that decodes to the same', () => {
  const { code, out } = check(SMALL, { print: true });
  expect(code).toBe(0);
  expect(decodeText('g.yaml', out.join('\n')).config).toEqual(decodeText(file, SMALL).config);
});

test('--json is for programs', () => {
  const { code, out } = check(SMALL.replace('90', '-1'), { json: true });
  expect(code).toBe(1);
  expect(JSON.parse(out.join('\n'))).toMatchObject({
    ok: false,
    problems: [{ file, line: expect.any(Number), path: expect.any(String) }],
    notices: [],
  });
});

test('--schema needs no file', () => {
  const out: string[] = [];
  expect(runCheck(undefined, { schema: true }, { out: (line) => out.push(line), err: () => undefined })).toBe(0);
  expect(JSON.parse(out.join('\n'))).toMatchObject({ type: 'object', required: ['listeners'] });
});

test('no file named', () => {
  const err: string[] = [];
  expect(runCheck(undefined, {}, { out: () => undefined, err: (line) => err.push(line) })).toBe(2);
  expect(err).toEqual(['error: sluice check needs a file or a directory, or - for standard input', 'Usage: sluice check [options] [path]']);
});
