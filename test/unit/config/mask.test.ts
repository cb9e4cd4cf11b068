import { expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { diffConfigs, formatDifference } from '../../../src/config/diff.ts';
import { isMask, maskWritten, unmaskWritten } from '../../../src/config/mask.ts';
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
  expect(unmaskWritten(showConfig(config), describeConfig(config))).toEqual(describeConfig(config));
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

test('a mask stands for a secret of a field of that name alone', () => {
  const masked = maskWritten({ headers: { authorization: SECRET } });
  const moved = { headers: { 'x-token': masked.headers.authorization } };
  expect(isMask(masked.headers.authorization)).toBe(true);
  expect(unmaskWritten(moved, { headers: { authorization: SECRET } })).toEqual(moved);
  expect(unmaskWritten({ headers: { Authorization: masked.headers.authorization } }, { headers: { authorization: SECRET } })).toEqual({
    headers: { Authorization: SECRET },
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
