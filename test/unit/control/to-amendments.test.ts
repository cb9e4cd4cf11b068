import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Amendment } from '../../../src/config/amend.ts';
import { readingHere } from './fakes.ts';
import { decodeRead, decodeText, readFiles } from '../../../src/config/decode.ts';
import { diffConfigs, formatDifference } from '../../../src/config/diff.ts';
import type { Config } from '../../../src/config/model.ts';
import { configAsJson, printConfig } from '../../../src/config/print.ts';
import type { Basis } from '../../../src/control/submission.ts';
import { Journal } from '../../../src/control/journal.ts';
import { toAmendments } from '../../../src/control/to-amendments.ts';
import type { Change } from '../../../src/control/control-api.ts';
import type { Role } from '../../../src/control/touched-fields.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { DEFAULT_RETENTION } from '../../../src/store/retention.ts';

const FILE = '/etc/sluice.yaml';
const TEXT = `listeners: [{ name: web, address: 127.0.0.1:8080 }]
pools:
  shop:
    versions:
      v1: { endpoints: [127.0.0.1:9001, 127.0.0.1:9002] }
      v2: { endpoints: [{ address: 127.0.0.1:9003, weight: 2 }] }
    split: { v1: 90, v2: 10 }
    overrides:
      - { name: qa, header: { name: x-qa, value: v2 }, version: v2 }
  other:
    versions: { v1: { endpoints: [127.0.0.1:9004] } }
routes:
  - { name: main, pool: shop }
  - { name: rest, pool: other, hosts: [other.test] }
`;

/** A desired state that is changed as the controller changes it. */
class Room {
  readonly journal: Journal;
  desired: Basis;

  private constructor(journal: Journal, desired: Basis) {
    this.journal = journal;
    this.desired = desired;
  }

  static async open(text = TEXT, kept = 1000): Promise<Room> {
    const store = new MemoryStore({ ...DEFAULT_RETENTION, revisions: { count: kept, size: 100_000_000 } });
    const { journal } = await Journal.open(store, () => 0);
    const read = readFiles([{ file: FILE, text }]);
    const room = new Room(journal, { revision: 0, config: decodeRead(read).config!, read, amendments: [] });
    await room.#keep(room.desired.config, []);
    return room;
  }

  ask(change: Change, role: Role = 'admin'): ReturnType<typeof toAmendments> {
    return toAmendments({ change, role }, this.desired, { journal: this.journal, reading: readingHere });
  }

  /** What is in force from then on, against what was. */
  async change(change: Change): Promise<readonly string[]> {
    const amendments = await this.ask(change);
    if ('result' in amendments) throw new Error(JSON.stringify(amendments));
    const { config, problems, amended } = decodeRead(this.desired.read, amendments);
    expect([problems, amended.superseded]).toEqual([[], []]);
    const differences = diffConfigs(this.desired.config, config!).map(formatDifference);
    await this.#keep(config!, amended.amendments);
    return differences;
  }

  async problems(change: Change): Promise<readonly string[]> {
    const amendments = await this.ask(change);
    const found = 'result' in amendments ? (amendments.result === 'rejected' ? amendments.problems : []) : this.#decoded(amendments);
    return found.map(({ message }) => message);
  }

  /** Another file, which the amendments still fit. */
  async edit(text: string): Promise<void> {
    const read = readFiles([{ file: FILE, text }]);
    const { config, amended } = decodeRead(read, this.desired.amendments);
    this.desired = { ...this.desired, read };
    await this.#keep(config!, amended.amendments);
  }

  get fromFile(): readonly string[] {
    return diffConfigs(decodeRead(this.desired.read).config!, this.desired.config).map(formatDifference);
  }

  #decoded(amendments: readonly Amendment[]) {
    return decodeRead(this.desired.read, amendments).problems;
  }

  async #keep(config: Config, amendments: readonly Amendment[]): Promise<void> {
    const number = this.journal.number + 1;
    const about = { cause: 'api', author: '', reason: '', differences: [], facts: {} };
    await this.journal.keep({ number, ...about, amendments, written: () => configAsJson(config) });
    this.desired = { ...this.desired, revision: number, config, amendments };
  }
}

const split = (v1: number, pool = 'shop'): Change => ({ kind: 'split', pool, weights: { v1, v2: 100 - v1 } });
const override = (name: string, version: string): Change => ({
  kind: 'override',
  pool: 'shop',
  name,
  override: { header: { name: 'x-qa', value: name }, version },
});
const drain = (kind: 'drain' | 'resume', version: string, endpoint?: string): Change => ({ kind, pool: 'shop', version, endpoint });

describe('toAmendments', () => {
  it('sets a split whole, for the rules to judge', async () => {
    const room = await Room.open();
    expect(await room.change(split(75))).toEqual(['pools.shop.split.v1: 90 -> 75', 'pools.shop.split.v2: 10 -> 25']);
    expect(await room.change({ kind: 'split', pool: 'shop', weights: { v1: 0, v2: 1 } })).toEqual([
      'pools.shop.split.v1: 75 -> 0',
      'pools.shop.split.v2: 25 -> 1',
    ]);
    expect(await room.problems({ kind: 'split', pool: 'shop', weights: { v3: 1 } })).toEqual([expect.stringContaining('v3')]);
    expect(await room.problems({ kind: 'split', pool: 'shop', weights: { v1: -1 } })).toHaveLength(1);
    for (const weights of [{ v1: 10 }, { v2: 100 }])
      expect(await room.problems({ kind: 'split', pool: 'shop', weights })).toEqual([
        expect.stringMatching(/only "v[12]" of 2 versions is named: write .* if it is to get all requests, or name the others/),
      ]);
    expect(await room.change(split(90))).toHaveLength(2);
    expect(room.desired.amendments).toEqual([]);
  });

  it.each<[Change, string]>([
    [split(50, 'shpo'), 'no pool "shpo"'],
    [split(50, '__proto__'), 'no pool "__proto__"'],
    [{ kind: 'clear-overrides', pool: 'x' }, 'no pool "x"'],
    [{ kind: 'remove-override', pool: 'x', name: 'qa' }, 'no pool "x"'],
    [{ kind: 'override', pool: 'x', name: 'qa', override: {} }, 'no pool "x"'],
    [{ kind: 'resume', pool: 'x', version: 'v1', endpoint: undefined }, 'no pool "x"'],
    [drain('drain', 'v3'), 'no version "v3"'],
    [drain('drain', 'v1', '127.0.0.1:9003'), '127.0.0.1:9003'],
    [{ kind: 'restore', revision: 99 }, 'There is no revision 99; it was never made, or is too old to be kept.'],
  ])('%j is about nothing that there is', async (change, message) => {
    expect(await (await Room.open()).ask(change)).toEqual({ result: 'unknown', message: expect.stringContaining(message) });
  });

  it('adds an override by its name and changes it', async () => {
    const room = await Room.open();
    expect(await room.change(override('qb', 'v1'))).toEqual([expect.stringMatching(/^pools\.shop\.overrides\.qb: added/)]);
    const changed = { query: { name: 'q', value: '1' }, version: 'v2' };
    expect(await room.change({ kind: 'override', pool: 'shop', name: 'qb', override: changed })).not.toEqual([]);
    expect(room.desired.config.pools[0]?.overrides.map(({ name, version }) => `${name} ${version}`)).toEqual(['qa v2', 'qb v2']);
    expect(await room.problems(override('qc', 'v9'))).toEqual([expect.stringContaining('v9')]);
    for (const wrong of [5, 'text', [], undefined, null, {}, { ...changed, name: 'qz' }])
      expect(await room.problems({ kind: 'override', pool: 'shop', name: 'qc', override: wrong })).not.toEqual([]);
  });

  it('changes an override of the file; to clear them brings back what the file says', async () => {
    const room = await Room.open();
    expect(await room.change(override('qa', 'v1'))).toContain('pools.shop.overrides.qa.version: v2 -> v1');
    await room.change(override('qb', 'v1'));
    await room.change(split(50));
    await room.change({ kind: 'clear-overrides', pool: 'shop' });
    expect(room.fromFile).toEqual(['pools.shop.split.v1: 90 -> 50', 'pools.shop.split.v2: 10 -> 50']);
  });

  it('removes overrides of the API and of the file; to clear them brings those of the file back', async () => {
    const room = await Room.open();
    await room.change(override('qb', 'v1'));
    expect(await room.change({ kind: 'remove-override', pool: 'shop', name: 'qb' })).toEqual(['pools.shop.overrides.qb: removed']);
    expect(room.desired.amendments).toEqual([]);
    await room.change({ kind: 'remove-override', pool: 'shop', name: 'qa' });
    expect(room.desired.config.pools[0]?.overrides).toEqual([]);
    expect(await room.change({ kind: 'remove-override', pool: 'shop', name: 'qa' })).toEqual([]);
    await room.change({ kind: 'clear-overrides', pool: 'shop' });
    expect([room.fromFile, room.desired.amendments]).toEqual([[], []]);
  });

  it('clears the overrides of one pool alone', async () => {
    const room = await Room.open();
    await room.change(override('qb', 'v1'));
    await room.change({ kind: 'clear-overrides', pool: 'other' });
    expect(room.desired.config.pools[0]?.overrides).toHaveLength(2);
  });

  it('clears also those that came with a whole pool, and leaves the rest of it', async () => {
    const room = await Room.open();
    const more = '\n      - { name: qb, header: { name: x-qa, value: b }, version: v1 }\n  other:';
    await room.change({ kind: 'config', document: TEXT.replace('\n  other:', more).replace('v1: 90, v2: 10', 'v1: 1, v2: 1') });
    await room.change(override('qa', 'v1'));
    await room.change({ kind: 'clear-overrides', pool: 'shop' });
    expect(room.fromFile).toEqual(['pools.shop.split.v1: 90 -> 1', 'pools.shop.split.v2: 10 -> 1']);
  });

  it('drains a version and takes it back', async () => {
    const room = await Room.open();
    expect(await room.change(drain('drain', 'v1'))).toEqual(['pools.shop.versions.v1.drain: false -> true']);
    expect(await room.change(drain('drain', 'v1'))).toEqual([]);
    expect(await room.change(drain('resume', 'v1'))).toEqual(['pools.shop.versions.v1.drain: true -> false']);
    expect(await room.change(drain('resume', 'v1'))).toEqual([]);
  });

  it.each([
    ['as plain text', 'v1', '127.0.0.1:9002', 1],
    ['as a map', 'v2', '127.0.0.1:9003', 2],
  ])('drains an endpoint written %s and takes it back', async (_, version, endpoint, weight) => {
    const room = await Room.open();
    const path = `pools.shop.versions.${version}.endpoints["${endpoint}"].drain`;
    expect(await room.change(drain('drain', version, endpoint))).toEqual([`${path}: false -> true`]);
    const found = room.desired.config.pools[0]!.versions.flatMap(({ endpoints }) => endpoints).filter((each) => each.drain);
    expect(found.map((each) => [each.key, each.weight])).toEqual([[endpoint, weight]]);
    expect(await room.change(drain('resume', version, endpoint))).toEqual([`${path}: true -> false`]);
    expect(room.fromFile).toEqual([]);
  });

  it('resumes what the file drains', async () => {
    const room = await Room.open(TEXT.replace('weight: 2', 'weight: 2, drain: true'));
    expect(await room.change(drain('resume', 'v2', '127.0.0.1:9003'))).toHaveLength(1);
    expect(room.desired.config.pools[0]?.versions[1]?.endpoints[0]).toMatchObject({ drain: false, weight: 2 });
  });

  describe('a whole config', () => {
    const wanted = TEXT.replace('v1: 90, v2: 10', 'v1: 1, v2: 9')
      .replace('  other:', '  more:')
      .replace('pool: other', 'pool: more')
      .replace('\nroutes:', '\nworkers: 3\nroutes:');
    const asked = decodeText(FILE, wanted).config!;

    it.each<[string, unknown]>([
      ['YAML', wanted],
      ['plain data', readFiles([{ file: FILE, text: wanted }]).document!.value],
      ['what is printed of it', printConfig(asked)],
    ])('is put in force from %s, in place of all that was asked before', async (_, document) => {
      const room = await Room.open();
      await room.change(override('qb', 'v1'));
      await room.change(drain('drain', 'v1'));
      await room.change({ kind: 'config', document });
      expect(diffConfigs(asked, room.desired.config)).toEqual([]);
      expect(await room.change({ kind: 'config', document })).toEqual([]);
    });

    it('amends only what differs', async () => {
      const room = await Room.open();
      await room.change({ kind: 'config', document: wanted });
      expect(room.desired.amendments.map(({ path }) => path.join('.')).sort()).toEqual([
        'pools.more',
        'pools.other',
        'pools.shop.split',
        'routes',
        'workers',
      ]);
      await room.change({ kind: 'config', document: TEXT });
      expect([room.fromFile, room.desired.amendments]).toEqual([[], []]);
    });

    it('goes on from a pool that only the API knows', async () => {
      const room = await Room.open();
      await room.change({ kind: 'config', document: wanted });
      expect(await room.change({ kind: 'split', pool: 'more', weights: { v1: 7 } })).toEqual(['pools.more.split.v1: 1 -> 7']);
      expect(await room.change({ kind: 'drain', pool: 'more', version: 'v1', endpoint: '127.0.0.1:9004' })).toHaveLength(1);
      expect(await room.ask(split(1, 'other'))).toMatchObject({ result: 'unknown' });
    });

    it('says where YAML is wrong', async () => {
      const room = await Room.open();
      expect(await room.ask({ kind: 'config', document: 'listeners:\n  "a' })).toMatchObject({
        result: 'rejected',
        revision: 1,
        problems: [{ line: expect.any(Number), message: expect.stringContaining('not valid YAML') }],
      });
      expect(await room.problems({ kind: 'config', document: '' })).toHaveLength(1);
      expect(await room.problems({ kind: 'config', document: '- a' })).toEqual([expect.stringContaining('must be a map')]);
      expect(await room.problems({ kind: 'config', document: '__proto__: {}' })).toEqual([expect.stringContaining('__proto__')]);
    });

    it.each([undefined, null, 5, true, [], [{}]])('%j is no config', async (document) => {
      expect(await (await Room.open()).problems({ kind: 'config', document })).not.toEqual([]);
    });

    it.each<[string, Record<string, unknown>]>([
      ['an unknown key', { poools: {} }],
      ['a pool that is none', { pools: { shop: 5 } }],
      ['pools that are no map', { pools: [] }],
      ['pools that are nothing', { pools: null, routes: [{ name: 'r', respond: { status: 204 } }] }],
      ['pools that are a number', { pools: 5, routes: [{ name: 'r', respond: { status: 204 } }] }],
      ['listeners that are none', { listeners: 'web' }],
      ['routes to a pool that is gone', { pools: {} }],
    ])('%s has Problems', async (_, part) => {
      const document = { ...readFiles([{ file: FILE, text: TEXT }]).document!.value, ...part };
      expect(await (await Room.open()).problems({ kind: 'config', document })).not.toEqual([]);
    });
  });

  describe('restore', () => {
    it('gives back what stood over the file then, and the amendments with it', async () => {
      const room = await Room.open();
      await room.change(split(80));
      const { config, amendments, revision } = room.desired;
      await room.change(split(70));
      await room.change(override('qb', 'v1'));
      await room.change({ kind: 'restore', revision });
      expect([room.desired.config, room.desired.amendments]).toEqual([config, amendments]);
      await room.change({ kind: 'restore', revision: 1 });
      expect([room.fromFile, room.desired.amendments]).toEqual([[], []]);
    });

    it.each<[string, (text: string) => string]>([
      ['the same field', (text) => text.replace('v1: 90, v2: 10', 'v1: 1, v2: 1')],
      ['another field of the pool', (text) => text.replace('    split:', '    hold: 2s\n    split:')],
      [
        'a new pool, its route and a key',
        (text) => text.replace('  other:', '  next:').replace('pool: other', 'pool: next') + 'workers: 2\n',
      ],
      ['the endpoint that was drained', (text) => text.replace(', 127.0.0.1:9002', ', 127.0.0.1:9009')],
    ])('gives back the whole config though the file has changed %s since', async (_, edit) => {
      const room = await Room.open();
      await room.change(split(80));
      await room.change(drain('drain', 'v1', '127.0.0.1:9002'));
      const { config, revision } = room.desired;
      await room.change({ kind: 'restore', revision: 1 });
      await room.edit(edit(TEXT));
      expect(diffConfigs(config, room.desired.config)).not.toEqual([]);
      await room.change({ kind: 'restore', revision });
      expect(diffConfigs(config, room.desired.config)).toEqual([]);
      await room.change({ kind: 'restore', revision: 1 });
      expect(diffConfigs(decodeText(FILE, TEXT).config!, room.desired.config)).toEqual([]);
    });

    it('does not know one that was pruned', async () => {
      const room = await Room.open(TEXT, 2);
      for (const weight of [10, 20, 30, 40]) await room.change(split(weight));
      expect(await room.ask({ kind: 'restore', revision: 1 })).toMatchObject({ result: 'unknown' });
      expect(await room.change({ kind: 'restore', revision: 4 })).toHaveLength(2);
    });

    it('of any earlier revision gives that config again while the file stays', async () => {
      const version = fc.constantFrom('v1', 'v2');
      const name = fc.constantFrom('qa', 'qb', 'qc');
      const change = fc.oneof(
        fc.integer({ min: 0, max: 100 }).map((weight) => split(weight)),
        fc.tuple(name, version).map(([of, to]) => override(of, to)),
        name.map((of): Change => ({ kind: 'remove-override', pool: 'shop', name: of })),
        fc.constant<Change>({ kind: 'clear-overrides', pool: 'shop' }),
        fc.tuple(fc.constantFrom('drain' as const, 'resume' as const), version).map(([kind, of]) => drain(kind, of)),
        fc
          .tuple(fc.constantFrom('drain' as const, 'resume' as const), fc.constantFrom('127.0.0.1:9001', '127.0.0.1:9002'))
          .map(([kind, endpoint]) => drain(kind, 'v1', endpoint)),
      );
      const steps = fc.array(change, { minLength: 1, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(steps, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), async (changes, picks) => {
          const room = await Room.open();
          const were = [room.desired];
          for (const each of changes) {
            await room.change(each);
            were.push(room.desired);
          }
          for (const pick of picks) {
            const then = were[pick % were.length]!;
            await room.change({ kind: 'restore', revision: then.revision });
            expect([room.desired.config, room.desired.amendments]).toEqual([then.config, then.amendments]);
          }
        }),
        { numRuns: 60 },
      );
    });
  });
});
