import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCheck } from '../../../src/cli/check.ts';
import type { CheckOptions } from '../../../src/cli/check.ts';
import { decodeText } from '../../../src/config/decode.ts';
import { tlsFaultOf } from '../../../src/control/certificates/tls-files.ts';
import { SMALL } from '../config/good.ts';

let folder = '';
let file = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-check-'));
  file = join(folder, 'f.yaml');
});

afterEach(() => rmSync(folder, { recursive: true }));

async function check(text: string, options: CheckOptions = {}): Promise<{ code: number; out: string[]; err: string[] }> {
  writeFileSync(file, text);
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCheck(file, options, { out: (line) => out.push(line), err: (line) => err.push(line) }, tlsFaultOf);
  return { code, out, err };
}

test('a good config', async () => {
  expect(await check(SMALL)).toEqual({ code: 0, out: [`${file}: ok (1 pool, 1 route)`], err: [] });
});

test('a Problem is F:line:col: message, and the exit code 1', async () => {
  expect(await check(SMALL.replace('pool: shop', 'pool: shp'))).toEqual({
    code: 1,
    out: [],
    err: [`${file}:10:25: routes[0].pool: there is no pool "shp" (did you mean "shop"?)`],
  });
});

test('a notice does not fail the check', async () => {
  const { code, err } = await check(SMALL.replace('[127.0.0.1:9002]', '[127.0.0.1:9001]'));
  expect(code).toBe(0);
  expect(err).toEqual([
    expect.stringMatching(/:7:\d+: notice: pools\.shop\.versions\.v2\.endpoints\[0\]: .* is an endpoint of version "v1" as well/),
  ]);
});

test('a certificate that a start would refuse is a Problem at its place', async () => {
  const tls = 'tls: { certificates: [{ certFile: nope.pem, keyFile: nope.key }] }';
  const { code, out, err } = await check(SMALL.replace('127.0.0.1:8080', `127.0.0.1:8080, ${tls}`));
  expect({ code, out }).toEqual({ code: 1, out: [] });
  expect(err).toEqual([
    expect.stringMatching(/f\.yaml:2:\d+: listeners\[0\]\.tls\.certificates\[0\]\.certFile: \/.*\/nope\.pem is not there$/),
  ]);
});

test('--print shows a config that decodes to the same', async () => {
  const { code, out } = await check(SMALL, { print: true });
  expect(code).toBe(0);
  expect(decodeText('g.yaml', out.join('\n')).config).toEqual(decodeText(file, SMALL).config);
});

test('--json is for programs', async () => {
  const { code, out } = await check(SMALL.replace('90', '-1'), { json: true });
  expect(code).toBe(1);
  expect(JSON.parse(out.join('\n'))).toMatchObject({
    ok: false,
    problems: [{ file, line: expect.any(Number), path: expect.any(String) }],
    notices: [],
  });
});

test('--schema needs no file', async () => {
  const out: string[] = [];
  expect(await runCheck(undefined, { schema: true }, { out: (line) => out.push(line), err: () => undefined }, tlsFaultOf)).toBe(0);
  expect(JSON.parse(out.join('\n'))).toMatchObject({ type: 'object', required: ['listeners'] });
});

test('no file named', async () => {
  const err: string[] = [];
  expect(await runCheck(undefined, {}, { out: () => undefined, err: (line) => err.push(line) }, tlsFaultOf)).toBe(2);
  expect(err).toEqual(['error: sluice check needs a file or a directory, or - for standard input', 'Usage: sluice check [options] [path]']);
});
