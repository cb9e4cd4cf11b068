import { beforeEach, describe, expect, test } from 'vitest';
import type { Config, PoolConfig } from '../../../src/config/model.ts';
import { OutageWatch } from '../../../src/control/outage-watch.ts';
import type { Log } from '../../../src/lib/log.ts';
import type { CounterKey } from '../../../src/telemetry/counter-key.ts';
import { MIRROR_PAUSED, VERSION_NOT_READY } from '../../../src/telemetry/counter-layout.ts';
import type { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { makeConfig, makePool } from '../routing/make-table.ts';

/** Workers that say so, by pool, name and version. */
let unready: Record<string, number>;
let paused: Record<string, number>;
let config: Config;
let nowMs: number;
let logged: unknown[];
let recorded: unknown[];
let watch: OutageWatch;

const WORKERS = 2;
const V2 = { pool: 'shop', version: 'v2', endpoints: 1 };

function block(key: CounterKey, cell: number, count: number): object {
  return { key, total: (asked: number) => (asked === cell ? count : 0) };
}

function blocks(kind: string): readonly object[] {
  const counts = Object.entries(kind === 'version' ? unready : paused);
  return counts.map(([name, count]) => {
    const [pool = '', second = '', version = ''] = name.split('/');
    if (kind === 'version') return block({ kind: 'version', pool, version: second }, VERSION_NOT_READY, count);
    return block({ kind: 'mirror', pool, mirror: second, version }, MIRROR_PAUSED, count);
  });
}

function serve(split: Readonly<Record<string, number>>, pool: Partial<PoolConfig> = {}): void {
  const made = makePool(split, pool);
  const endpoint = { address: { kind: 'tcp', host: 'a', port: 1 }, key: 'a:1', weight: 1, zone: undefined, drain: false } as const;
  const versions = made.versions.map((version) => ({ ...version, endpoints: [endpoint] }));
  config = makeConfig([], [{ ...made, versions, ...(pool.versions !== undefined && { versions: pool.versions }) }]);
}

beforeEach(() => {
  unready = {};
  paused = {};
  nowMs = 0;
  logged = [];
  recorded = [];
  serve({ v1: 90, v2: 10 });
  const note = (level: string) => (fields: object, text: string) => logged.push([level, text, fields]);
  watch = new OutageWatch({
    clock: { nowMs: () => nowMs, every: () => ({ stop: () => undefined }) },
    counters: { blocks } as unknown as CounterRegistry,
    serving: () => WORKERS,
    inForce: () => ({ config, revision: 7 }),
    journal: { record: async (kind, by, detail) => void recorded.push([kind, by, detail]) },
    log: { warn: note('warn'), info: note('info') } as unknown as Log,
  });
});

/** Two looks, as what is out is only told when it stays so. */
function look(): void {
  watch.look();
  watch.look();
}

describe('a version without a ready endpoint', () => {
  test('is told once, in the log and in the journal, and when it is back', () => {
    unready = { 'shop/v2': WORKERS };
    look();
    look();
    const facts = { ...V2, then: 'others take its share' };
    expect(logged).toEqual([['warn', 'a version has no ready endpoint', facts]]);
    expect(recorded).toEqual([['not-ready', { author: '', revision: 7 }, facts]]);
    nowMs = 4200;
    unready = {};
    look();
    expect(logged.slice(1)).toEqual([['info', 'a version has a ready endpoint again', { ...facts, afterMs: 4200 }]]);
    expect(recorded.slice(1)).toEqual([['ready', { author: '', revision: 7 }, { ...facts, afterMs: 4200 }]]);
  });

  test('is not told while it may be a moment between two states', () => {
    unready = { 'shop/v2': WORKERS };
    watch.look();
    unready = {};
    look();
    unready = { 'shop/v2': 1 };
    look();
    expect(logged).toEqual([]);
  });

  test('stays out until all workers have it again', () => {
    unready = { 'shop/v2': WORKERS };
    look();
    unready = { 'shop/v2': 1 };
    look();
    expect(logged).toHaveLength(1);
    unready = {};
    watch.look();
    expect(logged).toHaveLength(1);
    watch.look();
    expect(logged).toHaveLength(2);
  });

  test.each([
    ['another takes over', {}, {}, 'others take its share'],
    ['nobody else is ready', { 'shop/v1': WORKERS }, {}, 'its requests fail'],
    ['nobody else may', {}, { fallback: { whenNoneReady: 'fail' } }, 'its requests fail'],
    ['requests wait for it', { 'shop/v1': WORKERS }, { holdMs: 5000 }, 'its requests wait'],
  ] as const)('says what becomes of its requests: %s', (_what, others, pool, then) => {
    serve({ v1: 90, v2: 10 }, pool);
    unready = { ...others, 'shop/v2': WORKERS };
    look();
    expect(logged).toContainEqual(['warn', 'a version has no ready endpoint', { ...V2, then }]);
  });

  test('that gets no requests, or is drained, is missed by nobody', () => {
    unready = { 'shop/v2': WORKERS };
    serve({ v1: 1, v2: 0 });
    look();
    serve({ v1: 1, v2: 1 });
    const [pool] = config.pools;
    serve({ v1: 1, v2: 1 }, { versions: pool!.versions.map((version) => ({ ...version, drain: true })) });
    look();
    expect(logged).toEqual([]);
  });

  test('that gets none by weight is missed where something names it', () => {
    serve(
      { v1: 1, v2: 0 },
      { overrides: [{ name: 'qa', source: { kind: 'header', name: 'x' }, value: { kind: 'present' }, version: 'v2' }] },
    );
    unready = { 'shop/v2': WORKERS };
    look();
    expect(logged).toHaveLength(1);
  });

  test('that leaves the config is told no more', () => {
    unready = { 'shop/v2': WORKERS };
    look();
    serve({ v1: 1 });
    look();
    serve({ v1: 90, v2: 10 });
    look();
    expect(logged).toHaveLength(2);
  });
});

test('a mirror that pauses is told once, whatever versions it copies to, and when it copies again', () => {
  serve({ v1: 1, v2: 0 }, { mirrors: [{ name: 'dark', pool: undefined, version: undefined } as never] });
  paused = { 'shop/dark/v1': 1, 'shop/dark/v2': 1 };
  look();
  paused = {};
  look();
  expect(logged).toEqual([
    ['warn', 'a mirror pauses: its copies fail', { pool: 'shop', mirror: 'dark', versions: ['v1', 'v2'] }],
    ['info', 'a mirror makes copies again', { pool: 'shop', mirror: 'dark', afterMs: 0 }],
  ]);
  expect(recorded.map((line) => (line as unknown[])[0])).toEqual(['mirror-paused', 'mirror-resumed']);
});

test('where nothing is out and nothing was, a look goes through no pool', () => {
  config = new Proxy(config, {
    get: (_, key) => {
      throw new Error(`${String(key)} was read`);
    },
  });
  expect(look).not.toThrow();
});

test('a pool of thousands of versions that are all out is looked at in milliseconds, and told little by little', () => {
  const names = Array.from({ length: 9_000 }, (_, index) => `v${index}`);
  serve(Object.fromEntries(names.map((name) => [name, 1])));
  unready = Object.fromEntries(names.map((name) => [`shop/${name}`, WORKERS]));
  const before = process.cpuUsage();
  look();
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(2_000);
  const told = logged.length;
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThan(1_000);
  look();
  expect(logged.length).toBeGreaterThan(told);
});
