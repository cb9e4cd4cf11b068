import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCheck } from '../../../src/cli/check.ts';
import { MAX_ENDPOINT_FILE_BYTES, MAX_ENDPOINTS, decodeEndpoints } from '../../../src/config/endpoint-file.ts';
import { loadEndpoints } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problem.ts';

const EXAMPLE = join(import.meta.dirname, '../../../config/discovery.yaml');

function problems(text: string): string[] {
  return decodeEndpoints('e.yaml', text).problems.map(formatProblem);
}

test('YAML and JSON, short and full form, are the same', () => {
  const yaml = '- 10.0.0.1:80\n- { address: app.test:81, weight: 2, zone: east, drain: true }\n- srv:_http._tcp.app.test\n';
  const json = '["10.0.0.1:80",{"address":"app.test:81","weight":2,"zone":"east","drain":true},"srv:_http._tcp.app.test"]';
  const decoded = decodeEndpoints('e.yaml', yaml);
  expect(decoded.problems).toEqual([]);
  expect(decoded.endpoints!.map(({ key, weight, zone, drain }) => [key, weight, zone, drain])).toEqual([
    ['10.0.0.1:80', 1, undefined, false],
    ['app.test:81', 2, 'east', true],
    ['srv:_http._tcp.app.test', 1, undefined, false],
  ]);
  expect(decodeEndpoints('e.json', json)).toEqual(decoded);
});

test('an empty list is as good as any; an empty file is not', () => {
  expect(decodeEndpoints('e.yaml', '[]')).toEqual({ endpoints: [], problems: [] });
  expect(problems('# nothing yet\n')).toEqual(['e.yaml:1:1: the file is empty: write [] for an empty list']);
});

test.each([
  ['shop: [10.0.0.1:80]', 'e.yaml:1:1: the file must be a list'],
  ['just text', 'e.yaml:1:1: the file must be a list'],
  ['- 10.0.0.1:80\n- { addres: 10.0.0.2:80 }', 'e.yaml:2:5: endpoints[1]: unknown key "addres"'],
  ['- 10.0.0.1', 'e.yaml:1:3: endpoints[0]: address must look like'],
  ['- 10.0.0.1:80\n- 10.0.0.2:80\n- 10.0.0.1:80', 'e.yaml:3:3: endpoints[2]: endpoint "10.0.0.1:80" is already taken at line 1'],
  ['- { address: 10.0.0.1:80, weight: -1 }', 'e.yaml:1:35: endpoints[0].weight: weight must be a non-negative number, got -1'],
  ['["10.0.0.1:80", "10.0', 'e.yaml:1:17: not valid YAML'],
  ['- { address: 10.0.0.1:80, __proto__: 1 }', 'e.yaml:1:27: endpoints[0]: the key "__proto__" is not allowed'],
])('%j is refused with its place', (text, expected) => {
  const found = problems(text);
  expect(
    found.some((each) => each.startsWith(expected)),
    found.join(' | '),
  ).toBe(true);
});

test('the number of endpoints and of Problems is bounded', () => {
  const many = (count: number, entry: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => `- ${entry(index)}\n`).join('');
  const distinct = (index: number): string => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:80`;
  expect(decodeEndpoints('e.yaml', many(MAX_ENDPOINTS, distinct)).endpoints).toHaveLength(MAX_ENDPOINTS);
  expect(problems(many(MAX_ENDPOINTS + 1, distinct))).toEqual(['e.yaml:1:1: endpoints: 10000 endpoints at most, got 10001']);
  expect(problems(many(MAX_ENDPOINTS, () => 'nonsense')).length).toBeLessThanOrEqual(1000);
});

test('what cannot be read is a Problem of the file, and nothing is waited for', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-endpoints-'));
  const at = (name: string): string => join(dir, name);
  const messages = (name: string): readonly string[] => loadEndpoints(at(name)).problems.map(({ message }) => message);
  try {
    expect(messages('none')).toEqual(['there is no such file or directory']);
    mkdirSync(at('folder'));
    expect(messages('folder')).toEqual(['this is not a file']);
    execFileSync('mkfifo', [at('pipe')]);
    expect(messages('pipe')).toEqual(['this is not a file']);
    writeFileSync(at('large'), `[] #${'x'.repeat(MAX_ENDPOINT_FILE_BYTES)}`);
    expect(messages('large')).toEqual(['the file is larger than 1 MiB']);
    writeFileSync(at('binary'), Buffer.from([0xff, 0xfe, 0xfd]));
    expect(messages('binary')).toEqual(['the file is not UTF-8 text']);
    writeFileSync(at('good'), '[10.0.0.1:80]');
    expect(loadEndpoints(at('good')).endpoints).toHaveLength(1);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('`sluice check` reads endpoint files: what is wrong with them is a notice', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-endpoints-'));
  const check = async (path: string): Promise<{ code: number; lines: string[] }> => {
    const lines: string[] = [];
    const output = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) };
    return { code: await runCheck(path, {}, output, () => Promise.resolve(undefined)), lines };
  };
  try {
    const config = readFileSync(EXAMPLE, 'utf8');
    writeFileSync(join(dir, 'discovery.yaml'), config);
    mkdirSync(join(dir, 'endpoints'));
    writeFileSync(join(dir, 'endpoints', 'shop.yaml'), '- 10.0.0.1:80\n- 10.0.0.2\n');
    const { code, lines } = await check(join(dir, 'discovery.yaml'));
    expect(code).toBe(0);
    expect(lines[0]).toContain(`${join(dir, 'endpoints', 'shop.yaml')}:2:3: notice: endpoints[1]: address must look like`);
    expect((await check(EXAMPLE)).lines).toEqual([`${EXAMPLE}: ok (1 pool, 1 route)`]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
