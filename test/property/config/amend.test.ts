import fc from 'fast-check';
import { expect, test } from 'vitest';
import { amend, amendmentOf, readAmendments } from '../../../src/config/amend.ts';
import type { Amendment } from '../../../src/config/amend.ts';
import { isRefused, setSplit, standingValue } from '../../../src/config/changes.ts';
import { decodeFiles, decodeFitting, decodeRead, decodeText, readFiles } from '../../../src/config/decode.ts';
import { diffConfigs } from '../../../src/config/diff.ts';
import { readField } from '../../../src/config/field.ts';
import { plainFault } from '../../../src/config/plain.ts';
import type { Plain } from '../../../src/lib/plain.ts';
import { setConfig } from '../../../src/config/set-config.ts';
import { describeConfig, printWritten } from '../../../src/config/print.ts';
import { removeAmendments } from '../../../src/config/remove-amendments.ts';
import { writtenConfig } from './written.ts';

const written = writtenConfig as fc.Arbitrary<Plain>;
const word = fc.oneof(
  fc.constantFrom('pools', 'routes', 'listeners', 'versions', 'overrides', 'endpoints', 'split', 'drain', '__proto__', 'constructor', ''),
  fc.string({ maxLength: 4 }),
);

function poolsOf(file: Plain): Readonly<Record<string, { versions: Plain; overrides?: readonly { name: string }[] }>> {
  return file['pools'] as never;
}

/** Paths that exist in a file, or could, or could not. */
function pathOf(file: Plain): fc.Arbitrary<readonly string[]> {
  const pool = fc.constantFrom(...Object.keys(poolsOf(file)));
  const inPool = pool.chain((name) => {
    const { versions, overrides = [] } = poolsOf(file)[name] ?? { versions: {} };
    const field = fc.constantFrom(['split'], ['balancer'], ['hold'], ['overrides'], ['versions'], []);
    const override = fc.constantFrom('new', ...overrides.map((each) => each.name)).map((each) => ['overrides', each]);
    const version = fc
      .tuple(fc.constantFrom(...Object.keys(versions)), fc.constantFrom(['drain'], ['endpoints'], []))
      .map(([each, rest]) => ['versions', each, ...rest]);
    return fc.oneof(field, override, version).map((rest) => ['pools', name, ...rest]);
  });
  const top = fc.constantFrom(['routes'], ['workers'], ['drain'], ['drain', 'timeout'], ['pools'], ['pools', 'new']);
  return fc.oneof({ weight: 5, arbitrary: inPool }, { weight: 2, arbitrary: top }, fc.array(word, { maxLength: 9 }));
}

/** What a change brings is judged before it becomes an amendment: no key is `__proto__`. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).filter((value) => plainFault(value) === undefined),
  fc.constantFrom<unknown[]>(undefined, true, '1s', 'random', {}, [], 4, { v: 1 }, { name: 'new', header: { name: 'x', value: 'y' } }),
);

function changesOf(file: Plain): fc.Arbitrary<readonly Amendment[]> {
  const one = fc.tuple(pathOf(file), anything, fc.boolean());
  return fc
    .array(one, { maxLength: 6 })
    .map((all) => all.map(([path, value, based]) => (based ? amendmentOf(file, path, value) : { path, value })));
}

const fileAndChanges = written.chain((file) => fc.tuple(fc.constant(file), changesOf(file)));

function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

test('without amendments a file is what it was', () => {
  fc.assert(
    fc.property(written, (file) => {
      expect(amend(file, [])).toEqual({ value: file, amendments: [], superseded: [] });
    }),
  );
});

test('whatever is recorded: nothing given is changed, each amendment is accounted for, and again nothing happens', () => {
  fc.assert(
    fc.property(fileAndChanges, ([file, amendments]) => {
      const [before, given] = [structuredClone(file), structuredClone(amendments)];
      const { value, amendments: inForce, superseded } = amend(file, amendments);
      expect(file).toEqual(before);
      expect(amendments).toEqual(given);
      expect(inForce.length + superseded.length).toBeLessThanOrEqual(amendments.length);
      expect(amend(file, inForce)).toEqual({ value, amendments: inForce, superseded: [] });
      expect(({} as Plain)['name']).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});

test('amendments are read back from JSON and do the same', () => {
  fc.assert(
    fc.property(fileAndChanges, ([file, amendments]) => {
      const { value, amendments: inForce } = amend(file, amendments);
      const stored = readAmendments(copyOf(inForce));
      // JSON has no -0, and nothing here tells it from 0.
      expect('fault' in stored ? stored.fault : copyOf(amend(file, stored).value)).toEqual(copyOf(value));
    }),
  );
});

test('a good file with any amendments decodes, or there are Problems with the amendments; as a load it always decodes', () => {
  fc.assert(
    fc.property(fileAndChanges, ([file, amendments]) => {
      const texts = [{ file: 'f.yaml', text: printWritten(file) }];
      const ordered = decodeRead(readFiles(texts), amendments);
      expect(ordered.config === undefined).toBe(ordered.problems.length > 0);
      const loaded = decodeFiles(texts, [], amendments);
      expect(loaded.problems).toEqual([]);
      if (ordered.config !== undefined) expect(loaded.config).toEqual(ordered.config);
      expect(decodeRead(readFiles(texts), loaded.amended.amendments).config).toEqual(loaded.config);
    }),
    { numRuns: 60 },
  );
});

const fileAndSplit = written.chain((file) => {
  const [name, pool] = Object.entries(poolsOf(file))[0] as [string, { versions: Plain }];
  const weights = fc
    .tuple(...Object.keys(pool.versions).map((version) => fc.tuple(fc.constant(version), fc.integer({ min: 1, max: 100 }))))
    .map((entries) => Object.fromEntries(entries));
  return fc.tuple(fc.constant(file), fc.constant(name), weights);
});

test('a split that is set is what is served; it outlives other edits of the file, not one of the split', () => {
  fc.assert(
    fc.property(fileAndSplit, ([file, pool, weights]) => {
      const amendments = setSplit({ written: file, amendments: [] }, pool, weights);
      if (isRefused(amendments)) throw new Error(amendments.faults[0]?.message);
      const path = ['pools', pool, 'split'];
      const served = (now: Plain): unknown => readField(standingValue({ written: now, amendments }), path);
      expect(served(file)).toEqual(weights);
      const body = poolsOf(file)[pool];
      const edit = (change: object): Plain => ({ ...file, pools: { ...poolsOf(file), [pool]: { ...body, ...change } } });
      expect(served({ ...edit({ hold: '77s' }), workers: 7 })).toEqual(weights);
      const theirs = { other: 3 };
      expect(served(edit({ split: theirs }))).toEqual(theirs);
      expect(amend(edit({ split: theirs }), amendments).amendments).toEqual([]);
    }),
  );
});

test('amendments of different fields do the same in any order', () => {
  const shuffled = fileAndChanges.chain(([file, amendments]) => {
    const inForce = amend(file, amendments).amendments.filter(({ path }, index, all) => {
      const added = path[2] === 'overrides' && path.length === 4;
      return (
        !added &&
        !all.some((other, at) => at !== index && path.every((part, depth) => depth >= other.path.length || part === other.path[depth]))
      );
    });
    return fc.tuple(fc.constant(file), fc.constant(inForce), fc.shuffledSubarray([...inForce], { minLength: inForce.length }));
  });
  fc.assert(
    fc.property(shuffled, ([file, inForce, mixed]) => {
      expect(amend(file, mixed).value).toEqual(amend(file, inForce).value);
    }),
  );
});

test('a whole config that is put over a file and what was changed before is what is served', () => {
  const names = fc.tuple(written, written, written);
  fc.assert(
    fc.property(names, ([file, first, second]) => {
      const read = readFiles([{ file: '/a/f.yaml', text: printWritten(file) }]);
      const alone = decodeRead(read).config;
      let amendments: readonly Amendment[] = [];
      for (const document of [first, second, file]) {
        const wanted = decodeText('/a/put.yaml', printWritten(document)).config;
        const { written: said, config } = decodeRead(read, amendments);
        if (said === undefined || config === undefined || wanted === undefined) throw new Error('all of them must decode');
        const changed = setConfig({ written: said, config, alone, amendments }, { written: document, config: wanted });
        if (isRefused(changed)) throw new Error(changed.faults[0]?.message);
        const result = decodeRead(read, changed);
        expect(result.problems).toEqual([]);
        if (result.config !== undefined) expect(diffConfigs(result.config, wanted)).toEqual([]);
        amendments = changed;
      }
      expect(amendments).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

test('from what is in force and its amendments comes what the file meant', () => {
  fc.assert(
    fc.property(fileAndChanges, ([file, amendments]) => {
      const loaded = decodeFiles([{ file: '/a/f.yaml', text: printWritten(file) }], [], amendments);
      const inForce = loaded.amended.amendments;
      if (loaded.config === undefined) throw new Error('a load always decodes');
      const base = removeAmendments(describeConfig(loaded.config), inForce);
      const again = decodeFitting(readFiles([{ file: '/a/last.yaml', text: printWritten(copyOf(base)) }]), inForce);
      expect(again.problems).toEqual([]);
      expect(again.amended.superseded).toEqual([]);
      expect(again.config).toEqual(loaded.config);
      const alone = decodeText('/a/f.yaml', printWritten(file)).config;
      expect(inAnyOrder(decodeText('/a/last.yaml', printWritten(copyOf(base))).config)).toEqual(inAnyOrder(alone));
    }),
    { numRuns: 60 },
  );
});

/** Where a thing stood that was removed from a list is not known any more. */
function inAnyOrder(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, part: unknown) =>
    Array.isArray(part) ? part.map((item) => JSON.stringify(item)).sort() : part,
  );
}
