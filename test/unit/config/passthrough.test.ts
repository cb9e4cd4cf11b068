import { expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { printConfig } from '../../../src/config/print.ts';

const POOLS = `pools:
  db: { versions: { v1: { endpoints: [127.0.0.1:9001] } } }
  web: { versions: { v1: { endpoints: [127.0.0.1:9002] } } }
`;

/** A listener with these keys, and a second one, which serves requests. */
function written(keys: string, pools = POOLS, more = ''): string {
  return `listeners:
  - { name: tcp, address: 127.0.0.1:5432, ${keys} }
  - { name: http, address: 127.0.0.1:8080 }
${pools}routes: [{ name: web, pool: web }]
${more}`;
}

function findings(text: string, kind: 'problems' | 'notices' = 'problems'): string[] {
  return decodeText('f.yaml', text)[kind].map(({ message }) => message);
}

test('what is written is what is meant, and is printed so', () => {
  const whole = decodeText('f.yaml', written('passthrough: { pool: db }'));
  expect(whole.problems).toEqual([]);
  expect(whole.notices).toEqual([]);
  expect(whole.config!.listeners[0]!.passthrough).toEqual({ kind: 'whole', pool: 'db' });
  const sni = 'passthrough: { sni: { DB.example.com.: db, "*.example.com": web }, otherwise: web }';
  const { config, problems } = decodeText('f.yaml', written(sni));
  expect(problems).toEqual([]);
  const names = [
    { name: 'db.example.com', pool: 'db' },
    { name: '*.example.com', pool: 'web' },
  ];
  expect(config!.listeners[0]!.passthrough).toEqual({ kind: 'sni', names, otherwise: 'web' });
  expect(config!.listeners[1]!.passthrough).toBeUndefined();
  const again = decodeText('again.yaml', printConfig(config!));
  expect(again.problems).toEqual([]);
  expect(again.notices).toEqual([]);
  expect(again.config).toEqual(config);
});

test.each<[string, string[]]>([
  ['passthrough: {}', ['listeners[0].passthrough: passthrough needs exactly one of pool or sni, got none']],
  ['passthrough: db', ['listeners[0].passthrough: must be a map, got "db"']],
  [
    'passthrough: { pool: db, sni: { a.test: db } }',
    ['listeners[0].passthrough: passthrough needs exactly one of pool or sni, got pool and sni'],
  ],
  ['passthrough: { pool: db, otherwise: web }', ['listeners[0].passthrough.otherwise: otherwise is for sni: pool takes every connection']],
  ['passthrough: { sni: {} }', ['listeners[0].passthrough.sni: sni needs at least one name']],
  [
    'passthrough: { sni: [a.test] }',
    [
      'listeners[0].passthrough.sni: must be a map of pools by the name that a client asks for, got a list (a map has no "- " before its keys)',
    ],
  ],
  [
    'passthrough: { sni: { "*": db, 10.0.0.1: db, "a b": db, "a.*.test": db, a.test:443: db } }',
    [
      'listeners[0].passthrough.sni["*"]: name "*" is not needed: write otherwise: POOL for all other names',
      'listeners[0].passthrough.sni["10.0.0.1"]: clients ask for a name, never for an address (RFC 6066, section 3), got "10.0.0.1"',
      'listeners[0].passthrough.sni["a b"]: host must be a DNS name, an IP address or *.name, got "a b"',
      'listeners[0].passthrough.sni["a.*.test"]: a wildcard may only stand as the first label, such as *.example.com, got "a.*.test"',
      'listeners[0].passthrough.sni["a.test:443"]: host must be without port, got "a.test:443"',
    ],
  ],
  ['passthrough: { sni: { A.test: db, a.test: web } }', ['listeners[0].passthrough.sni["a.test"]: "a.test" is the name "A.test" again']],
  ['passthrough: { pool: d }', ['listeners[0].passthrough.pool: there is no pool "d" (did you mean "db"? there are db, web)']],
  [
    'passthrough: { sni: { A.test: dd, b.test: db }, otherwise: wep }',
    [
      'listeners[0].passthrough.sni["A.test"]: there is no pool "dd" (did you mean "db"? there are db, web)',
      'listeners[0].passthrough.otherwise: there is no pool "wep" (did you mean "web"? there are db, web)',
    ],
  ],
  [
    'passthrough: { pool: db }, tls: { certificates: [{ certFile: a.pem, keyFile: a.key }] }, protocols: [http1]',
    [
      'listeners[0].tls: listener "tcp" passes connections through, so no TLS ends there',
      'listeners[0].protocols: listener "tcp" passes connections through, whatever they speak',
    ],
  ],
  [
    'passthrough: { pool: db }, connect: [{ authority: "db.test:5432", pool: db }]',
    ['listeners[0].connect: listener "tcp" passes connections through: it reads no CONNECT'],
  ],
])('%s', (keys, problems) => {
  expect(findings(written(keys))).toEqual(problems);
});

test('pools that do not exist are told of beside what else is wrong', () => {
  expect(findings(written('passthrough: { sni: { a.test: dc } }, mode: 1'))).toEqual([
    'listeners[0].passthrough.sni["a.test"]: there is no pool "dc" (did you mean "db"? there are db, web)',
    'listeners[0].mode: mode must be three octal digits in quotes, such as "0660", got 1',
  ]);
});

test('a route cannot name such a listener, and where there is no other none is used', () => {
  const named = written('passthrough: { pool: db }').replace('{ name: web, pool', '{ name: web, listeners: [tcp, http], pool');
  expect(findings(named)).toEqual(['routes[0].listeners[0]: listener "tcp" passes connections through: it serves no routes']);
  const alone = written('passthrough: { pool: db }').replace('  - { name: http, address: 127.0.0.1:8080 }\n', '');
  expect(findings(alone, 'notices')).toEqual(['routes: every listener passes connections through: no route is ever used']);
});

test('what has no meaning for connections is noticed', () => {
  expect(
    findings(written('passthrough: { pool: db }, trustedProxies: [10.0.0.1], limits: { bodyBytes: 1MiB, tunnels: 5 }'), 'notices'),
  ).toEqual([
    'listeners[0].trustedProxies: there are no forwarding fields to believe: this listener passes connections through, without proxyProtocol',
    'listeners[0].limits.bodyBytes: bodyBytes bounds requests, and this listener passes connections through',
  ]);
  const keys = `affinity: { header: x-user }, overrides: [{ name: qa, header: { name: x-v, value: b }, version: v2 }],
        mirrors: [{ name: dark, version: v2, percent: 1 }], health: { path: /up }`;
  const pools = (more: string): string => `pools:
  web: { versions: { v1: { endpoints: [127.0.0.1:9002] } } }
  db:
    { versions: { v1: { endpoints: [127.0.0.1:9001], ${more} }, v2: { endpoints: [127.0.0.1:9004] } }, split: { v1: 1, v2: 0 }, ${keys} }
`;
  expect(findings(written('passthrough: { pool: db }', pools('')), 'notices')).toEqual([
    'pools.db.affinity: connections are passed to this pool, and no route leads to it: only clientIp tells clients apart there',
    'pools.db.overrides: connections are passed to this pool, and no route leads to it: no override is ever met',
    'pools.db.mirrors: connections are passed to this pool, and no route leads to it: nothing is copied',
  ]);
  const secure = findings(written('passthrough: { sni: { a.test: db } }', pools('tls: {}')), 'notices');
  expect(secure).toContain(
    'pools.db.versions.v1.tls: connections with the TLS of clients are passed to this pool: it would go inside of this one',
  );
  expect(findings(written('passthrough: { sni: { a.test: db } }', pools('')), 'notices')).toContain(
    'pools.db.health: connections with the TLS of clients are passed to this pool, and probes ask its endpoints in plain HTTP: write protocol: tcp, or the port of their health check',
  );
});

test('a connection that would come back is a Problem, one that goes on to a listener that ends its TLS is none', () => {
  const to = (port: number): string => POOLS.replace('9001', String(port));
  const round = 'an endpoint of pool "db" leads back to listener "tcp": connections would go round until none is left';
  expect(findings(written('passthrough: { pool: db }', to(5432)))).toEqual([`listeners[0].passthrough.pool: ${round}`]);
  expect(findings(written('passthrough: { sni: { A.test: db, b.test: web } }', to(5432)))).toEqual([
    `listeners[0].passthrough.sni["A.test"]: ${round}`,
  ]);
  const onward = written('passthrough: { sni: { a.test: db } }', to(8080));
  expect([findings(onward), findings(onward, 'notices')]).toEqual([[], []]);
  const other = '  - { name: other, address: 127.0.0.1:5433, passthrough: { pool: db } }\n';
  const ring = written('passthrough: { pool: web }', to(5432).replace('9002', '5433')).replace('pools:', `${other}pools:`);
  expect(findings(ring)).toEqual([
    'listeners[0].passthrough.pool: an endpoint of pool "web" leads back to listener "tcp": connections would go round until none is left',
    'listeners[2].passthrough.pool: an endpoint of pool "db" leads back to listener "other": connections would go round until none is left',
  ]);
});
