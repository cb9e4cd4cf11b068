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
    mirrors:
      [
        { name: dark, version: v2, percent: 5, requestHeaders: { set: { x-key: secret } } },
        { name: told, version: v2, compare: { redact: [$.iban] } },
        { name: seen, version: v2 },
      ]
    limits: { requests: 5 }
  other: { versions: { v1: { endpoints: [127.0.0.1:9004] } } }
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

  it.each([
    ['fewer fields hidden', 'redact: [$.iban]', 'redact: []', 'compare.redact'],
    ['no field hidden', 'redact: [$.iban]', 'ignore: [$.a]', 'compare.redact'],
    ['values shown', 'compare: { redact', 'compare: { examples: values, redact', 'compare.examples'],
    [
      'values shown of a new comparison',
      'name: seen, version: v2',
      'name: seen, version: v2, compare: { examples: values }',
      'compare.examples',
    ],
  ])('%s by a mirror', (_, from, to, field) => {
    const name = to.includes('seen') ? 'seen' : 'told';
    expect(above('operator', from, to)).toEqual([`pools.shop.mirrors.${name}.${field} admin`]);
    expect(above('admin', from, to)).toEqual([]);
  });

  it('values shown by a mirror that is new, which an operator may else add', () => {
    const more = (compare: string): string => `${MIRROR}, { name: more, version: v2, compare: ${compare} }`;
    expect(above('operator', MIRROR, more('{ examples: values, redact: [$.a] }'))).toEqual([
      'pools.shop.mirrors.more.compare.examples admin',
    ]);
    expect(above('operator', MIRROR, more('{}'))).toEqual([]);
    expect(above('operator', MIRROR, more('{ redact: [$.a] }'))).toEqual([]);
  });

  it('values that the file shows, without what it hides of them', () => {
    const shown = (redact: string): string => `${MIRROR}, { name: more, version: v2, compare: { examples: values, redact: [${redact}] } }`;
    const file = TEXT.replace(MIRROR, shown('$.a'));
    expect(above('operator', MIRROR, shown(''), file)).toEqual(['pools.shop.mirrors.more.compare.examples admin']);
    expect(above('operator', MIRROR, shown('$.a'), file)).toEqual([]);
  });

  it('where the header values of a mirror go, unless they go as the file says', () => {
    const [v1, other] = [MIRROR.replace('version: v2', 'version: v1'), MIRROR.replace('version: v2', 'pool: other')];
    const dark = 'pools.shop.mirrors.dark';
    expect(above('operator', MIRROR, v1)).toEqual([`${dark}.version admin`]);
    expect(above('operator', MIRROR, other)).toEqual([`${dark}.version admin`, `${dark}.pool admin`]);
    expect(above('operator', MIRROR, v1, TEXT.replace(MIRROR, v1))).toEqual([]);
    // A place of the file for values of somebody else.
    expect(above('operator', MIRROR, v1, TEXT.replace(MIRROR, v1.replace('secret', 'other')))).toEqual([`${dark}.version admin`]);
    expect(above('operator', 'x-key: secret', 'x-key: mine', TEXT.replace(MIRROR, v1.replace('secret', 'mine')))).not.toEqual([]);
    expect(above('operator', 'name: seen, version: v2', 'name: seen, version: v1')).toEqual([]);
    const more = `${MIRROR}, ${v1.replace('dark', 'more')}`;
    expect(above('operator', MIRROR, more, TEXT.replace(MIRROR, more.replace('version: v1', 'version: v2')))).toContain(
      'pools.shop.mirrors.more.version admin',
    );
  });

  it('a header of a mirror that goes, though the file has no such mirror', () => {
    const field = 'pools.shop.mirrors.dark.requestHeaders.set.x-key admin';
    expect(above('operator', 'x-key: secret', '', TEXT.replace(`${MIRROR},`, ''))).toEqual([field]);
    expect(above('operator', 'x-key: secret', '', TEXT.replace('x-key: secret', ''))).toEqual([]);
  });

  it('a new mirror that sends header values, unless the file says so', () => {
    const more = `${MIRROR}, ${MIRROR.replace('dark', 'more')}`;
    expect(above('operator', MIRROR, more)).toEqual([
      'pools.shop.mirrors.more.version admin',
      'pools.shop.mirrors.more.requestHeaders admin',
    ]);
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
  ['a mirror that goes', `${MIRROR},`, ''],
  ['the comparison of a mirror that goes', ', compare: { redact: [$.iban] }', ''],
  ['how much is compared', 'redact: [$.iban]', 'redact: [$.iban], perTemplate: 5'],
  ['a new mirror', MIRROR, `${MIRROR}, { name: more, version: v2 }`],
  ['the salt of a version', 'v2: { ', 'v2: { salt: abc, '],
  ['the version under test', '    affinity: { header: x-user }\n', '    affinity: { header: x-user }\n    canary: v2\n'],
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

describe('rollouts', () => {
  const withRollouts = (...templates: readonly string[]): string =>
    `${TEXT}rollouts:\n  old: { alpha: 0.1 }\n${templates.map((text) => `  ${text}\n`).join('')}`;
  const judge = (from: string, to: string): readonly string[] => {
    const [before, after] = [read(from), read(to)];
    return fieldsAbove('operator', touchedFields(before, after), after, () => before).map(({ path }) => path);
  };
  const hook = '{ on: [end], url: "http://a/" }';
  const secret = 'steps: [{ smoke: [{ path: /, headers: { authorization: x } }] }]';

  it('are of operators', () => {
    expect(judge(TEXT, withRollouts())).toEqual([]);
    expect(judge(withRollouts(), TEXT)).toEqual([]);
    expect(judge(withRollouts(), withRollouts('new: { steps: [{ weight: 5%, for: 5m }], checks: [{ name: a, errors: {} }] }'))).toEqual([]);
    expect(judge(withRollouts(`a: { hooks: [${hook}] }`), withRollouts(`a: { alpha: 0.2, hooks: [${hook}] }`))).toEqual([]);
  });

  it.each([
    ['a hook', `hooks: [${hook}]`, 'hooks'],
    ['what is called', 'checks: [{ name: a, errors: {} }, { name: b, webhook: { url: "http://169.254.169.254/" } }]', 'checks.b.webhook'],
    [
      'what is asked',
      'checks: [{ name: a, errors: {} }, { name: b, prometheus: { address: "http://a", query: up, max: 1 } }]',
      'checks.b.prometheus',
    ],
    ['what is sent along', secret, 'steps'],
    ['values that are shown', 'steps: [{ mirror: { compare: { examples: values } } }]', 'steps'],
  ])('%s is of admins', (_, part, path) => {
    expect(judge(withRollouts(), withRollouts(`new: { ${part} }`))).toEqual([`rollouts.new.${path}`]);
    expect(judge(withRollouts('new: {}'), withRollouts(`new: { ${part} }`))).toEqual([`rollouts.new.${path}`]);
  });

  it('a secret of a smoke request may stay, and go, not change', () => {
    expect(judge(withRollouts(`a: { ${secret} }`), withRollouts(`a: { alpha: 0.2, ${secret} }`))).toEqual([]);
    expect(judge(withRollouts(`a: { ${secret} }`), withRollouts())).toEqual([]);
    expect(judge(withRollouts(`a: { ${secret} }`), withRollouts(`a: { ${secret.replace('x }', 'y }')} }`))).toEqual(['rollouts.a.steps']);
  });
});
