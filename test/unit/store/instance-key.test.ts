// The key of an instance: made once, for its owner alone, and given up for another where others could have read or written it.

import { chmodSync, linkSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InstanceKey } from '../../../src/store/instance-key.ts';

let dir = '';
let replaced: string[] = [];
beforeEach(() => void ((dir = mkdtempSync(join(tmpdir(), 'sluice-key-'))), (replaced = [])));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const openIn = (folder: string | undefined): InstanceKey =>
  new InstanceKey({ dir: folder, name: 'links.key', onReplaced: (reason) => void replaced.push(reason) });
const open = (): InstanceKey => openIn(dir);
const path = (): string => join(dir, 'links.key');

describe('the key', () => {
  it('is made when it is first needed, for its owner alone, and is the same after a restart', () => {
    const first = open();
    expect(first.known()).toBeUndefined();
    expect(() => statSync(path())).toThrow('ENOENT');
    const key = first.get();
    expect([key.length, statSync(path()).mode & 0o7777]).toEqual([32, 0o600]);
    expect(first.known()).toEqual(key);
    for (const other of [open(), open()]) expect(other.known()).toEqual(key);
    expect([open().get(), replaced]).toEqual([key, []]);
  });

  it('is another one in each folder, and ends with the process where nothing is kept', () => {
    const [one, two] = [openIn(undefined), openIn(undefined)];
    expect([one.known(), two.fault]).toEqual([undefined, undefined]);
    expect(one.get()).toEqual(one.get());
    expect(one.get()).not.toEqual(two.get());
    expect(one.get()).not.toEqual(open().get());
  });

  it.each([
    ['others may read it', () => chmodSync(path(), 0o604), 'is open to others (mode 0604)'],
    ['others may write it', () => chmodSync(path(), 0o602), 'is open to others (mode 0602)'],
    ['it is cut short', () => writeFileSync(path(), 'sluice key 1\nabc'), 'is damaged'],
    ['it is long', () => writeFileSync(path(), 'x'.repeat(5000)), 'is larger than 256 bytes'],
    ['it is empty', () => writeFileSync(path(), ''), 'is damaged'],
  ])('is made anew where %s, and that is told', (_, harm, why) => {
    const key = open().get();
    harm();
    const again = open();
    expect(again.known()).not.toEqual(key);
    expect(replaced).toEqual([`${path()} ${why}`]);
    expect([statSync(path()).mode & 0o7777, again.fault]).toEqual([0o600, undefined]);
    expect(open().known()).toEqual(again.get());
  });

  it.each([
    ['a link', () => symlinkSync(join(dir, 'elsewhere'), path())],
    ['a file with a second name', () => (writeFileSync(join(dir, 'other'), 'mine'), linkSync(join(dir, 'other'), path()))],
  ])('is never read or written through %s: it ends with the process', (_, place) => {
    place();
    const key = open();
    expect(key.get()).toEqual(key.get());
    expect(key.fault).toContain(path());
    expect(() => statSync(join(dir, 'elsewhere'))).toThrow('ENOENT');
    if (_.includes('second')) expect(readFileSync(join(dir, 'other'), 'utf8')).toBe('mine');
  });

  it('ends with the process where the folder is gone', () => {
    rmSync(dir, { recursive: true });
    const key = open();
    expect([key.get().length, key.fault]).toEqual([32, expect.stringContaining('ENOENT')]);
  });
});
