import { describe, expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { printConfig } from '../../../src/config/print.ts';

function review(listener: string, endpoint: string, admin = '127.0.0.1:9901', trusted = '[]') {
  const text = `
listeners: [{ name: web, address: "${listener}", trustedProxies: ${trusted} }]
admin: { address: "${admin}", auth: { tokens: [{ name: a, role: admin, env: A }] } }
pools: { shop: { versions: { v1: { endpoints: ["10.0.0.1:80", "${endpoint}"] } } } }
routes: [{ name: all, pool: shop }]
`;
  const { problems, notices } = decodeText('f.yaml', text);
  return { problems: problems.map(({ message }) => message), notices: notices.map(({ message }) => message) };
}

describe('an endpoint that is a listener of this config', () => {
  test.each([
    ['127.0.0.1:8080', '127.0.0.1:8080'],
    [':8080', '127.0.0.1:8080'],
    [':8080', '[::1]:8080'],
    [':8080', 'localhost:8080'],
    ['0.0.0.0:8080', '127.0.0.5:8080'],
    ['0.0.0.0:8080', '[::ffff:127.0.0.1]:8080'],
    ['127.0.0.1:8080', '0.0.0.0:8080'],
    ['127.0.0.1:8080', 'localhost:8080'],
    ['10.0.0.7:8080', '10.0.0.7:8080'],
    ['unix:/run/a.sock', 'unix:/run/a.sock'],
  ])('%s %s', (listener, endpoint) => {
    const { problems, notices } = review(listener, endpoint);
    expect(problems).toEqual([]);
    expect(notices).toEqual([expect.stringContaining('is listener "web" of this config: requests would go round')]);
  });

  test.each([
    ['127.0.0.1:8080', '127.0.0.1:8081'],
    ['127.0.0.1:8080', '127.0.0.2:8080'],
    ['0.0.0.0:8080', '[::1]:8080'],
    ['10.0.0.7:8080', '127.0.0.1:8080'],
    [':8080', '10.0.0.7:8080'],
    ['unix:/run/a.sock', 'unix:/run/b.sock'],
    ['127.0.0.1:0', '127.0.0.1:8080'],
  ])('is none: %s %s', (listener, endpoint) => {
    expect(review(listener, endpoint).notices).toEqual([]);
  });

  test('the admin address is told apart', () => {
    expect(review(':8080', 'localhost:9901').notices).toEqual([
      'pools.shop.versions.v1.endpoints[1]: localhost:9901 is the admin address of this config: clients would reach the admin API',
    ]);
  });
});

function noticesOf(text: string): readonly string[] {
  const { problems, notices } = decodeText('f.yaml', text);
  expect(problems).toEqual([]);
  return notices.map(({ line, message }) => `${line}: ${message}`);
}

test('probes of an endpoint, and the address of our own probes', () => {
  const text = `listeners: [{ name: web, address: ":8080" }]
admin: { address: 127.0.0.1:9901, probes: { address: 127.0.0.1:9902 } }
pools:
  shop:
    health: { port: 9901 }
    versions: { v1: { endpoints: [127.0.0.1:9902, 10.0.0.1:80] } }
routes: [{ name: all, pool: shop }]
`;
  expect(noticesOf(text)).toEqual([
    '5: pools.shop.health.port: port 9901 of 127.0.0.1:9902 is the admin address of this config: probes would not ask the endpoint',
    '6: pools.shop.versions.v1.endpoints[0]: 127.0.0.1:9902 is admin.probes of this config: clients would reach probes and metrics',
  ]);
});

test('two versions, or a mirror and what it copies, with one endpoint', () => {
  const text = `listeners: [{ name: web, address: ":8080" }]
pools:
  shop:
    versions:
      v1: { endpoints: [127.0.0.1:9001, "unix:/run/a.sock"] }
      v2: { endpoints: [127.0.0.1:9002, "[::ffff:127.0.0.1]:9001", "unix:/run/a.sock"] }
    split: { v1: 90, v2: 10 }
    mirrors: [{ name: dark, pool: next }, { name: gray, pool: next, version: b }]
  next: { versions: { a: { endpoints: [127.0.0.1:9002] }, b: { endpoints: [127.0.0.1:9003] } }, split: { a: 1, b: 1 } }
routes: [{ name: all, pool: shop }]
`;
  const one = 'is an endpoint of version "v1" as well (line 5): the two versions are one there';
  expect(noticesOf(text)).toEqual([
    `6: pools.shop.versions.v2.endpoints[1]: [::ffff:7f00:1]:9001 ${one}`,
    `6: pools.shop.versions.v2.endpoints[2]: unix:/run/a.sock ${one}`,
    '8: pools.shop.mirrors[0].pool: 127.0.0.1:9002 is an endpoint of this pool as well: it would get requests and their copies',
  ]);
});

test.each([
  ['[]', ['web', 'other']],
  ['[{ name: a, pool: shop, listeners: [web] }]', ['other']],
  ['[{ name: a, pool: shop, listeners: [web] }, { name: b, respond: { status: 200 }, listeners: [other] }]', []],
  ['[{ name: a, pool: shop }]', []],
])('a listener that no route serves: %s', (routes, listeners) => {
  const text = `listeners: [{ name: web, address: ":8080" }, { name: other, address: ":8081" }]
pools: { shop: { versions: { v1: { endpoints: [127.0.0.1:9001] } } } }
routes: ${routes}
`;
  expect(noticesOf(text).filter((each) => each.includes('listener'))).toEqual(
    listeners.map((name) => expect.stringMatching(`no route serves listener "${name}": every request there gets 404`) as string),
  );
});

describe('trusted peers', () => {
  test('unix is for Unix sockets', () => {
    expect(review('unix:/run/a.sock', '10.0.0.2:80', undefined, '[unix]')).toEqual({ problems: [], notices: [] });
    expect(review(':8080', '10.0.0.2:80', undefined, '[unix]').problems).toEqual([
      'listeners[0].trustedProxies[0]: unix stands for the peers of a Unix socket, and listener "web" has a port: name their addresses',
    ]);
    expect(review('unix:/run/a.sock', '10.0.0.2:80', undefined, '[10.0.0.0/8]').notices).toEqual([
      'listeners[0].trustedProxies[0]: the peers of a Unix socket have no address: write unix to trust them',
    ]);
    expect(review(':8080', '10.0.0.2:80', undefined, '[unixx]').problems).toHaveLength(1);
  });
});

test.each([
  ['{ remove: [Via, CDN-Loop] }', 1],
  ['{ remove: [cdn-loop], set: { via: 1.1 edge } }', 1],
  ['{ remove: [via] }', 0],
  ['{ add: { via: a }, remove: [cdn-loop] }', 0],
])('a route that hides the way altogether: %s', (changes, count) => {
  const text = `
listeners: [{ name: web, address: ":8080" }]
pools: { shop: { versions: { v1: { endpoints: ["10.0.0.1:80"] } } } }
routes: [{ name: all, pool: shop, requestHeaders: ${changes} }]
`;
  const { problems, notices } = decodeText('f.yaml', text);
  expect([problems.length, notices.map(({ message }) => message)]).toEqual([
    0,
    Array.from({ length: count }, () => 'routes[0].requestHeaders: without via and cdn-loop a loop of proxies is not noticed'),
  ]);
});

test('the mode of a Unix socket of the admin API', () => {
  const admin = (written: string) => decodeText('f.yaml', `listeners: [{ name: web, address: ":8080" }]\nadmin: ${written}\n`);
  const { config } = admin('{ address: "unix:/run/a.sock", mode: "0620", probes: { address: "unix:/run/b.sock", mode: "666" } }');
  expect([config?.admin.mode, config?.admin.probesMode]).toEqual([0o620, 0o666]);
  expect(config && printConfig(config)).toMatch(/^admin:\n {2}address: unix:\/run\/a\.sock\n {2}mode: "0620"/m);
  expect(config && decodeText('g.yaml', printConfig(config)).config?.admin).toEqual(config?.admin);
  expect(admin('{ mode: "0620", probes: { address: ":9902", mode: "0666" } }').problems.map(({ message }) => message)).toEqual([
    'admin.mode: mode is for addresses of the form unix:/path',
    'admin.probes.mode: mode is for addresses of the form unix:/path',
  ]);
});

test.each([
  ['[.]', 'admin.files[0]: the folder holds the config file itself: name a folder that does not'],
  ['[logs, ..]', 'admin.files[1]: the folder holds the config file itself: name a folder that does not'],
  ['[/]', 'admin.files[0]: the folder holds the config file itself: name a folder that does not'],
  ['[./state/new]', 'admin.files[0]: the folder holds state.dir, or is in it: name another one'],
  ['[logs, /var/lib/sluice/files]', undefined],
])('folders that the file opens: %s', (files, told) => {
  const { config, problems } = decodeText(
    '/etc/sluice/a.yaml',
    `listeners: [{ name: web, address: ":8080" }]\nadmin: { files: ${files} }\n`,
  );
  expect(problems.map(({ message }) => message)).toEqual(told === undefined ? [] : [told]);
  if (told === undefined) expect(config?.admin.files).toEqual(['/etc/sluice/logs', '/var/lib/sluice/files']);
});
