import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileWatch } from '../../../src/control/sources/file-watch.ts';
import type { ConfigWatchOptions } from '../../../src/control/sources/file-watch.ts';
import { after } from '../../../src/lib/clock.ts';

let dir = '';
let file = '';
const open: FileWatch[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-watch-'));
  file = join(dir, 'sluice.yaml');
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((watch) => watch.close()));
  rmSync(dir, { recursive: true, force: true });
});

/** What an owner of the watch would have loaded, at each change. */
class Seen {
  readonly texts: string[] = [];
  missing = 0;
  readonly #path: string;
  #waiting: (() => void) | undefined;
  watch!: FileWatch;

  constructor(path: string) {
    this.#path = path;
  }

  readonly changed = (): void => {
    try {
      this.texts.push(readFileSync(this.#path, 'utf8'));
    } catch {
      this.texts.push('unreadable');
    }
    this.#waiting?.();
  };

  readonly gone = (): void => {
    this.missing += 1;
    this.#waiting?.();
  };

  /** Waits until the condition holds; fails with what was seen after 10 s. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve, reject) => {
        const limit = after(10_000, () => reject(new Error(`seen ${JSON.stringify(this.texts)}, missing ${this.missing}`)));
        this.#waiting = () => {
          limit.stop();
          resolve();
        };
      });
    }
  }

  last(text: string): Promise<void> {
    return this.until(() => this.texts.at(-1) === text);
  }
}

/** Events only: the poll is so slow that it cannot be what helped. */
async function watch(path: string, options: ConfigWatchOptions = {}, read = path): Promise<Seen> {
  const seen = new Seen(read);
  seen.watch = new FileWatch(path, seen.changed, { pollMs: 3_600_000, onMissing: seen.gone, ...options });
  open.push(seen.watch);
  await seen.watch.ready;
  return seen;
}

describe('FileWatch on a file', () => {
  it('sees it written in place, again and again', async () => {
    writeFileSync(file, 'one');
    const seen = await watch(file);
    for (const text of ['two', 'three', 'four']) {
      writeFileSync(file, text);
      await seen.last(text);
    }
    expect(seen.texts).toEqual(['two', 'three', 'four']);
  });

  it('sees a change within about 300 ms', async () => {
    writeFileSync(file, 'one');
    const seen = await watch(file);
    writeFileSync(file, 'warm');
    await seen.last('warm');
    const started = performance.now();
    writeFileSync(file, 'two');
    await seen.last('two');
    const tookMs = performance.now() - started;
    console.info(`seen after ${tookMs.toFixed()} ms`);
    expect(tookMs).toBeLessThan(3000);
  });

  it('sees rename-over, each time', async () => {
    writeFileSync(file, 'one');
    const seen = await watch(file);
    for (const text of ['two', 'three', 'four']) {
      writeFileSync(`${file}.tmp`, text);
      renameSync(`${file}.tmp`, file);
      await seen.last(text);
    }
    expect(seen.texts).toEqual(['two', 'three', 'four']);
  });

  it('tells a deletion once, as missing, and sees the file come back', async () => {
    writeFileSync(file, 'one');
    const seen = await watch(file);
    unlinkSync(file);
    await seen.until(() => seen.missing === 1);
    writeFileSync(file, 'two');
    await seen.last('two');
    expect(seen).toMatchObject({ texts: ['two'], missing: 1 });
    unlinkSync(file);
    await seen.until(() => seen.missing === 2);
  });

  it('tells the return of a file as it was to a caller that asks for it', async () => {
    writeFileSync(file, 'one');
    const seen: Seen = await watch(file, { onReturned: () => seen.changed() });
    unlinkSync(file);
    await seen.until(() => seen.missing === 1);
    expect(seen.texts).toEqual([]);
    writeFileSync(file, 'one');
    await seen.last('one');
    writeFileSync(file, 'two');
    await seen.last('two');
    expect(seen.texts).toEqual(['one', 'two']);
  });

  it('says nothing when the same content comes back or only the time changes', async () => {
    writeFileSync(file, 'one');
    const seen = await watch(file);
    writeFileSync(file, 'one');
    utimesSync(file, 1, 1);
    unlinkSync(file);
    writeFileSync(file, 'one');
    writeFileSync(join(dir, 'other.txt'), 'noise');
    seen.watch.force();
    await seen.last('one');
    expect(seen).toMatchObject({ texts: ['one'], missing: 0 });
  });

  it('follows a half-written file to its end', async () => {
    writeFileSync(file, 'one');
    const seen = await watch(file);
    writeFileSync(file, 'lis');
    await seen.last('lis');
    writeFileSync(file, 'listeners: []');
    await seen.last('listeners: []');
  });

  it('notices a change that keeps size and modification time', async () => {
    writeFileSync(file, 'aaa');
    utimesSync(file, 1000, 1000);
    const seen = await watch(file);
    writeFileSync(file, 'bbb');
    utimesSync(file, 1000, 1000);
    await seen.last('bbb');
  });

  it('reads a file that never comes to rest all the same', async () => {
    writeFileSync(file, '0');
    const seen = await watch(file, { quietMs: 400 });
    let n = 0;
    const writer = setInterval(() => writeFileSync(file, String(++n)), 20);
    try {
      await seen.until(() => seen.texts.length > 0);
    } finally {
      clearInterval(writer);
    }
    await seen.last(String(n));
  });

  it('starts before the file exists', async () => {
    const seen = await watch(file);
    writeFileSync(file, 'one');
    await seen.last('one');
    expect(seen.missing).toBe(0);
  });

  it('follows a link whose target is edited, and one that is pointed elsewhere', async () => {
    mkdirSync(join(dir, 'real'));
    mkdirSync(join(dir, 'links'));
    const link = join(dir, 'links', 'sluice.yaml');
    writeFileSync(join(dir, 'real', 'a.yaml'), 'a1');
    writeFileSync(join(dir, 'real', 'b.yaml'), 'b1');
    symlinkSync('../real/a.yaml', link);
    const seen = await watch(link);
    writeFileSync(join(dir, 'real', 'a.yaml'), 'a2');
    await seen.last('a2');
    symlinkSync('../real/b.yaml', `${link}.tmp`);
    renameSync(`${link}.tmp`, link);
    await seen.last('b1');
    writeFileSync(join(dir, 'real', 'b.yaml'), 'b2');
    await seen.last('b2');
  });

  it('survives that its folder is deleted and made again', async () => {
    mkdirSync(join(dir, 'sub'));
    const path = join(dir, 'sub', 'sluice.yaml');
    writeFileSync(path, 'one');
    const seen = await watch(path, { pollMs: 50 });
    rmSync(join(dir, 'sub'), { recursive: true });
    await seen.until(() => seen.missing === 1);
    mkdirSync(join(dir, 'sub'));
    writeFileSync(path, 'two');
    await seen.last('two');
    writeFileSync(path, 'three');
    await seen.last('three');
  });
});

/** Does what a kubelet does: new folder, new link, rename over `..data`, old folder gone. */
class ConfigMap {
  #round = 0;

  swap(text: string): void {
    const name = `..2026_${++this.#round}`;
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'sluice.yaml'), text);
    symlinkSync(name, join(dir, '..data_tmp'));
    renameSync(join(dir, '..data_tmp'), join(dir, '..data'));
    if (this.#round === 1) symlinkSync('..data/sluice.yaml', file);
    else rmSync(join(dir, `..2026_${this.#round - 1}`), { recursive: true });
  }
}

describe('FileWatch on a mounted ConfigMap', () => {
  it.each([
    ['the file', () => file],
    ['the folder', () => dir],
  ])('sees every swap through %s', async (_, path) => {
    const map = new ConfigMap();
    map.swap('version 0');
    const seen = await watch(path(), {}, file);
    const expected: string[] = [];
    for (let n = 1; n <= 5; n++) {
      map.swap(`version ${n}`);
      await seen.last(`version ${n}`);
      expected.push(`version ${n}`);
    }
    expect(seen).toMatchObject({ texts: expected, missing: 0 });
  });
});

describe('FileWatch on a folder', () => {
  it('sees files come, change and go, and no others', async () => {
    writeFileSync(join(dir, 'a.yaml'), 'a');
    const marker = join(dir, 'a.yaml');
    const seen = await watch(dir, {}, marker);
    writeFileSync(join(dir, 'b.yml'), 'b');
    await seen.until(() => seen.texts.length === 1);
    writeFileSync(join(dir, 'b.yml'), 'b2');
    await seen.until(() => seen.texts.length === 2);
    unlinkSync(join(dir, 'b.yml'));
    await seen.until(() => seen.texts.length === 3);
    writeFileSync(join(dir, '.hidden.yaml'), 'x');
    writeFileSync(join(dir, 'notes.txt'), 'x');
    writeFileSync(marker, 'end');
    await seen.last('end');
    expect(seen.texts).toHaveLength(4);
    expect(seen.missing).toBe(0);
  });
});

describe('FileWatch and signals', () => {
  it('SIGHUP tells a change although there is none; a storm counts once; after close nothing is told', async () => {
    writeFileSync(file, 'one');
    const before = process.listenerCount('SIGHUP');
    const seen = await watch(file);
    for (let n = 0; n < 50; n++) process.emit('SIGHUP');
    await seen.last('one');
    expect(seen.texts).toHaveLength(1);
    process.emit('SIGHUP');
    await seen.watch.close();
    expect(process.listenerCount('SIGHUP')).toBe(before);
    // By the time that another watch has told the next change, this one would have, too.
    const other = await watch(file);
    writeFileSync(file, 'two');
    await other.last('two');
    expect(seen.texts).toEqual(['one']);
  });

  it('heeds no signal when told so', async () => {
    const before = process.listenerCount('SIGHUP');
    await watch(file, { signal: 'none' });
    expect(process.listenerCount('SIGHUP')).toBe(before);
  });

  it('does not wait for ever on a path that is no file', async () => {
    execFileSync('mkfifo', [file]);
    const seen = await watch(file, { pollMs: 20 });
    unlinkSync(file);
    writeFileSync(file, 'one');
    await seen.last('one');
  });
});
