import { expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { diffConfigs, formatDifference } from '../../../src/config/diff.ts';
import { maskWritten, unmaskWritten } from '../../../src/config/mask.ts';
import type { InForce } from '../../../src/config/mask.ts';
import type { Config } from '../../../src/config/model.ts';
import { describeConfig, printConfig, showConfig } from '../../../src/config/print.ts';
import { SMALL } from './good.ts';

const SECRET = 'hunter2-Zq7';

/** Every place of the grammar at which a secret may stand. */
const PLACES: [string, string, string][] = [
  ['pool: shop }', 'pool: shop, requestHeaders: { set: { Authorization: "Bearer %" } } }', 'requestHeaders.set.Authorization'],
  ['pool: shop }', 'pool: shop, requestHeaders: { add: { x-api-key: "%" } } }', 'requestHeaders.add.x-api-key'],
  ['pool: shop }', 'pool: shop, responseHeaders: { set: { set-cookie: "a=%" } } }', 'responseHeaders.set.set-cookie'],
  ['pool: shop }', 'respond: { headers: { X-Token: "%" } } }', 'respond.headers.X-Token'],
  ['pool: shop }', 'pool: shop, match: [{ headers: { x-secret: "%" } }] }', 'headers'],
  ['pool: shop }', 'pool: shop, match: [{ headers: { x-secret: { regex: "^%$" } } }] }', 'headers'],
  ['pool: shop }', 'pool: shop, match: [{ query: { access_token: "%" } }] }', 'query'],
  ['    split:', '    health: { headers: { authorization: "%" } }\n    split:', 'health.headers.authorization'],
  ['    split:', '    overrides: [{ name: qa, header: { name: x-token, value: "%" }, version: v1 }]\n    split:', 'overrides'],
  ['    split:', '    overrides: [{ name: qa, cookie: { name: session, value: { regex: "%" } }, version: v1 }]\n    split:', 'overrides'],
  ['    split:', '    overrides: [{ name: qa, query: { name: key, value: "%" }, version: v1 }]\n    split:', 'overrides'],
  ['    split:', '    mirrors: [{ name: m, version: v2, requestHeaders: { set: { cookie: "%" } } }]\n    split:', 'mirrors'],
  ['    split:', '    mirrors: [{ name: m, version: v2, match: { headers: { authorization: "%" } } }]\n    split:', 'mirrors'],
];

function load(before: string, after: string, secret: string): Config {
  const { config, problems } = decodeText('/f.yaml', SMALL.replace(before, after.replace('%', secret)));
  expect(problems).toEqual([]);
  return config!;
}

function inForce(config: Config): InForce {
  return { known: describeConfig(config), mayWrite: 'all' };
}

test.each(PLACES)('%j as %j', (before, after, path) => {
  const config = load(before, after, SECRET);
  expect(JSON.stringify(describeConfig(config))).toContain(SECRET);
  for (const text of [printConfig(config), JSON.stringify(showConfig(config))]) {
    expect(text).not.toContain(SECRET);
    expect(text).toMatch(/\*\*\* \([0-9a-f]{8}\)/);
  }
  // Its change is seen, it is not.
  const differences = diffConfigs(config, load(before, after, 'other-Zq7')).map(formatDifference);
  expect(differences).toHaveLength(1);
  expect(differences[0]).toContain(path);
  expect(differences[0]).not.toMatch(/Zq7/);
  // What is read can be sent back.
  expect(unmaskWritten(showConfig(config), inForce(config))).toEqual(describeConfig(config));
  // Who may not change it cannot find it out: the right one is as wrong as any other.
  const tried = JSON.stringify(unmaskWritten(describeConfig(config), { ...inForce(config), mayWrite: 'traffic' }));
  expect(tried.includes(SECRET)).toBe(/overrides|match: \{/.test(after) && after.includes('    split:'));
});

test('what is not secret stays, and so does the object', () => {
  const written = {
    headers: { accept: 'a', 'x-version': 'b' },
    overrides: [{ name: 'x-token', header: { name: 'x-version', value: 'v' } }],
    key: 'x',
    token: 'y',
  };
  expect(maskWritten(written)).toBe(written);
});

const AUTHORIZED = { authorization: SECRET };

/** Two of each, with secrets in the first. */
const MANY = {
  pools: {
    shop: {
      health: { headers: AUTHORIZED },
      overrides: [
        { name: 'a', header: { name: 'authorization', value: SECRET }, version: 'v1' },
        { name: 'b', version: 'v1' },
      ],
      mirrors: [{ name: 'a', requestHeaders: { set: AUTHORIZED } }, { name: 'b' }],
    },
    other: {},
  },
  routes: [{ name: 'a', requestHeaders: { set: AUTHORIZED }, match: [{ headers: { authorization: { regex: SECRET } } }] }, { name: 'b' }],
};

function masksIn(value: unknown): readonly string[] {
  return JSON.stringify(value).match(/\*\*\* \([0-9a-f]{8}\)/g) ?? [];
}

test('a mask is of its place: none is like another, though the secret is the same', () => {
  const masks = masksIn(maskWritten(MANY));
  expect(masks).toHaveLength(5);
  expect(new Set(masks).size).toBe(5);
  expect(masksIn(maskWritten(MANY.routes, ['routes']))).toEqual(masks.slice(3));
});

const written: [string, (mask: string) => object][] = [
  ['another field', (mask) => ({ routes: [{ name: 'a', requestHeaders: { set: { 'x-token': mask } } }] })],
  ['another map of headers', (mask) => ({ routes: [{ name: 'a', requestHeaders: { add: { authorization: mask } } }] })],
  ['the other headers', (mask) => ({ routes: [{ name: 'a', responseHeaders: { set: { authorization: mask } } }] })],
  ['another route', (mask) => ({ routes: [{ name: 'b', requestHeaders: { set: { authorization: mask } } }] })],
  ['a route without a name', (mask) => ({ routes: [{ requestHeaders: { set: { authorization: mask } } }] })],
  ['what a route matches', (mask) => ({ routes: [{ name: 'a', match: [{ headers: { authorization: mask } }] }] })],
  ['another override', (mask) => ({ pools: { shop: { overrides: [{ name: 'b', header: { name: 'authorization', value: mask } }] } } })],
  ['another header of it', (mask) => ({ pools: { shop: { overrides: [{ name: 'a', header: { name: 'x-token', value: mask } }] } } })],
  ['a cookie', (mask) => ({ pools: { shop: { overrides: [{ name: 'a', cookie: { name: 'authorization', value: mask } }] } } })],
  [
    'its expression',
    (mask) => ({ pools: { shop: { overrides: [{ name: 'a', header: { name: 'authorization', value: { regex: mask } } }] } } }),
  ],
  ['another mirror', (mask) => ({ pools: { shop: { mirrors: [{ name: 'b', requestHeaders: { set: { authorization: mask } } }] } } })],
  ['what a mirror matches', (mask) => ({ pools: { shop: { mirrors: [{ name: 'a', match: { headers: { authorization: mask } } }] } } })],
  ['another pool', (mask) => ({ pools: { other: { health: { headers: { authorization: mask } } } } })],
];

test.each(written)('no mask stands for anything in %s', (_, of) => {
  for (const mask of masksIn(maskWritten(MANY)))
    expect(JSON.stringify(unmaskWritten(of(mask), { known: MANY, mayWrite: 'traffic' }))).not.toContain(SECRET);
});

test('a mask is found again where things were moved, and however a field is written', () => {
  const { routes } = maskWritten(MANY);
  const [first, second] = routes;
  const moved = { routes: [second, { ...first, match: [{ headers: { 'x-b': 'c' } }, ...first!.match!] }] };
  expect(masksIn(unmaskWritten(moved, { known: MANY, mayWrite: 'all' }))).toEqual([]);
  const [mask] = masksIn(maskWritten(MANY.pools.shop.overrides[0], ['pools', 'shop', 'overrides', 'a']));
  const one = { header: { name: 'Authorization', value: mask }, version: 'v2' };
  expect(unmaskWritten(one, { known: MANY, mayWrite: 'traffic' }, ['pools', 'shop', 'overrides', 'a'])).toEqual({
    header: { name: 'Authorization', value: SECRET },
    version: 'v2',
  });
});

test('a mask is no value of a file', () => {
  const { problems } = decodeText(
    'f.yaml',
    SMALL.replace('pool: shop }', 'pool: shop, requestHeaders: { set: { authorization: "*** (0123abcd)" } } }'),
  );
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('this is the mask of a secret that is not in force here: write the secret itself'),
  ]);
  for (const match of ['query: { token: "*** (0123abcd)" }', 'headers: { token: { regex: "*** (0123abcd)" } }']) {
    const found = decodeText('f.yaml', SMALL.replace('pool: shop }', `pool: shop, match: [{ ${match} }] }`)).problems;
    expect(found.map(({ message }) => message.includes('this is the mask of a secret'))).toEqual([true]);
  }
});

test('what is wrong with a secret is told without it', () => {
  const wrong = [
    'pool: shop, requestHeaders: { set: { authorization: "Zq7\\u0001" } } }',
    'pool: shop, match: [{ headers: { x-token: " Zq7" } }] }',
    'pool: shop, match: [{ headers: { x-token: { regex: "Zq7(" } } }] }',
  ];
  for (const text of wrong) {
    const { problems } = decodeText('f.yaml', SMALL.replace('pool: shop }', text));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).not.toContain('Zq7');
  }
  const pattern = decodeText(
    'f.yaml',
    SMALL.replace('    split:', '    overrides: [{ name: a, cookie: { name: token, value: { regex: "Zq7(" } }, version: v1 }]\n    split:'),
  );
  expect(pattern.problems.map(({ message }) => message.includes('Zq7'))).toEqual([false]);
  const override = decodeText(
    'f.yaml',
    SMALL.replace('    split:', '    overrides: [{ name: a, header: { name: x-token, value: "Zq7\\u0001" }, version: v1 }]\n    split:'),
  );
  expect(override.problems.map(({ message }) => message).join()).not.toContain('Zq7');
});
