import { describe, expect, it } from 'vitest';
import { Journal } from '../../../src/control/journal.ts';
import { Markers } from '../../../src/control/markers.ts';
import type { VersionDeploy } from '../../../src/telemetry/version-deploy.ts';
import type { JournalLine } from '../../../src/api/journal.ts';
import type { MarkRequest } from '../../../src/control/control-api.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { StoreFailed } from '../../../src/store/store-errors.ts';
import { load } from './fakes.ts';

const config = load().config!;

async function open(store = new MemoryStore()) {
  const told: (readonly VersionDeploy[])[] = [];
  const followed: JournalLine[] = [];
  const logged: unknown[] = [];
  let wallMs = 1000;
  const { journal, left } = await Journal.open(store, () => wallMs);
  journal.follow((line) => followed.push(line));
  const log = { debug: add, info: add, warn: add, error: add, fatal: add };
  function add(fields: object, message: string): void {
    logged.push({ ...fields, message });
  }
  const tell = (deploys: readonly VersionDeploy[]) => {
    told.push(deploys);
    return Promise.resolve({ applied: 2, total: 2 });
  };
  const markers = new Markers({ journal, notes: left.notes, tell, wallMs: () => wallMs, log });
  const mark = (marker: Partial<MarkRequest['marker']> = {}, order: Partial<MarkRequest> = {}) => {
    const whole = { pool: 'shop', version: 'v2', deploy: 'd1', sha: '9f1c2ab', url: undefined, reason: 'step', ...marker };
    return markers.mark({ marker: whole, author: 'ci', expected: undefined, dryRun: false, ...order }, { revision: 3, config });
  };
  return { store, markers, mark, told, followed, logged, setTime: (ms: number) => (wallMs = ms) };
}

const MARKER = { pool: 'shop', version: 'v2', deploy: 'd1', sha: '9f1c2ab', url: undefined, reason: 'step', author: 'ci', atMs: 1000 };

describe('Markers', () => {
  it('keeps a marker, tells the workers, and says so in the journal and the log', async () => {
    const { markers, mark, told, followed, logged } = await open();
    const marked = { result: 'marked', revision: 3, changed: true, marker: MARKER, workers: { applied: 2, total: 2 } };
    expect(await mark()).toEqual(marked);
    expect(markers.of('shop', 'v2')).toEqual(MARKER);
    expect(told).toEqual([[{ pool: 'shop', version: 'v2', deploy: 'd1' }]]);
    const { author: _, atMs: __, ...detail } = MARKER;
    expect(followed).toEqual([{ seq: 1, atMs: 1000, kind: 'marker', author: 'ci', revision: 3, detail }]);
    expect(logged).toEqual([
      { pool: 'shop', version: 'v2', deploy: 'd1', sha: '9f1c2ab', author: 'ci', reason: 'step', message: 'version marked as a deploy' },
    ]);
    expect([...markers.labels()]).toEqual([[{ pool: 'shop', version: 'v2', deploy: 'd1', sha: '9f1c2ab' }, 1]]);
  });

  it('changes nothing when it is so already, no matter who says it and why', async () => {
    const { mark, followed, told, setTime } = await open();
    await mark();
    setTime(2000);
    expect(await mark({ reason: 'again' }, { author: 'ann' })).toMatchObject({ changed: false, marker: MARKER });
    expect(followed).toHaveLength(1);
    // They may not have known it yet.
    expect(told).toHaveLength(2);
    expect(await mark({ sha: undefined })).toMatchObject({ changed: true, marker: { sha: undefined, atMs: 2000 } });
    expect(await mark({ sha: undefined, url: 'https://ci.example/1' })).toMatchObject({ changed: true });
    expect(followed).toHaveLength(3);
  });

  it('a dry run, a stale one and unknown names leave everything as it was', async () => {
    const { markers, mark, followed, told } = await open();
    expect(await mark({}, { dryRun: true })).toEqual({ result: 'dry-run', revision: 3, changed: true, marker: MARKER });
    expect(await mark({}, { expected: 2 })).toEqual({ result: 'stale', revision: 3 });
    const problems = async (names: object) => ((await mark(names)) as { problems: unknown }).problems;
    expect(await problems({ pool: 'shp' })).toEqual([{ path: 'pool', message: 'pool: there is no pool "shp" (did you mean "shop"?)' }]);
    expect(await problems({ version: 'v22' })).toEqual([
      { path: 'version', message: 'version: there is no version "v22" (did you mean "v2"? there are v1, v2)' },
    ]);
    expect([markers.of('shop', 'v2'), followed, told]).toEqual([undefined, [], []]);
    expect(await mark({}, { expected: 3 })).toMatchObject({ result: 'marked' });
  });

  it('what cannot be kept is not marked', async () => {
    const { store, markers, mark, told } = await open();
    store.note = () => {
      throw new StoreFailed('the disk is full');
    };
    expect(await mark()).toEqual({ result: 'failed', message: 'the disk is full' });
    expect([markers.of('shop', 'v2'), told]).toEqual([undefined, []]);
  });

  it('is there after a restart, also when the journal has long forgotten it', async () => {
    const store = new MemoryStore({ revisions: { count: 5, size: 1e9 }, entries: { count: 3, size: 1e9 } });
    const before = await open(store);
    await before.mark();
    await before.mark({ version: 'v1', sha: undefined });
    for (let count = 0; count < 9; count++) await store.record({ atMs: 1, kind: 'refused', author: '', revision: 0, detail: '{}' });
    const { markers, told } = await open(store);
    expect(markers.of('shop', 'v2')).toEqual(MARKER);
    expect(told).toEqual([
      [
        { pool: 'shop', version: 'v1', deploy: 'd1' },
        { pool: 'shop', version: 'v2', deploy: 'd1' },
      ],
    ]);
    expect(await markers.list({ pool: undefined, version: undefined, limit: 9 })).toEqual({
      markers: [{ ...MARKER, version: 'v1', sha: undefined }, MARKER],
      recent: [],
    });
  });

  it('goes with its version, and does not come back with it', async () => {
    const { store, markers, mark, told } = await open();
    await mark();
    await mark({ version: 'v1' });
    markers.retain(config);
    expect(told).toHaveLength(2);
    markers.retain(load({ version: 'v3' }).config!);
    expect([markers.of('shop', 'v2'), markers.of('shop', 'v1')?.deploy]).toEqual([undefined, 'd1']);
    expect(told.at(-1)).toEqual([{ pool: 'shop', version: 'v1', deploy: 'd1' }]);
    expect((await store.notes()).map(({ name }) => name)).toEqual(['marker shop/v1']);
    markers.retain(config);
    expect((await open(store)).markers.of('shop', 'v2')).toBeUndefined();
    const { markers: latest, recent } = await markers.list({ pool: 'shop', version: 'v2', limit: 9 });
    expect([latest, recent]).toEqual([[], [MARKER]]);
  });

  it('lists recent ones newest first, of one pool and version, as many as asked for', async () => {
    const { markers, mark } = await open();
    for (const deploy of ['d1', 'd2', 'd3']) await mark({ deploy });
    await mark({ version: 'v1', deploy: 'd4' });
    const recent = async (query: object) => {
      const { recent: found } = await markers.list({ pool: undefined, version: undefined, limit: 9, ...query });
      return found.map(({ deploy }) => deploy);
    };
    expect(await recent({})).toEqual(['d4', 'd3', 'd2', 'd1']);
    expect(await recent({ version: 'v2', limit: 2 })).toEqual(['d3', 'd2']);
    expect(await recent({ pool: 'other' })).toEqual([]);
  });
});
