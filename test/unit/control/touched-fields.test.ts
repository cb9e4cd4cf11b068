import { describe, expect, it } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { describeConfig } from '../../../src/config/print.ts';
import { fieldsAbove, touchedFields } from '../../../src/control/touched-fields.ts';
import type { Role } from '../../../src/control/touched-fields.ts';

const TEXT = `listeners: [{ name: web, address: 127.0.0.1:8080 }]
admin: { auth: { tokens: [{ name: ci, role: operator, env: CI }] } }
accessLog: { path: /var/log/a.log }
pools:
  shop:
    versions:
      v1: { endpoints: [127.0.0.1:9001, 127.0.0.1:9002] }
      v2: { endpoints: [127.0.0.1:9003] }
    split: { v1: 90, v2: 10 }
    affinity: { header: x-user }
    overrides:
      - { name: qa, header: { name: x-qa, value: v2 }, version: v2 }
      - { name: qb, header: { name: x-qb, value: v2 }, version: v2 }
    mirrors: [{ name: dark, version: v2, percent: 5, requestHeaders: { set: { x-key: secret } } }]
    limits: { requests: 5 }
routes: [{ name: main, pool: shop }, { name: other, pool: shop, hosts: [a.test] }]
`;
const MIRROR = '{ name: dark, version: v2, percent: 5, requestHeaders: { set: { x-key: secret } } }';
const SECOND = '- { name: qb, header: { name: x-qb, value: v2 }, version: v2 }';

const read = (text: string) => {
  const { config, problems } = decodeText('/etc/sluice.yaml', text);
  expect(problems).toEqual([]);
  return describeConfig(config!);
};

function above(role: Role, from: string, to: string, file = TEXT): readonly string[] {
  const after = read(TEXT.replace(from, to));
  const touched = touchedFields(read(TEXT), after);
  expect(touched).not.toEqual([]);
  return fieldsAbove(role, touched, after, () => read(file)).map(({ path, needed }) => `${path} ${needed}`);
}

describe('what an operator may not change', () => {
  it.each([
    ['the role of a token', 'role: operator', 'role: admin', 'admin.auth.tokens.ci.role admin'],
    ['the tokens', 'tokens: [{ name: ci, role: operator, env: CI }]', 'tokens: []', 'admin.auth.tokens.ci admin'],
    ['the access log', '/var/log/a.log', '/root/.profile', 'accessLog.path admin'],
    ['a listener', 'address: 127.0.0.1:8080', 'address: 0.0.0.0:8080', 'listeners.web.address admin'],
    ['where state is kept', 'accessLog:', 'state: memory\naccessLog:', 'state file'],
    ['an endpoint', '127.0.0.1:9002', '127.0.0.1:9009', 'pools.shop.versions.v1.endpoints["127.0.0.1:9002"] admin'],
    [
      'the order of endpoints',
      '127.0.0.1:9001, 127.0.0.1:9002',
      '127.0.0.1:9002, 127.0.0.1:9001',
      'pools.shop.versions.v1.endpoints admin',
    ],
    ['where a version has its endpoints', 'v2: { ', 'v2: { endpointsFile: /etc/shadow, ', 'pools.shop.versions.v2.endpointsFile admin'],
    ['a new version', 'v2: { endpoints', 'v3: { endpoints: [127.0.0.1:1] }\n      v2: { endpoints', 'pools.shop.versions.v3 admin'],
    ['a limit', 'requests: 5', 'requests: 6', 'pools.shop.limits.requests admin'],
    ['a new pool', 'pools:', 'pools:\n  more: { versions: { v1: { endpoints: [127.0.0.1:1] } } }', 'pools.more admin'],
    ['a route', 'name: other, pool: shop', 'name: other, pool: shop, timeout: 1s', 'routes.other.timeout admin'],
    ['the order of routes', '{ name: main, pool: shop }, ', '', 'routes.main admin'],
    ['a header value of a mirror', 'x-key: secret', 'x-key: mine', 'pools.shop.mirrors.dark.requestHeaders.set.x-key admin'],
    ['a header of a mirror that goes', 'x-key: secret', '', 'pools.shop.mirrors.dark.requestHeaders.set.x-key admin'],
    ['the Host of a mirror', 'percent: 5', 'rewrite: { host: a.test }', 'pools.shop.mirrors.dark.rewrite.host admin'],
  ])('%s', (_, from, to, field) => {
    expect(above('operator', from, to)).toContain(field);
    expect(above('admin', from, to)).toEqual(field.endsWith('file') ? [field] : []);
  });

  it('a header of a mirror that goes, though the file has no such mirror', () => {
    const field = 'pools.shop.mirrors.dark.requestHeaders.set.x-key admin';
    expect(above('operator', 'x-key: secret', '', TEXT.replace(MIRROR, ''))).toEqual([field]);
    expect(above('operator', 'x-key: secret', '', TEXT.replace('x-key: secret', ''))).toEqual([]);
  });

  it('a new mirror that sends header values, unless the file says so', () => {
    const more = `${MIRROR}, ${MIRROR.replace('dark', 'more')}`;
    expect(above('operator', MIRROR, more)).toEqual(['pools.shop.mirrors.more.requestHeaders admin']);
    expect(above('operator', MIRROR, more, TEXT.replace(MIRROR, more))).toEqual([]);
  });
});

it.each([
  ['the split', 'v1: 90, v2: 10', 'v1: 1, v2: 2'],
  ['affinity', 'header: x-user', 'clientIp: {}'],
  ['no affinity', '    affinity: { header: x-user }\n', ''],
  ['the header that an override looks for', 'value: v2 }, version: v2 }', 'value: other }, version: v1 }'],
  ['the order of overrides', `      ${SECOND}\n`, ''],
  ['how many requests a mirror copies', 'percent: 5', 'percent: 50'],
  ['a mirror that goes', MIRROR, ''],
  ['a new mirror', MIRROR, `${MIRROR}, { name: more, version: v2 }`],
  ['a drained version', 'v2: { ', 'v2: { drain: true, '],
  ['a drained endpoint', '[127.0.0.1:9003]', '[{ address: 127.0.0.1:9003, drain: 30s }]'],
])('an operator changes %s; a viewer does not', (_, from, to) => {
  expect(above('operator', from, to)).toEqual([]);
  expect(above('viewer', from, to)).not.toEqual([]);
});

it('a key that the table does not know needs the role admin', () => {
  const after = { ...read(TEXT), tracing: 'on' };
  expect(fieldsAbove('operator', touchedFields(read(TEXT), after), after, () => undefined)).toEqual([{ path: 'tracing', needed: 'admin' }]);
});
