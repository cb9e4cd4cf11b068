// Texts made to cost time and memory, by every way that a text can come: the process stays responsive, refuses them soon, and serves on.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { bombs } from '../scaffold/bombs.ts';
import { programOf } from '../scaffold/program.ts';
import { ask, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const MIB = 1024 * 1024;
/** Alone on a machine a tenth of them. */
const [MOST_LIVEZ_MS, MOST_REFUSAL_MS] = [1_000, 8_000];
/** Of each kind some; all of them are held by the unit test. */
const SENT = bombs.filter((_, index) => index % 9 === 0).map(([name, make]) => [name, make(8 * MIB - 1024)] as const);

/** Above the level before, for all of a row; alone on a machine some less. */
const MOST_MIB = 90;

/** Asks `/livez` again and again until `done`; returns the longest wait. */
async function longestWait(sluice: Sluice, done: Promise<unknown>): Promise<number> {
  let isDone = false;
  let longest = 0;
  const ends = done.finally(() => (isDone = true));
  while (!isDone) {
    const began = performance.now();
    const response = await fetch(`http://127.0.0.1:${sluice.adminPort}/livez`);
    await response.text();
    expect(response.status).toBe(200);
    longest = Math.max(longest, performance.now() - began);
    await pause(5);
  }
  await ends;
  return longest;
}

const start = (more: object = {}): Promise<Sluice> =>
  startSluice(
    { ...configFor({}), pools: {}, routes: [{ name: 'all', respond: { status: 200, body: 'good' } }], ...more },
    {
      nodeArguments: ['--max-old-space-size=256'],
    },
  );

const isServed = async (sluice: Sluice): Promise<void> => expect((await ask(sluice, get())).body).toBe('good');

test('by PUT of the config, with and without a dry run', { timeout: 300_000 }, async () => {
  const sluice = await start();
  // What is loaded for the first call stays.
  await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/overview`);
  const before = sluice.rssBytes();
  for (const [name, body] of SENT)
    for (const query of ['?dryRun=true', '']) {
      const began = performance.now();
      const type = name.includes('JSON') ? 'application/json' : 'application/yaml';
      const sent = fetch(`http://127.0.0.1:${sluice.adminPort}/v1/config${query}`, {
        method: 'PUT',
        body,
        headers: { 'content-type': type },
      });
      const longest = await longestWait(sluice, sent);
      const response = await sent;
      expect([400, 422], name).toContain(response.status);
      expect(((await response.json()) as { problems: unknown[] }).problems.length, name).toBeGreaterThan(0);
      expect(longest, name).toBeLessThan(MOST_LIVEZ_MS);
      expect(performance.now() - began, name).toBeLessThan(MOST_REFUSAL_MS);
      expect((sluice.rssBytes() - before) / MIB, name).toBeLessThan(MOST_MIB);
    }
  await isServed(sluice);
});

test('by eight calls at once: one or two are read, and the others are told soon to come again', { timeout: 60_000 }, async () => {
  const sluice = await start();
  await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/overview`);
  const before = sluice.rssBytes();
  const body = `a: ${'x'.repeat(8 * MIB - 1024)}`;
  const began = performance.now();
  const put = async () => {
    const headers = { 'content-type': 'application/yaml' };
    const response = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/config?dryRun=true`, { method: 'PUT', body, headers });
    await response.text();
    return { status: response.status, again: response.headers.get('retry-after'), ms: performance.now() - began };
  };
  const responses = await Promise.all(Array.from({ length: 8 }, put));
  expect((sluice.rssBytes() - before) / MIB).toBeLessThan(MOST_MIB);
  expect(responses.some(({ status }) => status === 422)).toBe(true);
  for (const { status, again, ms } of responses) {
    expect([422, 503]).toContain(status);
    // Of those that are read the last one begins within the second that it waits.
    expect(ms).toBeLessThan(status === 503 ? 4_000 : MOST_REFUSAL_MS);
    if (status === 503) expect(Number(again)).toBeGreaterThan(0);
  }
  await isServed(sluice);
});

test('by the config file', { timeout: 300_000 }, async () => {
  const sluice = await start();
  sluice.expectLog(/config/);
  for (const [name, text] of SENT) {
    const before = sluice.logs.length;
    const refused = eventually(
      `a refusal of ${name}`,
      () => sluice.logs.slice(before).some(({ msg }) => /reject|problem/i.test(msg)),
      15_000,
    );
    writeFileSync(sluice.configPath, text);
    expect(await longestWait(sluice, refused), name).toBeLessThan(MOST_LIVEZ_MS);
  }
  await isServed(sluice);
});

test('by an endpoint file', { timeout: 120_000 }, async () => {
  const sluice = await start();
  const path = join(sluice.dir, 'endpoints.yaml');
  writeFileSync(path, '[127.0.0.1:9]');
  const pools = { shop: { versions: { v1: { endpointsFile: path } } } };
  sluice.writeConfig({ ...configFor({}), pools, routes: [{ name: 'all', respond: { status: 200, body: 'good' } }] });
  await eventually('the pool', async () => (await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/pools/shop`)).status === 200);
  sluice.expectLog(/endpoint file|no route leads/);
  for (const [name, text] of SENT) {
    const before = sluice.logs.length;
    const refused = eventually(
      `a refusal of ${name}`,
      () => sluice.logs.slice(before).some(({ msg }) => msg.includes('endpoint file is bad')),
      15_000,
    );
    writeFileSync(path, text.slice(0, MIB));
    expect(await longestWait(sluice, refused), name).toBeLessThan(MOST_LIVEZ_MS);
  }
  await isServed(sluice);
});

test('at a start: it fails in bounded time, and says why', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-hostile-'));
  const path = join(folder, 'sluice.yaml');
  for (const [name, text] of SENT.slice(0, 6)) {
    writeFileSync(path, text);
    const began = performance.now();
    const run = ['--max-old-space-size=256', programOf(), 'run', '--config', path];
    const { status, stderr } = spawnSync(process.execPath, run, { encoding: 'utf8', timeout: MOST_REFUSAL_MS });
    expect(status, name).toBe(1);
    expect(stderr, name).toMatch(/sluice\.yaml:[0-9]+:[0-9]+: /);
    expect(performance.now() - began, name).toBeLessThan(MOST_REFUSAL_MS);
  }
  rmSync(folder, { recursive: true });
});
