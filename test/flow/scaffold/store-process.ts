// A process of its own that owns a state directory, to be killed. `node store-process.ts ORDER DIR`:
// append = appends for ever and prints the number of each revision that was acknowledged; hold = opens, prints `open` and waits;
// fill = appends until the disk is full, then makes room and goes on (see `fill`). A refusal is printed as `refused: NAME: MESSAGE`.

import { rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../../src/store/open-store.ts';
import { StoreFailed } from '../../../src/store/store-errors.ts';
import type { Store, StoredRevision } from '../../../src/store/store.ts';

const [order = '', dir = ''] = process.argv.slice(2);

// Synchronous: what was printed before a kill is in the pipe.
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

function open(): Store {
  return openStore({ dir, onMoved: (path, reason) => say(`moved: ${path}: ${reason}`) });
}

async function appendNext(store: Store, length: number): Promise<number> {
  const number = ((await store.latest())?.number ?? 0) + 1;
  const text = `${number} `.repeat(Math.ceil(length / `${number} `.length));
  const revision: StoredRevision = {
    number,
    atMs: number,
    author: 'a',
    reason: 'r',
    cause: 'api',
    amendments: '{}',
    written: text,
    differences: '[]',
  };
  await store.compareAndAppend(number - 1, revision, { atMs: number, kind: 'applied', author: 'a', revision: number, detail: '{}' });
  return number;
}

/** Prints the last number before the disk was full, what a call then says, and what there is afterwards: `full N`, `reopened N`, `again N`. */
async function fill(): Promise<void> {
  const ballast = join(dir, 'ballast');
  let store = open();
  writeFileSync(ballast, Buffer.alloc(64 * 1024));
  let last = 0;
  try {
    for (;;) last = await appendNext(store, 5_000);
  } catch (error) {
    if (!(error instanceof StoreFailed)) throw error;
    say(`failed: ${error.message}`);
  }
  say(`full ${(await store.latest())?.number === last ? last : 'with half a revision'} ${store.lastSeq}`);
  await store.close();
  // A start on a disk that is still full.
  store = open();
  say(`reopened ${(await store.latest())?.number} ${store.lastSeq}`);
  rmSync(ballast);
  say(`again ${await appendNext(store, 5_000)}`);
  await store.close();
}

async function run(): Promise<void> {
  if (order === 'fill') return fill();
  const store = open();
  if (order === 'hold') {
    say('open');
    // For as long as the pipe is open, so that it cannot outlive the test.
    process.stdin.resume().on('end', () => process.exit(0));
    return;
  }
  for (;;) {
    say(String(await appendNext(store, 3_000)));
    await store.record({ atMs: 0, kind: 'noise', author: '', revision: 0, detail: '{}' });
  }
}

try {
  await run();
} catch (error) {
  const { name, message } = error as Error;
  say(`refused: ${name}: ${message}`);
}
