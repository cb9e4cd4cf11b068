// Wherever a secret may be written, and however, none of the exits of this room says it: a marker stands in each of them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { diffConfigs, formatDifference } from '../../../src/config/diff.ts';
import { fillSecrets } from '../../../src/config/fill-secrets.ts';
import { withSecrets } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/model.ts';
import { describeConfig, printConfig, showConfig } from '../../../src/config/print.ts';
import { readSecret } from '../../../src/config/read-secret.ts';
import { revealed } from '../../../src/config/secret.ts';
import { secretPlaces } from '../../../src/config/secret-places.ts';
import { compileTable } from '../../../src/routing/compile.ts';

const MARK = 'Zq7';
const dir = mkdtempSync(join(tmpdir(), 'sluice-secrets-'));
const env = { SLUICE_TEST_SECRET: `of-env-${MARK}` };
writeFileSync(join(dir, 'secret'), `of-file-${MARK}\n`);
Object.assign(process.env, env);
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
  delete process.env['SLUICE_TEST_SECRET'];
});

/** A value in clear is secret by the name of its field alone; a source always. */
const field = fc.oneof(
  fc.record({
    name: fc.constantFrom('authorization', 'X-Api-Key', 'cookie', 'x-session'),
    value: fc.nat(99).map((number) => `in-clear-${number}-${MARK}`),
  }),
  fc.record({
    name: fc.constantFrom('authorization', 'x-plain', 'set', 'headers', 'env', 'file', 'value'),
    value: fc.constantFrom({ env: 'SLUICE_TEST_SECRET' }, { file: join(dir, 'secret') }),
  }),
);
const fields = fc.array(field, { maxLength: 3 }).map((list) => Object.fromEntries(list.map(({ name, value }) => [name, value])));
const changes = fc.record({ set: fields, add: fields });

const written = fc
  .record({ health: fields, mirror: changes, request: changes, response: changes, fixed: fields, smoke: fields })
  .map((at) => ({
    listeners: [{ name: 'web', address: '127.0.0.1:8080' }],
    pools: {
      shop: {
        versions: { v1: { endpoints: ['127.0.0.1:9001'] }, v2: { endpoints: ['127.0.0.1:9002'] } },
        split: { v1: 1 },
        health: { path: '/', headers: at.health },
        mirrors: [{ name: 'dark', version: 'v2', percent: 1, requestHeaders: at.mirror }],
      },
    },
    routes: [
      { name: 'shop', pool: 'shop', requestHeaders: at.request, responseHeaders: at.response },
      { name: 'fixed', match: [{ path: { exact: '/fixed' } }], respond: { status: 200, headers: at.fixed } },
    ],
    rollouts: { sure: { steps: [{ smoke: [{ path: '/', headers: at.smoke }] }, { weight: '100%' }] } },
  }));

function decode(config: object): Config {
  const { config: decoded, problems } = decodeText(join(dir, 'sluice.yaml'), JSON.stringify(config));
  expect(problems).toEqual([]);
  return decoded!;
}

function valueOf(source: Parameters<typeof readSecret>[0]): string {
  const value = readSecret(source, env);
  return typeof value === 'string' ? value : expect.unreachable(value.fault);
}

test('no exit of the config says a secret, and its sources do not even hold their values', () => {
  fc.assert(
    fc.property(written, written, (one, other) => {
      const [before, after] = [decode(one), decode(other)];
      const exits = {
        shown: JSON.stringify(showConfig(before)),
        printed: printConfig(before),
        // They are printed again as they are written.
        differences: diffConfigs(before, after).map(formatDifference).join('\n'),
        // By accident: a secret is an object, which no text shows.
        texts: secretTexts(before).join(' '),
        sources: JSON.stringify(describeConfig(before)).replaceAll(/in-clear-\d+-Zq7/g, ''),
      };
      for (const [name, text] of Object.entries(exits)) expect([name, text.match(/.{0,60}Zq7/)?.[0]]).toEqual([name, undefined]);
    }),
    { numRuns: 60 },
  );
});

/** What comes of it where somebody puts a value into a text. */
function secretTexts({ routes, pools }: Config): readonly string[] {
  const lists = [...routes.flatMap(({ requestHeaders: { set, add } }) => [set, add]), ...pools.map(({ health }) => health?.headers ?? [])];

  return lists.flat().map(([, value]) => `${value as object}`);
}

test('what is served has the values, in each place; what names no source stays the same object', () => {
  fc.assert(
    fc.property(written, (one) => {
      const config = decode(one);
      const filled = fillSecrets(config, valueOf);
      expect(secretPlaces({ ...filled, rollouts: [] })).toEqual([]);
      const table = compileTable(filled, 1);
      const written = JSON.stringify([
        table.routes.map(({ requestHeaders, responseHeaders, respond }) => [
          requestHeaders?.append,
          responseHeaders?.append,
          respond?.fields,
        ]),
      ]);
      const { set, add } = filled.routes[0]!.requestHeaders;
      for (const [name, value] of [...set, ...add]) {
        expect(revealed(value)).toContain(MARK);
        expect(written).toContain(`${name}: ${revealed(value)}`);
      }
      // Again with the same values: nothing is new for the workers.
      const again = fillSecrets(config, valueOf);
      expect([again.routes === filled.routes, again.pools.every((pool, index) => pool === filled.pools[index])]).toEqual([true, true]);
      const named = secretPlaces(config).map(({ path }) => path[0]);
      expect([filled.routes === config.routes, filled.pools === config.pools]).toEqual([
        !named.includes('routes'),
        !named.includes('pools'),
      ]);
    }),
    { numRuns: 60 },
  );
});

test('a Problem of a value says nothing of it', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(`two\nlines-${MARK}`, ` blank-${MARK}`, `ünicode-${MARK}`, ''),
      fc.constantFrom('env' as const, 'file' as const),
      (value, kind) => {
        const name = kind === 'env' ? 'SLUICE_TEST_BAD' : join(dir, 'bad');
        if (kind === 'env') process.env[name] = value;
        else writeFileSync(name, value);
        const config = { ...base, routes: [{ name: 'shop', pool: 'shop', requestHeaders: { set: { 'x-a': { [kind]: name } } } }] };
        const text = JSON.stringify(config);
        const read = {
          files: [],
          hash: '',
          problems: [],
          document: { value: {}, problems: [], place: () => ({ file: 'a', line: 1, column: 1 }) },
        };
        const { problems } = withSecrets(read, decodeText(join(dir, 'sluice.yaml'), text));
        expect(problems.map(({ path }) => path)).toEqual([`routes[0].requestHeaders.set.x-a.${kind}`]);
        expect(JSON.stringify(problems)).not.toContain(MARK);
      },
    ),
    { numRuns: 8 },
  );
  delete process.env['SLUICE_TEST_BAD'];
});

const base = {
  listeners: [{ name: 'web', address: '127.0.0.1:8080' }],
  pools: { shop: { versions: { v1: { endpoints: ['127.0.0.1:9001'] } } } },
};
