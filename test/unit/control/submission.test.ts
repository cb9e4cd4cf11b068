import { describe, expect, it } from 'vitest';
import { MAX_AMENDMENTS } from '../../../src/config/amend.ts';
import { decodeRead, readFiles } from '../../../src/config/decode.ts';
import { evaluateAmendments } from '../../../src/control/evaluate-change.ts';
import { Pace } from '../../../src/lib/pace.ts';
import type { AmendSubmission } from '../../../src/control/submission.ts';
import type { Change } from '../../../src/control/control-api.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { StoreFailed } from '../../../src/store/store-errors.ts';
import type { JournalEntry, NewEntry, StoredRevision } from '../../../src/store/store.ts';
import { load, open, settled, yaml } from './fakes.ts';
import type { Load } from './fakes.ts';

/** Files are read here, so that amendments can be laid over them. */
const file =
  (options?: Parameters<typeof yaml>[0]): Load =>
  () => ({ read: readFiles([{ file: '/etc/sluice.yaml', text: yaml(options) }]) });

type Opened = Awaited<ReturnType<typeof open>>;

const submission = (change: Change, rest: Partial<AmendSubmission> = {}): AmendSubmission => ({
  kind: 'amend',
  cause: 'api',
  author: 'ci',
  role: 'admin',
  reason: 'canary',
  expected: undefined,
  dryRun: false,
  change,
  ...rest,
});

const weight = (v2: number): Change => ({ kind: 'split', pool: 'shop', weights: { v1: 100 - v2, v2 } });
const moved = (before: number, after: number) => [
  { path: 'pools.shop.split.v1', before: `${100 - before}`, after: `${100 - after}` },
  { path: 'pools.shop.split.v2', before: `${before}`, after: `${after}` },
];
const weights = ({ dataPlane }: Opened) => dataPlane.updates.map(({ revision, config }) => [revision, config.pools[0]!.split['v2']]);

const moving = (v2: number): Change => ({ kind: 'split', pool: 'shop', weights: { v1: 100 - v2, v2 }, sessions: 'move' });
/** A pool whose users keep their version. */
const REMEMBERING = { pool: 'affinity: { cookie: {}, remember: { time: 2h, quiet: 30m, users: 1000 } }' };

async function started(store?: MemoryStore, options?: Parameters<typeof yaml>[0]): Promise<Opened> {
  const opened = await open(store);
  await opened.controller.apply(file(options), 'start');
  return opened;
}

/** Fails to keep as long as it is told to. */
class FailingStore extends MemoryStore {
  failing = false;

  override async compareAndAppend(expected: number, revision: StoredRevision, entry: NewEntry): Promise<JournalEntry> {
    if (this.failing) throw new StoreFailed('the disk is full');
    return super.compareAndAppend(expected, revision, entry);
  }
}

describe('Controller.submit', () => {
  it('tells once what the config says but probably does not mean, and again where a person changed the file', async () => {
    const { controller, lines } = await started(undefined, { pool: 'outlier: { consecutive: 5, consecutiveGateway: 9 }' });
    const told = (): number => lines.filter(({ message }) => message === 'config notice').length;
    const once = told();
    expect(once).toBeGreaterThan(0);
    await controller.submit(submission(weight(20)));
    await controller.submit(submission(weight(30), { cause: 'rollout' }));
    expect(told()).toBe(once);
    await controller.apply(file({ weight: 11, pool: 'outlier: { consecutive: 5, consecutiveGateway: 9 }' }), 'file');
    expect(told()).toBe(2 * once);
  });

  it('takes a canary back while the store fails, and refuses what goes forward', async () => {
    const store = new FailingStore();
    const { controller, journal } = await started(store);
    const shift = (v2: number, isBack: boolean): Change => ({
      kind: 'shift',
      pool: 'shop',
      rollout: 'shop-r',
      weights: { v1: 100 - v2, v2 },
      salts: {},
      canary: isBack ? '' : 'v2',
      overrides: {},
      mirrors: {},
      isBack,
      drains: [],
    });
    store.failing = true;
    expect((await controller.submit(submission(shift(50, false), { cause: 'rollout' }))).result).not.toBe('applied');
    expect(controller.config?.pools[0]?.split['v2']).toBe(10);
    expect((await controller.submit(submission(shift(0, true), { cause: 'rollout' }))).result).toBe('applied');
    expect(controller.config?.pools[0]?.split['v2']).toBe(0);
    store.failing = false;
    expect((await controller.submit(submission(weight(5)))).result).toBe('applied');
    expect((await journal.find(2))?.summary).toMatchObject({ cause: 'rollout' });
  });

  it('gives all else its turns between many dry runs, and ends those whose author has used up its share', async () => {
    const { controller } = await started();
    let usedMs = 0;
    let turns = 0;
    let isDone = false;
    const tick = (): void => void (isDone || (turns++, setTimeout(tick)));
    const account = { charge: (ms: number) => void (usedMs += ms), waitSeconds: () => (usedMs > 150 ? 3 : 0) };
    const wide = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`x-${index}`, { name: `x-${index}`, value: 'a' }]));
    const change: Change = { kind: 'override', pool: 'shop', name: 'a', override: { header: wide, version: 'v2' } };
    tick();
    const asked = Array.from({ length: 400 }, () => controller.submit(submission(change, { dryRun: true, account })));
    const outcomes = await Promise.all(asked);
    isDone = true;
    expect(outcomes.at(-1)).toEqual({ result: 'exhausted', seconds: 3 });
    expect(outcomes[0]).toMatchObject({ result: 'rejected' });
    expect(turns).toBeGreaterThan(3);
    expect((await controller.submit(submission(weight(50)))).result).toBe('applied');
  });

  it('puts a change in force on every worker, keeps it, then says so', async () => {
    const opened = await started();
    const { controller, journal } = opened;
    expect(await controller.submit(submission(weight(25)))).toEqual({
      result: 'applied',
      revision: 2,
      workers: { applied: 2, total: 2 },
      differences: moved(10, 25),
    });
    expect([controller.revision, controller.config]).toEqual([2, load({ weight: 25 }).config]);
    expect(weights(opened)).toEqual([
      [1, 10],
      [2, 25],
    ]);
    expect((await journal.find(2))?.summary).toMatchObject({ cause: 'api', author: 'ci', reason: 'canary', differences: moved(10, 25) });
    expect((await journal.find(2))?.amendments).toEqual(controller.amendments);
  });

  it('is stale when another revision is in force when its turn comes', async () => {
    const opened = await started();
    const submissions = [20, 30].map((v2) => opened.controller.submit(submission(weight(v2), { expected: 1 })));
    expect(await Promise.all(submissions)).toEqual([expect.objectContaining({ result: 'applied' }), { result: 'stale', revision: 2 }]);
    expect(await opened.controller.submit(submission(weight(30), { expected: 2 }))).toMatchObject({
      result: 'applied',
      revision: 3,
    });
    expect(opened.dataPlane.updates).toHaveLength(3);
  });

  it('a dry run says what would change and changes nothing', async () => {
    const opened = await started();
    const { controller, journal } = opened;
    const before = [controller.config, controller.amendments, journal.number];
    const outcome = await controller.submit(submission(weight(25), { dryRun: true }));
    expect(outcome).toMatchObject({ result: 'dry-run', revision: 1, differences: moved(10, 25), before: controller.served });
    expect('after' in outcome && outcome.after.pools[0]?.split).toEqual({ v1: 75, v2: 25 });
    expect(await controller.submit(submission(weight(-5), { dryRun: true }))).toMatchObject({ result: 'rejected' });
    expect(await controller.submit(submission(weight(1), { dryRun: true, expected: 7 }))).toEqual({ result: 'stale', revision: 1 });
    expect([controller.config, controller.amendments, journal.number]).toEqual(before);
    expect(opened.dataPlane.updates).toHaveLength(1);
  });

  it('what is in force already makes no revision', async () => {
    const opened = await started();
    await opened.controller.submit(submission(weight(25)));
    expect(await opened.controller.submit(submission(weight(25)))).toEqual({
      result: 'applied',
      revision: 2,
      workers: { applied: 2, total: 2 },
      differences: [],
    });
    expect([opened.journal.number, opened.dataPlane.updates.length]).toEqual([2, 2]);
  });

  it('what breaks a rule or names nothing reaches nobody', async () => {
    const opened = await started();
    expect(await opened.controller.submit(submission({ kind: 'split', pool: 'shop', weights: { v9: 1 } }))).toMatchObject({
      result: 'rejected',
      revision: 1,
      problems: [{ path: expect.stringContaining('split'), message: expect.stringContaining('v9') }],
    });
    expect(await opened.controller.submit(submission({ kind: 'clear-overrides', pool: 'x' }))).toMatchObject({ result: 'unknown' });
    expect([opened.journal.number, opened.dataPlane.updates.length, opened.controller.amendments]).toEqual([1, 1, []]);
  });

  it('says so when a change cannot lie over the file', async () => {
    const { read } = file()();
    const desired = { revision: 1, config: load().config!, read, amendments: [] };
    const path = ['pools', 'shop', 'overrides', '__proto__'];
    const outcome = await evaluateAmendments([{ path, value: {} }], desired, (one) => one, new Pace());
    expect(outcome).toMatchObject({ result: 'rejected', problems: [{ message: expect.stringContaining('is no path') }] });
    const many = Array.from({ length: MAX_AMENDMENTS + 1 }, (_, n) => ({ path: ['pools', 'shop', 'overrides', `o${n}`] }));
    expect(await evaluateAmendments(many, desired, (one) => one, new Pace())).toMatchObject({
      result: 'rejected',
      problems: [{ path: `pools.shop.overrides.o${MAX_AMENDMENTS}`, message: expect.stringContaining('more than') }],
    });
  });

  it('moves users when the change is in force and kept, and the journal says so', async () => {
    const opened = await started(undefined, REMEMBERING);
    const { controller, journal, movedUsers } = opened;
    expect(await controller.submit(submission(moving(25), { dryRun: true }))).toMatchObject({
      result: 'dry-run',
      moved: ['shop'],
    });
    expect(movedUsers).toEqual([]);
    expect(await controller.submit(submission(moving(25)))).toMatchObject({ revision: 2, moved: ['shop'] });
    expect(movedUsers).toEqual(['shop after 2']);
    expect((await journal.lines({ after: 0, limit: 100 })).at(-1)).toMatchObject({
      kind: 'revision',
      revision: 2,
      detail: { moved: ['shop'] },
    });
    expect(await controller.submit(submission(weight(30)))).not.toHaveProperty('moved');
    expect((await journal.lines({ after: 0, limit: 100 })).at(-1)?.detail).not.toHaveProperty('moved');
    expect(movedUsers).toHaveLength(1);
  });

  it('moves users also when all is as asked for already, without a revision', async () => {
    const opened = await started(undefined, REMEMBERING);
    const outcome = await opened.controller.submit(submission(moving(10), { reason: 'now' }));
    expect(outcome).toEqual({ result: 'applied', revision: 1, workers: { applied: 2, total: 2 }, differences: [], moved: ['shop'] });
    expect([opened.movedUsers, opened.journal.number, opened.dataPlane.updates.length]).toEqual([['shop after 1'], 1, 1]);
    expect((await opened.journal.lines({ after: 0, limit: 100 })).at(-1)).toMatchObject({
      kind: 'moved',
      author: 'ci',
      revision: 1,
      detail: { reason: 'now', moved: ['shop'] },
    });
  });

  it('moves nobody for what is refused or fails', async () => {
    const store = new FailingStore();
    const opened = await started(store, REMEMBERING);
    await opened.controller.submit(submission(moving(25), { expected: 9 }));
    await opened.controller.submit(submission(moving(-1)));
    opened.dataPlane.ends.push(() => Promise.reject(new Error('a port is taken')));
    expect(await opened.controller.submit(submission(moving(25)))).toMatchObject({ result: 'failed' });
    store.failing = true;
    expect(await opened.controller.submit(submission(moving(25)))).toMatchObject({ result: 'failed' });
    expect(opened.movedUsers).toEqual([]);
  });

  it('what cannot be kept is taken back from the workers, and has failed', async () => {
    const store = new FailingStore();
    const opened = await started(store);
    const { controller, journal } = opened;
    const told: unknown[] = [];
    journal.follow((line) => void told.push(line));
    store.failing = true;
    expect(await controller.submit(submission(weight(25)))).toEqual({ result: 'failed', message: 'the disk is full' });
    expect(weights(opened)).toEqual([
      [1, 10],
      [2, 25],
      [1, 10],
    ]);
    expect([controller.revision, controller.amendments, controller.config, told]).toEqual([1, [], load().config, []]);
    expect(controller.served?.pools[0]?.split['v2']).toBe(10);
    store.failing = false;
    expect(await controller.submit(submission(weight(30)))).toMatchObject({ result: 'applied', revision: 2 });
    expect(told).toHaveLength(1);
  });

  it('what can neither be kept nor taken back is in force, and told so', async () => {
    const store = new FailingStore();
    const opened = await started(store);
    const { controller, dataPlane, lines } = opened;
    store.failing = true;
    dataPlane.ends.push(() => Promise.resolve({ applied: 2, total: 2 }));
    dataPlane.ends.push(() => Promise.reject(new Error('listen EADDRINUSE')));
    expect(await controller.submit(submission(weight(25)))).toMatchObject({ result: 'applied', revision: 2 });
    expect(controller.config?.pools[0]?.split['v2']).toBe(25);
    expect(lines.some(({ level, message }) => level === 'error' && message.includes('could not be kept'))).toBe(true);
    store.failing = false;
    expect(await controller.submit(submission(weight(30)))).toMatchObject({ result: 'applied', revision: 3 });
    expect((await store.list({ limit: 10 })).map(({ number }) => number)).toEqual([3, 2, 1]);
  });

  it('a file that cannot be kept is served all the same, and kept before the next change', async () => {
    const store = new FailingStore();
    const opened = await started(store);
    const { controller, journal, lines } = opened;
    store.failing = true;
    expect(await controller.apply(file({ extra: 'workers: 3' }), 'file')).toMatchObject({ result: 'applied', revision: 2 });
    expect(await controller.apply(file({ extra: 'workers: 4' }), 'signal')).toMatchObject({ result: 'applied', revision: 3 });
    expect(lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['revision'])).toEqual([2, 3]);
    expect([(await store.latest())?.number, controller.revision]).toEqual([1, 3]);
    expect((await journal.revisions({ before: undefined, limit: 10 })).map((each) => `${each.revision} ${each.cause}`)).toEqual([
      '3 signal',
      '2 file',
      '1 start',
    ]);
    expect((await journal.find(2))?.written).toMatchObject({ workers: 3 });
    // What is asked is refused as before, and the numbers go on without a gap.
    expect(await controller.submit(submission(weight(25)))).toMatchObject({ result: 'failed', message: 'the disk is full' });
    store.failing = false;
    expect(await controller.submit(submission(weight(25)))).toMatchObject({ result: 'applied', revision: 4 });
    expect((await store.list({ limit: 10 })).map(({ number, cause }) => `${number} ${cause}`)).toEqual([
      '4 api',
      '3 signal',
      '2 file',
      '1 start',
    ]);
    expect((await store.find(2))?.atMs).toBe(0);
  });

  it('what is late is kept at the end, if it can be', async () => {
    const store = new FailingStore();
    const { controller, journal } = await started(store);
    store.failing = true;
    await controller.apply(file({ extra: 'workers: 3' }), 'file');
    await journal.close();
    expect((await store.latest())?.number).toBe(1);
    store.failing = false;
    await journal.close();
    expect(await store.latest()).toMatchObject({ number: 2, cause: 'file' });
  });

  it('a start whose state cannot be written serves', async () => {
    const store = new FailingStore();
    store.failing = true;
    const opened = await open(store);
    expect(await opened.controller.apply(file(), 'start')).toMatchObject({ result: 'applied', revision: 1 });
  });

  it('files are not kept in memory without a bound', async () => {
    const store = new FailingStore();
    const opened = await started(store);
    store.failing = true;
    const results: string[] = [];
    for (let workers = 2; workers < 20; workers++)
      results.push((await opened.controller.apply(file({ extra: `workers: ${workers}` }), 'file')).result);
    expect(results).toEqual([...Array<string>(16).fill('applied'), 'failed', 'failed']);
    expect(opened.controller.config?.workers).toBe(17);
  });

  it('has failed when the workers refuse it; the next one goes on', async () => {
    const opened = await started();
    opened.dataPlane.ends.push(() => Promise.reject(new Error('refused')));
    expect(await opened.controller.submit(submission(weight(25)))).toEqual({ result: 'failed', message: 'refused' });
    expect([opened.journal.number, opened.controller.amendments]).toEqual([1, []]);
    expect(await opened.controller.submit(submission(weight(25)))).toMatchObject({ result: 'applied', revision: 2 });
  });

  it('changes are made one after the other, each from what the one before left', async () => {
    const opened = await started();
    const outcomes = await Promise.all([20, 30, 40].map((v2) => opened.controller.submit(submission(weight(v2)))));
    expect(outcomes.map((outcome) => 'revision' in outcome && outcome.revision)).toEqual([2, 3, 4]);
    expect(outcomes.map((outcome) => 'differences' in outcome && outcome.differences)).toEqual([
      moved(10, 20),
      moved(20, 30),
      moved(30, 40),
    ]);
  });

  it('changes and files take turns; what the file changed itself is the file’s', async () => {
    const opened = await started();
    const { controller } = opened;
    const outcomes = await Promise.all([
      controller.submit(submission(weight(20))),
      controller.apply(file({ extra: 'workers: 2' }), 'file'),
      controller.submit(submission({ kind: 'drain', pool: 'shop', version: 'v1', endpoint: undefined })),
    ]);
    expect(outcomes.map(({ result }) => result)).toEqual(['applied', 'applied', 'applied']);
    expect(controller.config).toMatchObject({ workers: 2, pools: [{ split: { v2: 20 }, versions: [{ drain: true }, { drain: false }] }] });
    expect(controller.revision).toBe(4);
    await controller.apply(file({ weight: 50 }), 'file');
    expect(controller.config?.pools[0]).toMatchObject({ split: { v2: 50 }, versions: [{ drain: true }, {}] });
    expect((await opened.journal.lines({ after: 0, limit: 100 })).at(-1)?.detail).toMatchObject({
      cause: 'file',
      overtaken: ['the file changed pools.shop.split itself'],
    });
  });

  it('before the first config is in force there is nothing to change', async () => {
    const opened = await open();
    expect(await opened.controller.submit(submission(weight(20)))).toEqual({ result: 'failed', message: 'No config is in force.' });
    await opened.controller.apply(() => ({ read: readFiles([{ file: '/etc/sluice.yaml', text: 'pools: 5' }]) }), 'start');
    expect(await opened.controller.submit(submission(weight(20)))).toMatchObject({ result: 'failed' });
    expect(opened.dataPlane.updates).toEqual([]);
  });

  it('one that comes while the first config is put in force waits for it', async () => {
    const opened = await open();
    const first = opened.controller.apply(file(), 'start');
    expect(await opened.controller.submit(submission(weight(20)))).toMatchObject({ result: 'applied', revision: 2 });
    expect(await first).toMatchObject({ result: 'applied', revision: 1 });
  });

  it('close() settles those that wait and those that come; none reaches a worker', async () => {
    const opened = await started();
    let known: () => void = () => undefined;
    opened.discovery.ready = new Promise((resolve) => (known = resolve));
    const asked = [20, 30, 40].map((v2) => opened.controller.submit(submission(weight(v2))));
    await settled();
    opened.controller.close();
    const stopping = { result: 'failed', message: 'Sluice is stopping.' };
    expect(await Promise.all(asked.slice(1))).toEqual([stopping, stopping]);
    known();
    expect(await asked[0]).toEqual(stopping);
    expect(await opened.controller.submit(submission(weight(50)))).toEqual(stopping);
    expect(await opened.controller.submit(submission(weight(50), { dryRun: true }))).toEqual(stopping);
    expect([opened.dataPlane.updates.length, opened.journal.number]).toEqual([1, 1]);
  });

  it('one that the workers have already is kept though close() comes meanwhile', async () => {
    const opened = await started();
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    opened.dataPlane.ends.push(() => ended.then(() => ({ applied: 2, total: 2 })));
    const asked = opened.controller.submit(submission(weight(20)));
    await settled();
    opened.controller.close();
    end();
    expect(await asked).toMatchObject({ result: 'applied', revision: 2 });
    expect(opened.journal.number).toBe(2);
  });
});

describe('a start with a kept state', () => {
  async function left(): Promise<MemoryStore> {
    const store = new MemoryStore();
    const opened = await started(store);
    await opened.controller.submit(submission(weight(25)));
    return store;
  }

  it('finds the same state under the same number', async () => {
    const store = await left();
    const { lastSeq } = store;
    const opened = await open(store);
    expect(await opened.controller.apply(file(), 'start')).toMatchObject({ result: 'applied', revision: 2 });
    expect(weights(opened)).toEqual([[2, 25]]);
    expect([opened.journal.number, store.lastSeq]).toEqual([2, lastSeq]);
    expect(await opened.controller.submit(submission(weight(30)))).toMatchObject({ revision: 3, differences: moved(25, 30) });
  });

  it('a file that has changed elsewhere is the next number, under what was amended', async () => {
    const opened = await open(await left());
    expect(await opened.controller.apply(file({ extra: 'workers: 3' }), 'start')).toMatchObject({ result: 'applied', revision: 3 });
    expect(opened.controller.config).toMatchObject({ workers: 3, pools: [{ split: { v1: 75, v2: 25 } }] });
    expect([opened.journal.number, (await opened.journal.find(3))?.written]).toMatchObject([3, { workers: 3 }]);
    expect((await opened.journal.find(3))?.summary).toMatchObject({
      cause: 'start',
      author: 'file',
      differences: [{ path: 'workers', before: 'auto', after: '3' }],
    });
  });

  it('tells which amendments the file has overtaken meanwhile', async () => {
    const opened = await open(await left());
    await opened.controller.apply(file({ weight: 40 }), 'start');
    expect(weights(opened)).toEqual([[3, 40]]);
    expect(opened.controller.amendments).toEqual([]);
    expect((await opened.journal.lines({ after: 0, limit: 100 })).at(-1)).toMatchObject({
      revision: 3,
      detail: { cause: 'start', overtaken: ['the file changed pools.shop.split itself'] },
    });
  });

  it('a file that says by now what was amended is a new number without amendments', async () => {
    const opened = await open(await left());
    await opened.controller.apply(file({ weight: 25 }), 'start');
    expect([opened.controller.revision, opened.controller.amendments]).toEqual([3, []]);
    expect(opened.controller.config).toEqual(decodeRead(file({ weight: 25 })().read).config);
  });

  it('a broken file changes nothing that was kept', async () => {
    const store = await left();
    const opened = await open(store);
    const broken: Load = () => ({ read: readFiles([{ file: '/etc/sluice.yaml', text: 'listeners: 5' }]) });
    expect(await opened.controller.apply(broken, 'start')).toMatchObject({ result: 'rejected', revision: 0 });
    expect([opened.journal.number, opened.controller.amendments.length]).toEqual([2, 1]);
    expect(await opened.controller.apply(file(), 'file')).toMatchObject({ result: 'applied', revision: 2 });
  });

  it('amendments that cannot be read are left out', async () => {
    const store = new MemoryStore();
    const about = { number: 1, atMs: 0, author: '', reason: '', cause: 'start', written: '{}', differences: '[]' };
    await store.compareAndAppend(
      0,
      { ...about, amendments: '[{"path":["__proto__"]}]' },
      { atMs: 0, kind: 'revision', author: '', revision: 1, detail: '{}' },
    );
    const opened = await open(store);
    expect(opened.controller.amendments).toEqual([]);
    expect(await opened.controller.apply(file(), 'start')).toMatchObject({ result: 'applied', revision: 2 });
  });
});
