// From one system to another without losing a write: dual write, dual read, switch, back, switch, clean up. Each phase is one change.

import { afterEach, expect, test, vi } from 'vitest';
import { call, revisionOf } from './scaffold/admin.ts';
import { connectTo, get, requestText } from './scaffold/client.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { KeyStore } from './scaffold/key-store.ts';
import { makeFolder } from './scaffold/folder.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import type { Wire } from './scaffold/wire.ts';

vi.setConfig({ testTimeout: 60_000 });
afterEach(closeAll);

const MIRRORS = '/v1/pools/orders/mirrors';
const WRITES = { sideEffects: 'allow', onAbort: 'finish', match: { methods: ['POST', 'PUT', 'PATCH', 'DELETE'] } };
/** Of each writer: so many that a copy is long done when its key comes again, as copies keep no order among themselves. */
const KEYS = 100;

interface Missed {
  readonly total: number;
  readonly writes: readonly { readonly method: string; readonly target: string; readonly reason: string; readonly status?: number }[];
}

interface Reported {
  readonly verdict: { readonly verdict: string; readonly reason: string; readonly realFields: readonly { readonly path: string }[] };
}

async function startBoth() {
  const [old, fresh] = [await KeyStore.start(), await KeyStore.start()];
  const versions = { old: { endpoints: [old.address] }, new: { endpoints: [fresh.address] } };
  const pools = { orders: { versions, split: { old: 100, new: 0 } } };
  const state = { dir: makeFolder().file('state') };
  const config = { ...configFor({}), state, pools, routes: [{ name: 'orders', pool: 'orders' }] };
  return { sluice: await startSluice(config, { workers: 2 }), old, fresh, config };
}

/** One change, which must be accepted. */
async function change(sluice: Sluice, method: string, path: string, body?: object): Promise<void> {
  const response = await call(sluice, method, path, body);
  expect(`${method} ${path}: ${response.status} ${JSON.stringify(response.body.problems ?? '')}`).toMatch(/: 200 ""$/);
}

const question = async <T>(sluice: Sluice, path: string): Promise<T> => (await call(sluice, 'GET', `${MIRRORS}/${path}`)).body as T;

/** Writers that never stop writing, each to keys of its own, so that the order of writes to a key is known. */
class Writers {
  written = 0;
  readonly #wires: readonly Wire[];
  #going = true;
  readonly #done: Promise<unknown>;

  constructor(wires: readonly Wire[]) {
    this.#wires = wires;
    this.#done = Promise.all(wires.map((wire, index) => this.#write(wire, index)));
  }

  async #write(wire: Wire, writer: number): Promise<void> {
    for (let turn = 0; this.#going; turn++) {
      const key = `w${writer}-${turn % KEYS}`;
      const body = `v${turn}`;
      const request =
        turn % 7 === 6
          ? requestText('DELETE', `/orders/${key}`)
          : requestText('PUT', `/orders/${key}`, [`content-length: ${body.length}`]) + body;
      await wire.write(request);
      expect((await wire.readMessage()).status).toBe(200);
      this.written++;
    }
  }

  more(count: number): Promise<unknown> {
    const enough = this.written + count;
    return eventually(`${count} more writes`, () => this.written >= enough);
  }

  async stop(): Promise<void> {
    this.#going = false;
    await this.#done;
    for (const wire of this.#wires) await wire.close();
  }
}

async function startWriters(sluice: Sluice): Promise<Writers> {
  return new Writers(await Promise.all([0, 1, 2].map(() => connectTo(sluice))));
}

const sorted = ({ entries }: KeyStore): readonly (readonly [string, string])[] => [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1));

async function expectSame(sluice: Sluice, old: KeyStore, fresh: KeyStore): Promise<void> {
  await sluice.untilQuiet();
  expect(sorted(fresh)).toEqual(sorted(old));
  expect(old.entries.size).toBeGreaterThan(KEYS);
}

test('dual write, switch, rollback and clean up lose no write and fail no request', async () => {
  const { sluice, old, fresh } = await startBoth();
  await change(sluice, 'PUT', `${MIRRORS}/writes-to-new`, { version: 'new', ...WRITES });
  await change(sluice, 'PUT', `${MIRRORS}/writes-to-old`, { version: 'old', ...WRITES });
  const first = await startWriters(sluice);
  await first.more(600);
  await first.stop();
  await expectSame(sluice, old, fresh);

  const writers = await startWriters(sluice);
  await writers.more(100);
  const before = await revisionOf(sluice);
  await change(sluice, 'PUT', '/v1/pools/orders/split', { weights: { old: 0, new: 100 } });
  await writers.more(400);
  await change(sluice, 'POST', `/v1/revisions/${before}/restore`);
  await writers.more(400);
  await change(sluice, 'PUT', '/v1/pools/orders/split', { weights: { old: 0, new: 100 } });
  await writers.more(400);
  await writers.stop();
  await expectSame(sluice, old, fresh);
  expect(await question<Missed>(sluice, 'writes-to-new/missed')).toMatchObject({ total: 0, writes: [] });
  expect(await question<Missed>(sluice, 'writes-to-old/missed')).toMatchObject({ total: 0, writes: [] });

  await change(sluice, 'DELETE', MIRRORS);
  const last = await startWriters(sluice);
  await last.more(50);
  await last.stop();
  await sluice.untilQuiet();
  expect(sorted(fresh)).not.toEqual(sorted(old));
});

test('writes that the new system misses are counted and listed, and can be made up for', async () => {
  const { sluice, old, fresh, config } = await startBoth();
  await change(sluice, 'PUT', `${MIRRORS}/writes-to-new`, { version: 'new', ...WRITES });
  const wire = await connectTo(sluice);
  fresh.refusals = 3;
  const started = Date.now();
  for (let n = 0; n < 10; n++) {
    await wire.write(requestText('PUT', `/orders/k${n}?token=secret`, ['content-length: 1']) + 'x');
    expect((await wire.readMessage()).status).toBe(200);
    // One after the other, also at the shadow.
    await eventually('the copy', async () => (await sluice.metric('sluice_mirrored_total')) === n + 1);
  }
  const path = 'writes-to-new/missed';
  const { writes } = await eventually('the list', async () => {
    const missed = await question<Missed>(sluice, path);
    return missed.total === 3 ? missed : undefined;
  });
  expect(writes).toMatchObject(
    [0, 1, 2].map((n) => ({ method: 'PUT', target: `/orders/k${n}?token=***`, reason: 'upstream_error', status: 503 })),
  );
  expect(await sluice.metric('sluice_shadow_missed_writes_total', { pool: 'orders', mirror: 'writes-to-new' })).toBe(3);
  for (const { atMs } of writes as unknown as readonly { atMs: number }[]) expect(atMs - started).toBeGreaterThan(-1000);
  // What the old system holds now is what the new one lacks.
  for (const { target } of writes) {
    const key = /\/(k\d+)/.exec(target)![1]!;
    fresh.entries.set(key, old.entries.get(key)!);
  }
  expect(sorted(fresh)).toEqual(sorted(old));
  wire.destroy();
  sluice.signal('SIGTERM');
  expect((await within('the end', sluice.exited, 20_000)).code).toBe(0);
  const again = await startSluice(config);
  expect((await question<Missed>(again, path)).writes).toEqual(writes);
});

test('reads are compared: what differs by itself is not reported, a real difference is', async () => {
  const { sluice, old, fresh } = await startBoth();
  for (let n = 0; n < 5; n++) for (const store of [old, fresh]) store.entries.set(`k${n}`, `v${n}`);
  const compare = { perTemplate: 10_000, verdict: { minRequests: 100, maxDifferences: '10%', maxFailures: '10%' } };
  await change(sluice, 'PUT', `${MIRRORS}/reads-of-new`, { version: 'new', match: { methods: ['GET'] }, compare });
  const wire = await connectTo(sluice);
  const readUntil = (what: string, isSo: (report: Reported) => boolean): Promise<Reported> =>
    eventually(what, async () => {
      for (let n = 0; n < 50; n++) {
        await wire.write(get(`/orders/k${n % 5}`));
        expect((await wire.readMessage()).status).toBe(200);
      }
      const report = await question<Reported>(sluice, 'reads-of-new/report');
      return isSo(report) ? report : undefined;
    });
  const passed = await readUntil('a pass', ({ verdict }) => verdict.verdict === 'pass');
  expect(passed.verdict.realFields).toEqual([]);
  fresh.show = (key, value) => ({ key, value, state: 'opened' });
  const marker = { pool: 'orders', version: 'new', deploy: 'd2' };
  expect((await call(sluice, 'POST', '/v1/markers', marker)).status).toBe(200);
  const { verdict } = await readUntil('the field', ({ verdict: { realFields } }) => realFields.length > 0);
  expect(verdict.verdict).toBe('fail');
  expect(new Set(verdict.realFields.map(({ path }) => path))).toEqual(new Set(['$.state']));
  expect(verdict.reason).toContain('$.state');
  expect(await sluice.metric('sluice_shadow_differences_total', { pool: 'orders', mirror: 'reads-of-new', kind: 'value' })).toBeGreaterThan(
    0,
  );
});
