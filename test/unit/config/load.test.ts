import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { SMALL } from './good.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-load-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function findings(path: string): string[] {
  return loadConfig(path).problems.map(
    ({ file, line, column, message }) => `${file.replace(folder, '')}:${line}:${column}: ${message.replaceAll(folder, '')}`,
  );
}

const LISTENERS = 'listeners:\n  - { name: web, address: 127.0.0.1:8080 }\n';
const POOLS = 'pools:\n  shop: { versions: { v1: { endpoints: [127.0.0.1:9001] } } }\n';
const ROUTES = 'routes:\n  - { name: shop, pool: shop }\n';

test('a file', () => {
  const { config, files } = loadConfig(write('a.yaml', SMALL));
  expect(config?.state.dir).toBe(join(folder, 'state'));
  expect(files).toEqual([join(folder, 'a.yaml')]);
});

test('a directory is one config, in the order of names', () => {
  write('10-listeners.yaml', LISTENERS);
  write('20-shop.yml', POOLS + ROUTES);
  write(
    '30-cart.yaml',
    `pools:\n  cart: { versions: { v1: { endpoints: [127.0.0.1:9002] } } }\nroutes:\n  - { name: cart, pool: cart, hosts: [cart.example.com] }\n`,
  );
  write('notes.txt', 'not YAML: [');
  write('.hidden.yaml', 'not YAML: [');
  const { config, problems, files } = loadConfig(folder);
  expect(problems).toEqual([]);
  expect(config?.pools.map(({ name }) => name)).toEqual(['shop', 'cart']);
  expect(config?.routes.map(({ name }) => name)).toEqual(['shop', 'cart']);
  expect(config?.state.dir).toBe(join(folder, 'state'));
  expect(files).toHaveLength(3);
});

test('Problems in a directory name the right file and line', () => {
  write('a.yaml', LISTENERS + POOLS + ROUTES);
  write('b.yaml', 'pools:\n  cart: { versions: { v1: { endpoints: [5] } } }\nroutes:\n  - { name: cart, pool: crt, hosts: [a b] }\n');
  expect(findings(folder)).toEqual([
    '/b.yaml:2:41: pools.cart.versions.v1.endpoints[0]: endpoint must be an address or a map with an address, got 5 (write 127.0.0.1:5)',
    '/b.yaml:4:25: routes[0].pool: there is no pool "crt" (did you mean "cart"? there are shop, cart)',
    '/b.yaml:4:38: routes[0].hosts[0]: host must be a DNS name, an IP address or *.name, got "a b"',
  ]);
});

test('rules look across files', () => {
  write('a.yaml', LISTENERS + ROUTES);
  write('b.yaml', POOLS.replace('shop', 'shop2'));
  expect(findings(folder)).toEqual(['/a.yaml:4:25: routes[0].pool: there is no pool "shop" (did you mean "shop2"?)']);
});

test('what two files define is told with both places', () => {
  write('a.yaml', `${LISTENERS}${POOLS}${ROUTES}workers: 1\n`);
  write('b.yaml', `${LISTENERS}${POOLS}${ROUTES}workers: 2\n`);
  expect(findings(folder)).toEqual([
    '/b.yaml:2:13: listeners[0].name: name "web" is already taken at /a.yaml:2',
    '/b.yaml:2:27: listeners[0].address: address "127.0.0.1:8080" is already taken at /a.yaml:2',
    '/b.yaml:4:3: pool "shop" is already defined at /a.yaml:4:3',
    '/b.yaml:6:13: routes[0].name: name "shop" is already taken at /a.yaml:6',
    '/b.yaml:7:1: key "workers" is already defined at /a.yaml:7:1',
  ]);
});

test('a list in one file and a map in another', () => {
  write('a.yaml', LISTENERS + POOLS);
  write('b.yaml', 'routes: {}\n');
  write('c.yaml', ROUTES);
  expect(findings(folder)[0]).toContain('/b.yaml:1:9: routes: must be a list, got an empty map');
  expect(loadConfig(folder).config).toBeUndefined();
});

test('a config that Kubernetes mounts: links to a hidden directory', () => {
  mkdirSync(join(folder, '..2026'));
  write('..2026/sluice.yaml', SMALL);
  symlinkSync('..2026', join(folder, '..data'));
  symlinkSync('..data/sluice.yaml', join(folder, 'sluice.yaml'));
  expect(loadConfig(folder).files).toEqual([join(folder, 'sluice.yaml')]);
  expect(loadConfig(folder).problems).toEqual([]);
});

test('what cannot be read is a Problem', () => {
  expect(findings(join(folder, 'none.yaml'))).toEqual(['/none.yaml:1:1: there is no such file or directory']);
  expect(findings(folder)).toEqual([':1:1: the directory has no *.yaml or *.yml file']);
  expect(findings('/dev/zero')).toEqual(['/dev/zero:1:1: this is neither a file nor a pipe']);
  expect(findings(write('bytes.yaml', Uint8Array.of(0x61, 0xff, 0xfe)))).toEqual(['/bytes.yaml:1:1: the file is not UTF-8 text']);
  expect(findings(write('empty.yaml', ''))).toEqual(['/empty.yaml:1:1: the file is empty: it needs at least listeners']);
  expect(findings(folder)).toContain('/bytes.yaml:1:1: the file is not UTF-8 text');
});

test('a byte order mark is no part of the first key', () => {
  expect(findings(write('bom.yaml', `\ufeff${SMALL}`))).toEqual([]);
});

const TOKENS = 'admin: { auth: { tokens: [{ name: see, role: viewer, env: SEE }, { name: ops, role: admin, env: OPS }] } }\n';

test.each<[string | undefined, string | undefined]>([
  [undefined, 'it is missing or empty'],
  ['', 'it is missing or empty'],
  ['x'.repeat(15), 'it is shorter than 16 characters'],
  ['x'.repeat(5_000), 'it is longer than 4096 characters'],
  ['a secret with blanks', 'it has blanks, line ends or characters other than printable ASCII'],
  ['x'.repeat(16), undefined],
])('a variable of a token that holds %.20j', (secret, fault) => {
  vi.stubEnv('SEE', 'x'.repeat(32));
  vi.stubEnv('OPS', secret);
  const { config, notices } = loadConfig(write('a.yaml', SMALL + TOKENS));
  expect(config).toBeDefined();
  expect(notices.map(({ line, column, message }) => `${line}:${column}: ${message}`)).toEqual(
    fault === undefined
      ? []
      : [
          '11:97: admin.auth.tokens[1].env: as things are here, nobody could change anything by the admin API: the token ops is read from ' +
            `the variable OPS, and ${fault}: set OPS to a secret of at least 16 characters, and start again`,
        ],
  );
  vi.unstubAllEnvs();
});

test('a file of a token is looked at, and viewers alone lock nobody out', () => {
  const of = (tokens: string) => loadConfig(write('a.yaml', `${SMALL}admin: { auth: { tokens: [${tokens}] } }\n`)).notices;
  write('good', `${'x'.repeat(20)}\n`);
  expect(of('{ name: ops, role: operator, file: none }')[0]?.message).toMatch(
    /the file .*none, and it is missing or empty: write a secret /,
  );
  symlinkSync('self', join(folder, 'self'));
  expect(of('{ name: ops, role: operator, file: self }')[0]?.message).toContain('it is missing or empty');
  expect(of('{ name: ops, role: operator, file: good }')).toEqual([]);
  expect(of('{ name: ops, role: operator, file: good }, { name: b, role: admin, env: SLUICE_NONE }')).toEqual([]);
  expect(of('{ name: see, role: viewer, env: SLUICE_NONE }')).toEqual([]);
});
