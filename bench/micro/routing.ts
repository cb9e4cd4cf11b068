// Time of routing decisions: what each costs per request, and that 10,000 routes cost no more than ten.

import { wallMs } from '../../src/lib/clock.ts';
import { compileTable } from '../../src/routing/compile.ts';
import { choose } from '../../src/routing/choose.ts';
import { isAmbiguousPath } from '../../src/routing/path.ts';
import { createSessionMemory, Sessions } from '../../src/routing/sessions.ts';
import { SplitStream } from '../../src/routing/split-stream.ts';
import { Sfc32 } from '../../src/lib/sfc32.ts';
import { Choice } from '../../src/routing/choice.ts';
import type { RoutableRequest } from '../../src/routing/request.ts';
import type { PoolTable, Table } from '../../src/routing/table.ts';
import type { PoolConfig } from '../../src/config/model.ts';
import { makeConfig, makeMatch, makePool, makePoolTable, makeRoute, prefix, regex } from '../../test/unit/routing/make-table.ts';

const FIELDS = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  Cookie: 'theme=dark; sluice-shop=AbCdEfGhIjKlMnOpQrSt_-; _ga=GA1.2.1234567890.1234567890',
  'X-User-Id': 'user-4711',
  'Sec-Fetch-Mode': 'navigate',
};
const QA = { name: 'qa', source: { kind: 'header', name: 'x-version' }, value: { kind: 'exact', value: 'v2' }, version: 'v2' } as const;
const OWN = {
  kind: 'cookie',
  name: 'sluice-shop',
  own: true,
  maxAgeMs: 86_400_000,
  path: '/',
  sameSite: 'lax',
  secure: 'auto',
  domain: undefined,
  partitioned: false,
} as const;

const chance = new Sfc32([1, 2, 3]);
const random = (): number => chance.next();
const stream = new SplitStream(makePoolTable({ v1: 90, v2: 10 }), random);
const state = {
  ready: () => true,
  rampShare: () => 1,
  chance: () => 0,
  nextVersion: () => stream.next(),
  nextReadyVersion: () => stream.next(),
  newKey: () => 'AbCdEfGhIjKlMnOpQrSt_-',
  sessions: new Sessions(createSessionMemory(65_536, [1, 2])),
  wallSeconds: () => Math.floor(wallMs() / 1000) | 0,
};
const HOLD = { timeMs: 7_200_000, quietMs: 1_800_000, users: 65_536 };
const out = new Choice();

export const benchmarks: readonly { name: string; run: (iterations: number) => unknown }[] = [
  { name: 'match in 10 routes of one host', run: matching(10, 1) },
  { name: 'match in 10,000 routes of one host', run: matching(10_000, 1) },
  { name: 'match in 10,000 routes of 100 hosts', run: matching(10_000, 100) },
  { name: 'match in 10 regexes of one host', run: matching(10, 1, 'regex') },
  { name: 'match in 10,000 regexes of one host', run: matching(10_000, 1, 'regex') },
  { name: 'draw one of two versions', run: drawing({ v1: 95, v2: 5 }) },
  { name: 'draw one of four versions', run: drawing({ v1: 80, v2: 15, v3: 4, v4: 1 }) },
  { name: 'choose unkeyed', run: choosing({}) },
  { name: 'choose by header key', run: choosing({ affinity: { kind: 'header', name: 'x-user-id', remember: undefined } }) },
  { name: 'choose by own cookie', run: choosing({ affinity: { ...OWN, remember: undefined } }) },
  { name: 'choose by own cookie, with a session', run: choosing({ affinity: { ...OWN, remember: HOLD } }) },
  { name: 'choose by own cookie, held by a session', run: choosing({ affinity: { ...OWN, remember: HOLD }, split: { v1: 0, v2: 1 } }) },
  { name: 'choose by override', run: choosing({ overrides: [QA] }, { ...FIELDS, 'X-Version': 'v2' }) },
  { name: 'choose past an override that does not fit', run: choosing({ overrides: [QA] }) },
];

/** A new path string per request, as the parser makes them. */
function matching(routes: number, hosts: number, kind: 'prefix' | 'regex' = 'prefix'): (iterations: number) => void {
  const table = routeTable(routes, hosts, kind);
  const matcher = table.matchers.get('web');
  const targets = Array.from({ length: 64 }, (_, index) => {
    const route = Math.floor((index * routes) / 64);
    return { authority: `h${route % hosts}.example.com`, line: `GET /app/service-${route}/items/${index} HTTP/1.1` };
  });
  const request: { -readonly [K in keyof RoutableRequest]: RoutableRequest[K] } = {
    method: 'GET',
    path: '',
    query: '',
    authority: '',
    block: blockOf(FIELDS),
  };
  return (iterations) => {
    for (let i = 0; i < iterations; i++) {
      const target = targets[i & 63]!;
      request.path = target.line.slice(4, -9);
      request.authority = target.authority;
      if (isAmbiguousPath(request.path) || matcher?.find(request) === undefined) throw new Error('no route');
    }
  };
}

function choosing(pool: Partial<PoolConfig>, fields: Readonly<Record<string, string>> = FIELDS): (iterations: number) => void {
  const compiled: PoolTable = makePoolTable({ v1: 90, v2: 10 }, pool);
  const request = { method: 'GET', path: '/', query: '', authority: 'a', block: blockOf(fields) };
  return (iterations) => {
    for (let i = 0; i < iterations; i++) {
      choose(compiled, request, '10.0.0.1', state, out);
      if (out.version === undefined) throw new Error('no version');
    }
  };
}

function drawing(split: Readonly<Record<string, number>>): (iterations: number) => number {
  const drawn = new SplitStream(makePoolTable(split), random);
  return (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += drawn.next();
    return sum;
  };
}

function routeTable(routes: number, hosts: number, kind: 'prefix' | 'regex' = 'prefix'): Table {
  const made = Array.from({ length: routes }, (_, index) => {
    const path = kind === 'prefix' ? prefix(`/app/service-${index}`) : regex(`^/app/service-${index}/items/[0-9]+$`);
    return makeRoute(`r${index}`, { hosts: [`h${index % hosts}.example.com`], match: [makeMatch(path)] });
  });
  return compileTable(makeConfig(made, [makePool({ v1: 1 })]), 1);
}

function blockOf(fields: Readonly<Record<string, string>>): string {
  const text = Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  // One flat string, as the parser hands it over.
  return Buffer.from(text, 'latin1').toString('latin1');
}

if (import.meta.main) {
  for (const { name, run } of benchmarks) {
    run(200_000);
    const start = performance.now();
    run(1_000_000);
    console.log(`${name.padEnd(44)} ${(performance.now() - start).toFixed(0).padStart(6)} ns/op`);
  }
  const start = performance.now();
  routeTable(10_000, 100);
  console.log(`${'compile 10,000 routes'.padEnd(44)} ${(performance.now() - start).toFixed(0).padStart(6)} ms`);
}
