// Anything may be sent to the admin API: never a 5xx, always a whole response, and the controller sees only what is well formed.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isKnown, expectedRevision } from '../../../src/admin/preconditions.ts';
import { HttpProblem } from '../../../src/admin/problem-reply.ts';
import { chooseType } from '../../../src/admin/accept.ts';
import { isPlainText, NAME_PATTERN } from '../../../src/config/syntax.ts';
import type { ChangeRequest } from '../../../src/control/control-api.ts';
import { closeAdmins, openAdmin } from '../../unit/admin/open-admin.ts';
import type { Admin } from '../../unit/admin/open-admin.ts';

let admin: Admin;
beforeAll(async () => void (admin = await openAdmin({ config: { tokens: [], limits: { writesPerSecond: 1_000_000 } } })));
afterAll(closeAdmins);

const part = fc.oneof(
  fc.constantFrom('shop', 'v1', 'qa', '3', '__proto__', 'constructor', '..', '%2e%2e', '%00', '%ff', '127.0.0.1%3A9001', 'a%20b'),
  fc.string({ maxLength: 20 }).map(encodeURIComponent),
);
const path = fc.oneof(
  part.map((pool) => `/v1/pools/${pool}/split`),
  fc.tuple(part, part).map(([pool, name]) => `/v1/pools/${pool}/overrides/${name}`),
  fc.tuple(part, part).map(([pool, name]) => `/v1/pools/${pool}/mirrors/${name}`),
  part.map((name) => `/v1/pools/shop/mirrors/${name}`),
  fc.tuple(part, part, fc.constantFrom('report', 'missed')).map(([pool, name, what]) => `/v1/pools/${pool}/mirrors/${name}/${what}`),
  fc.tuple(part, part, part, fc.constantFrom('drain', 'resume')).map(([a, b, c, d]) => `/v1/pools/${a}/versions/${b}/endpoints/${c}/${d}`),
  fc.tuple(part, part, fc.constantFrom('drain', 'resume')).map(([a, b, c]) => `/v1/pools/${a}/versions/${b}/${c}`),
  part.map((revision) => `/v1/revisions/${revision}/restore`),
  fc.constantFrom('/v1/config', '/v1/explain', '/v1/pools/shop/overrides', '/v1/pools/shop/mirrors', '/v1/revisions', '/openapi.json'),
  fc.array(part, { maxLength: 5 }).map((parts) => `/${parts.join('/')}`),
);
const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc
    .tuple(fc.constantFrom('dryRun', 'reason', 'limit', 'before', 'after', 'x', '__proto__'), part)
    .map(([name, value]) => `?${name}=${value}`),
  fc.string({ maxLength: 10 }).map((text) => `?${encodeURIComponent(text)}&dryRun`),
);
const json = fc
  .oneof(
    fc.record(
      {
        weights: fc.oneof(
          fc.dictionary(fc.constantFrom('v1', 'v2', 'v 3', ''), fc.oneof(fc.double(), fc.string(), fc.constant(null))),
          fc.jsonValue(),
        ),
        reason: fc.oneof(fc.string(), fc.jsonValue()),
        version: fc.oneof(fc.constantFrom('v1', ''), fc.jsonValue()),
        header: fc.oneof(fc.record({ name: fc.string(), value: fc.jsonValue() }), fc.jsonValue()),
        query: fc.jsonValue(),
        pool: fc.oneof(fc.constantFrom('shop', '__proto__'), fc.jsonValue()),
        percent: fc.oneof(fc.double(), fc.constantFrom('5%', '101%'), fc.jsonValue()),
        fraction: fc.oneof(fc.constantFrom('1/3', '3/1', '1/0'), fc.jsonValue()),
        compare: fc.oneof(
          fc.record({ ignore: fc.array(fc.string()), noise: fc.constantFrom('off', {}) }, { requiredKeys: [] }),
          fc.jsonValue(),
        ),
        deadline: fc.oneof(fc.constantFrom('5s', '-1s', '1e9d'), fc.jsonValue()),
        url: fc.oneof(fc.webUrl(), fc.string(), fc.jsonValue()),
        headers: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.jsonValue()),
      },
      { requiredKeys: [] },
    ),
    fc.jsonValue(),
  )
  .map((value) => JSON.stringify(value));
const body = fc.oneof(
  json,
  fc
    .tuple(json, fc.nat(), fc.string({ maxLength: 3 }))
    .map(([text, at, noise]) => text.slice(0, at % (text.length + 1)) + noise + text.slice(at % (text.length + 1))),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.nat({ max: 100_000 }).map((depth) => '['.repeat(depth)),
  fc.nat({ max: 50_000 }).map((depth) => `{"weights":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`),
  fc.constant(undefined),
);
const word = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 20 });
const headers = fc.record(
  {
    'content-type': fc.constantFrom(
      'application/json',
      'application/json; charset=utf-8',
      'application/yaml',
      'text/plain',
      'x',
      'application/json;;=',
      '/',
    ),
    'if-match': fc.oneof(fc.constantFrom('"7"', '*', '7', 'W/"7"', '"1", "2"'), word),
    'if-none-match': word,
    accept: fc.oneof(fc.constantFrom('*/*', 'application/*;q=0.1', 'x/y', 'application/json;q=2'), word),
    authorization: word,
    origin: fc.oneof(fc.constantFrom('null', 'http://localhost'), word),
    'content-encoding': fc.constantFrom('gzip', 'identity'),
    expect: fc.constant('100-continue'),
  },
  { requiredKeys: ['content-type'] },
);
const method = fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD');

/** A text that is too long to be passed on as one: a seed had found it. */
const LONG: ['PUT', string, string, { 'content-type': 'application/json' }, string][] = [
  ['PUT', '/v1/config', '', { 'content-type': 'application/json' }, '['.repeat(20_000) + ']'.repeat(20_000)],
];

describe('the admin API', () => {
  it('responds to anything with less than 500, and submits nothing malformed', async () => {
    await fc.assert(
      fc.asyncProperty(method, path, query, headers, body, async (verb, at, asked, fields, sent) => {
        const { 'content-type': type, ...rest } = fields;
        const typed = sent === undefined ? rest : fields;
        expect(type.length).toBeGreaterThan(0);
        const before = admin.control.orders.length;
        const response = await admin.ask(at + asked, { method: verb, headers: typed, body: sent });
        expect(response.status, response.text).toBeLessThan(500);
        expect(admin.errors).toEqual([]);
        for (const order of admin.control.orders.slice(before)) expectWellFormed(order);
        if (response.status >= 400) expect(admin.control.orders.slice(before).every(({ expected }) => expected !== undefined)).toBe(true);
      }),
      { numRuns: 600, examples: LONG },
    );
  }, 60_000);

  it('takes what is well formed', async () => {
    const weights = fc.dictionary(fc.stringMatching(new RegExp(NAME_PATTERN)), fc.double({ min: 0, max: 1e9, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(weights, fc.string({ maxLength: 500 }).filter(isPlainText), async (wanted, reason) => {
        const response = await admin.ask('/v1/pools/shop/split', { method: 'PUT', body: { weights: wanted, reason } });
        expect({ status: response.status, text: response.text }).toMatchObject({ status: 200 });
        const { change, reason: told } = admin.control.orders.at(-1)!;
        expect(JSON.stringify(change)).toBe(JSON.stringify({ kind: 'split', pool: 'shop', weights: wanted }));
        expect(told).toBe(reason);
      }),
      { numRuns: 100 },
    );
  });
});

function expectWellFormed({ change, author, reason, expected, dryRun }: ChangeRequest): void {
  expect(author).toBe('anonymous');
  expect(reason.length).toBeLessThanOrEqual(500);
  expect(isPlainText(reason)).toBe(true);
  expect(expected === undefined || Number.isSafeInteger(expected)).toBe(true);
  expect(typeof dryRun).toBe('boolean');
  if ('pool' in change) expect(change.pool).toMatch(new RegExp(NAME_PATTERN));
  switch (change.kind) {
    case 'split':
      for (const [name, weight] of Object.entries(change.weights)) {
        expect(name).toMatch(new RegExp(NAME_PATTERN));
        expect(weight).toSatisfy((value: number) => Number.isFinite(value) && value >= 0);
      }
      return;
    case 'override':
      expect(change.override).toMatchObject({ version: expect.stringMatching(NAME_PATTERN) });
      return;
    case 'drain':
    case 'resume':
      expect(change.version).toMatch(new RegExp(NAME_PATTERN));
      expect(change.endpoint ?? 'none').toSatisfy((text: string) => text !== '' && isPlainText(text));
      return;
    case 'restore':
      expect(change.revision).toSatisfy((number: number) => Number.isSafeInteger(number) && number > 0);
      return;
    case 'config':
      // A long one stays as the bytes that came.
      expect(typeof change.document === 'string' || change.document instanceof Uint8Array).toBe(true);
      return;
    case 'reset-split':
    case 'reset-config':
      return;
    case 'mirror': {
      const { pool, version, percent, fraction } = change.mirror as Readonly<Record<string, unknown>>;
      expect(pool ?? version).toMatch(new RegExp(NAME_PATTERN));
      expect(percent === undefined || fraction === undefined).toBe(true);
      return;
    }
    case 'shift':
    case 'shifts':
      // Rollouts alone ask for it.
      throw new Error('a call asked for a shift');
    case 'preview':
      expect(change.endpoints.length).toBeGreaterThan(0);
      expect((change.override === undefined) !== (change.host === undefined)).toBe(true);
      return;
    case 'remove-preview':
    case 'remove-override':
    case 'clear-overrides':
    case 'remove-mirror':
    case 'clear-mirrors':
      return;
  }
}

describe('fields', () => {
  const refusedOr = <T>(fn: () => T): T | number => {
    try {
      return fn();
    } catch (error) {
      if (error instanceof HttpProblem) return -error.statusCode;
      throw error;
    }
  };

  it('never fail in another way than with 4xx', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), (text) => {
        expect([undefined, -400, -412].includes(refusedOr(() => expectedRevision(text, 7)) as number) || /[0-9]/.test(text)).toBe(true);
        expect([true, false, -400]).toContain(refusedOr(() => isKnown(text, '"7"')));
        expect(['a/b', 'c/d', -406]).toContain(refusedOr(() => chooseType(text, ['a/b', 'c/d'])));
      }),
    );
  });

  it('read back what a list of tags says', () => {
    const numbers = fc.array(fc.nat(), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(numbers, fc.nat(), (revisions, current) => {
        const list = revisions.map((revision) => `"${revision}"`).join(' ,');
        expect(isKnown(list, `"${current}"`)).toBe(revisions.includes(current));
        const expected = expectedRevision(list, current);
        expect(expected === current).toBe(revisions.includes(current));
        expect(revisions).toContain(expected);
      }),
    );
  });
});
