import { expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { printConfig } from '../../../src/config/print.ts';
import { jsonSchema } from '../../../src/config/schema/root.ts';
import { SMALL, COMPLETE, servedOnly } from './good.ts';

test('every key of the grammar parses; what is not served is refused by name', () => {
  expect(decodeText('f.yaml', COMPLETE).problems.map(({ path }) => path)).toEqual([]);
  expect(decodeText('f.yaml', servedOnly(COMPLETE)).problems).toEqual([]);
});

test('defaults are filled in', () => {
  const { config, problems, notices } = decodeText('/etc/sluice/f.yaml', SMALL);
  expect([...problems, ...notices]).toEqual([]);
  expect(config).toEqual({
    listeners: [
      {
        name: 'web',
        address: { kind: 'tcp', host: '127.0.0.1', port: 8080 },
        tls: undefined,
        protocols: ['http1', 'http2'],
        trustedProxies: [],
        proxyProtocol: false,
        connect: [],
        limits: {
          headerBytes: 16_384,
          headerCount: 100,
          requestLineBytes: 8_192,
          headerTimeoutMs: 10_000,
          idleTimeoutMs: 60_000,
          requestsPerConnection: 0,
          streams: 100,
          tunnels: 10_000,
          connections: 10_000,
          bodyBytes: 0,
        },
      },
    ],
    admin: {
      address: { kind: 'tcp', host: '127.0.0.1', port: 9901 },
      hosts: [],
      probesAddress: undefined,
      files: [],
      tokens: [],
      limits: { writesPerSecond: 500 },
    },
    workers: 0,
    state: { dir: '/etc/sluice/state', whenLost: 'serve' },
    drain: { delayMs: 0, timeoutMs: 30_000 },
    overload: { memoryBytes: 'auto' },
    accessLog: undefined,
    pools: [
      {
        name: 'shop',
        versions: [version('v1', 9001), version('v2', 9002)],
        split: { v1: 90, v2: 10 },
        affinity: undefined,
        overrides: [],
        mirrors: [],
        balancer: 'least-request',
        health: undefined,
        outlier: {
          consecutive: 5,
          consecutiveGateway: 0,
          failureShare: 0,
          minRequests: 50,
          intervalMs: 10_000,
          ejectionMs: 30_000,
          maxEjected: 0.5,
        },
        limits: { connections: 1024, streams: 100, pending: 1024, requests: 0, adaptive: false, headerBytes: 32_768, headerCount: 200 },
        slowStartMs: 0,
        canary: undefined,
        zones: [],
        panic: 0,
        holdMs: 0,
        drainTimeoutMs: 0,
        timeouts: { connectMs: 1_000, responseMs: 15_000, stallMs: 300_000, idleMs: 60_000, tunnelMs: 3_600_000 },
        retries: { attempts: 1, on: ['connect-failure', 'reset', 'refused-stream'], perTryMs: 0, budget: 0.2, acrossVersions: false },
        fallback: { whenNoneReady: 'split' },
      },
    ],
    routes: [
      {
        name: 'shop',
        listeners: [],
        hosts: [],
        match: [{ path: { kind: 'prefix', path: '/' }, methods: [], headers: [], query: [] }],
        action: { kind: 'pool', pool: 'shop', version: undefined },
        timeoutMs: 0,
        rewrite: { host: undefined, path: undefined, location: false },
        requestHeaders: { set: [], add: [], remove: [] },
        responseHeaders: { set: [], add: [], remove: [] },
      },
    ],
    rollouts: [],
  });
});

function version(name: string, port: number): object {
  const address = { kind: 'tcp', host: '127.0.0.1', port };
  return {
    name,
    endpoints: [{ address, key: `127.0.0.1:${port}`, weight: 1, zone: undefined, drain: false }],
    tls: undefined,
    protocol: 'http1',
    proxyProtocol: undefined,
    dns: { refreshMs: 5_000, servers: [] },
    endpointsFile: undefined,
    drain: false,
    slowStartMs: 0,
    salt: '',
  };
}

test('every version has a weight, and a sole version needs no split', () => {
  const without = (text: string): unknown => decodeText('f.yaml', text).config?.pools[0]?.split;
  expect(without(SMALL.replace('v1: 90, v2: 10', 'v2: 1'))).toEqual({ v1: 0, v2: 1 });
  expect(without(SMALL.replace(/ {6}v2: .*\n {4}split.*\n/, ''))).toEqual({ v1: 1 });
});

test('hosts and header names are lower case, addresses canonical', () => {
  const text = SMALL.replace('pool: shop }', 'pool: shop, hosts: ["*.Example.COM", "[0::1]"], match: [{ headers: { X-A: b } }] }');
  const route = decodeText('f.yaml', text.replace('127.0.0.1:9001', '"[0:0::1]:80"')).config;
  expect(route?.routes[0]?.hosts).toEqual(['*.example.com', '[::1]']);
  expect(route?.routes[0]?.match[0]?.headers).toEqual([{ name: 'x-a', value: { kind: 'exact', value: 'b' } }]);
  expect(route?.pools[0]?.versions[0]?.endpoints[0]?.key).toBe('[::1]:80');
});

test('an own cookie is named after its pool', () => {
  const text = SMALL.replace('    split:', '    affinity: { cookie: {} }\n    split:');
  expect(decodeText('f.yaml', text).config?.pools[0]?.affinity).toEqual({
    kind: 'cookie',
    name: 'sluice-shop',
    own: true,
    maxAgeMs: 86_400_000,
    path: '/',
    sameSite: 'lax',
    secure: 'auto',
    domain: undefined,
    partitioned: false,
    remember: undefined,
  });
});

test.each([
  ['{ header: X-User, remember: 2h }', { timeMs: 7_200_000, quietMs: 1_800_000, users: 65_536 }],
  ['{ cookie: {}, remember: 10m }', { timeMs: 600_000, quietMs: 600_000, users: 65_536 }],
  ['{ clientIp: {}, remember: { time: 1h, quiet: 90m, users: 1000 } }', { timeMs: 3_600_000, quietMs: 5_400_000, users: 1000 }],
  ['{ cookie: { name: sid, own: false }, remember: { time: 1s } }', { timeMs: 1000, quietMs: 1000, users: 65_536 }],
])('affinity %s remembers, and is printed so that it decodes to the same', (affinity, remember) => {
  const { config, problems } = decodeText('f.yaml', SMALL.replace('    split:', `    affinity: ${affinity}\n    split:`));
  expect(problems).toEqual([]);
  expect(config?.pools[0]?.affinity?.remember).toEqual(remember);
  expect(decodeText('g.yaml', printConfig(config!)).config?.pools[0]?.affinity).toEqual(config!.pools[0]!.affinity);
});

test('a mirror has defaults, and is printed so that it decodes to the same', () => {
  const whole = `{ name: b, pool: shop, version: v1, fraction: 1/3, sample: request, sideEffects: allow, onAbort: finish, timeout: 2s,
      match: { methods: [POST], paths: [{ prefix: /a }, { exact: /b }], headers: { X-A: b } }, rewrite: { host: "c:80" },
      limits: { connections: 1, requests: 2, lag: 4KiB, response: 64KiB }, requestHeaders: { set: { x: y }, remove: [z] } }`;
  const { config, problems } = decodeText(
    'f.yaml',
    SMALL.replace('    split:', `    mirrors: [{ name: a, version: v2 }, ${whole}]\n    split:`),
  );
  expect(problems).toEqual([]);
  const nothing = { set: [], add: [], remove: [] };
  expect(config?.pools[0]?.mirrors).toEqual([
    {
      name: 'a',
      pool: undefined,
      version: 'v2',
      percent: 100,
      fraction: undefined,
      sample: 'session',
      match: { methods: [], paths: [], headers: [] },
      sideEffects: 'forbid',
      onAbort: 'cancel',
      timeoutMs: 15_000,
      limits: { connections: 64, requests: 256, lagBytes: 1_048_576, responseBytes: 1_048_576 },
      requestHeaders: nothing,
      rewrite: { host: undefined },
    },
    {
      name: 'b',
      pool: 'shop',
      version: 'v1',
      percent: 100 / 3,
      fraction: '1/3',
      sample: 'request',
      match: {
        methods: ['POST'],
        paths: [
          { kind: 'prefix', path: '/a' },
          { kind: 'exact', path: '/b' },
        ],
        headers: [{ name: 'x-a', value: { kind: 'exact', value: 'b' } }],
      },
      sideEffects: 'allow',
      onAbort: 'finish',
      timeoutMs: 2_000,
      limits: { connections: 1, requests: 2, lagBytes: 4_096, responseBytes: 65_536 },
      requestHeaders: { ...nothing, set: [['x', 'y']], remove: ['z'] },
      rewrite: { host: 'c:80' },
    },
  ]);
  expect(decodeText('g.yaml', printConfig(config!)).config?.pools[0]?.mirrors).toEqual(config!.pools[0]!.mirrors);
});

const COMPARED = {
  headers: ['content-type'],
  ignore: [],
  lists: [],
  numbers: [],
  redact: [],
  examples: 'shapes',
  bodyBytes: 262_144,
  perTemplate: 1000,
  noisePercent: 100,
  verdict: { minRequests: 1000, maxDifferences: 0.001, maxFailures: 0.001 },
};
const WHOLE_COMPARE = `{ headers: [Content-Type, ETag], ignore: ["$.requestId", "**.updatedAt"],
      lists: [{ path: items, as: sorted, by: id }, { path: tags, as: set }], redact: ["customer.email"], examples: values, body: 1MiB,
      numbers: [{ path: "$.price", absolute: 0.01 }, { path: "**.score", relative: 1% }], perTemplate: 5, noise: { percent: 25% },
      verdict: { minRequests: 50, maxDifferences: 1%, maxFailures: 0.02 } }`;

test.each([
  ['', undefined],
  [', compare: {}', COMPARED],
  [', compare: { noise: off }', { ...COMPARED, noisePercent: 0 }],
  [', compare: { noise: {} }, limits: { response: 3KiB }', { ...COMPARED, bodyBytes: 3_072 }],
  [', compare: { headers: [], noise: { percent: 0 } }', { ...COMPARED, headers: [], noisePercent: 0 }],
  [
    `, compare: ${WHOLE_COMPARE}`,
    {
      headers: ['content-type', 'etag'],
      ignore: ['$.requestId', '**.updatedAt'],
      lists: [
        { path: 'items', as: 'sorted', by: 'id' },
        { path: 'tags', as: 'set', by: undefined },
      ],
      numbers: [
        { path: '$.price', absolute: 0.01, relative: 0 },
        { path: '**.score', absolute: 0, relative: 0.01 },
      ],
      redact: ['customer.email'],
      examples: 'values',
      bodyBytes: 1_048_576,
      perTemplate: 5,
      noisePercent: 25,
      verdict: { minRequests: 50, maxDifferences: 0.01, maxFailures: 0.02 },
    },
  ],
])('a mirror with "%s" compares so, and is printed so that it decodes to the same', (written, compare) => {
  const { config, problems, notices } = decodeText(
    'f.yaml',
    SMALL.replace('    split:', `    mirrors: [{ name: a, version: v2${written} }]\n    split:`),
  );
  expect([...problems, ...notices]).toEqual([]);
  expect(config?.pools[0]?.mirrors[0]?.compare).toStrictEqual(compare);
  const again = decodeText('g.yaml', printConfig(config!));
  expect(again.config?.pools[0]?.mirrors[0]).toStrictEqual(config!.pools[0]!.mirrors[0]);
});

test('names of built-in properties are names like others', () => {
  const text = SMALL.replaceAll('v1', 'constructor').replaceAll('v2', 'toString');
  const { config, problems } = decodeText('f.yaml', text);
  expect(problems).toEqual([]);
  expect(Object.entries(config?.pools[0]?.split ?? {})).toEqual([
    ['constructor', 90],
    ['toString', 10],
  ]);
  const split = SMALL.replace('split: { v1: 90, v2: 10 }', 'split: { v1: 90, toString: 10 }');
  expect(decodeText('f.yaml', split).problems.map(({ path }) => path)).toEqual(['pools.shop.split.toString']);
});

test('JSON is YAML too', () => {
  const config = decodeText('f.yaml', SMALL).config;
  expect(decodeText('f.yaml', JSON.stringify({ listeners: [{ name: 'web', address: '127.0.0.1:8080' }] })).problems).toEqual([]);
  expect(config).toBeDefined();
});

test('file names are relative to the file that names them', () => {
  const text = `${SMALL}state: { dir: ../state }\naccessLog: { path: logs/access.log, sample: 10% }\n`;
  const { config } = decodeText('/etc/sluice/f.yaml', text);
  expect(config?.state.dir).toBe('/etc/state');
  expect(config?.accessLog).toEqual({ path: '/etc/sluice/logs/access.log', sample: 0.1 });
  expect(decodeText('/etc/f.yaml', `${SMALL}accessLog: {}\nstate: memory\n`).config).toMatchObject({
    accessLog: { path: 'stdout' },
    state: {},
  });
});

test.each([
  ['auto', 'auto'],
  ['off', 0],
  ['512MiB', 512 * 1024 ** 2],
  ['100000000', 100_000_000],
])('a memory limit of %s is %j', (written, memoryBytes) => {
  expect(decodeText('f.yaml', `${SMALL}overload: { memory: ${written} }\n`).config?.overload).toEqual({ memoryBytes });
});

test('what is printed decodes to the same Config', () => {
  const { config } = decodeText('/etc/sluice/f.yaml', servedOnly(COMPLETE));
  expect(config).toBeDefined();
  if (config === undefined) return;
  const printed = printConfig(config);
  expect(decodeText('/elsewhere/g.yaml', printed).config).toEqual(config);
  expect(printed).toContain('requestLine: 8KiB');
});

test('the JSON Schema describes every key', () => {
  const undescribed: string[] = [];
  walk(jsonSchema(), '', undescribed);
  expect(undescribed).toEqual([]);
  expect(JSON.stringify(jsonSchema())).toContain('"default":"16KiB"');
});

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly description?: string;
}

function walk(node: unknown, path: string, undescribed: string[]): void {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, property] of Object.entries((node as SchemaNode).properties ?? {})) {
    if (property.description === undefined) undescribed.push(`${path}.${key}`);
  }
  for (const [key, inner] of Object.entries(node)) walk(inner, `${path}/${key}`, undescribed);
}

test('weights as percents', () => {
  const { config, problems } = decodeText('f.yaml', SMALL.replace('v1: 90, v2: 10', 'v1: 99.5%, v2: 0.5%'));
  expect(problems).toEqual([]);
  expect(config?.pools[0]?.split).toEqual({ v1: 99.5, v2: 0.5 });
  expect(decodeText('f.yaml', SMALL.replace('v1: 90, v2: 10', 'v1: 100%, v2: 0')).config?.pools[0]?.split).toEqual({ v1: 100, v2: 0 });
});
