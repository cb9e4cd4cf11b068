// What an instance does when the config that it was started with is no longer the one on disk.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Instance } from '../../../src/app/instance.ts';
import { decodeText, readFiles } from '../../../src/config/decode.ts';
import type { FileRead } from '../../../src/config/decode.ts';
import type { Loaded } from '../../../src/control/submission.ts';
import type { Log } from '../../../src/lib/log.ts';
import { Reader } from '../../../src/threads/reader.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { eventually } from '../../flow/scaffold/eventually.ts';

let folder: string;
let instance: Instance | undefined;
const told: string[] = [];
const record = (fields: object, message: string): void => void told.push(`${message} ${String((fields as { err?: unknown }).err ?? '')}`);
const log: Log = { debug: record, info: record, warn: record, error: record, fatal: record };

beforeEach(() => {
  told.length = 0;
  folder = mkdtempSync(join(tmpdir(), 'sluice-'));
});

afterEach(async () => {
  await instance?.stop(0);
  rmSync(folder, { recursive: true });
});

/** Serves the last known good config, with another one on disk, which `load` reads. */
async function startFallback(load: (first: FileRead) => Loaded): Promise<Instance> {
  const path = join(folder, 'sluice.yaml');
  const text = JSON.stringify({
    listeners: [{ name: 'web', address: `unix:${join(folder, 'web.sock')}` }],
    admin: { address: `unix:${join(folder, 'admin.sock')}` },
    state: 'memory',
    routes: [{ name: 'all', respond: {} }],
  });
  writeFileSync(path, text);
  const { config, problems } = decodeText(path, text);
  expect(problems).toEqual([]);
  const read = readFiles([{ file: path, text }]);
  instance = await Instance.open(config!, {
    first: { read },
    lost: undefined,
    lastGood: { revision: 3, atMs: 0, problems: [] },
    store: new MemoryStore(),
    firstDigest: 'of what was there before',
    load: () => load(read),
    reader: new Reader(),
    watchPath: path,
    workers: 1,
    log,
  });
  await instance.start();
  return instance;
}

test('a reload that fails right after a start with the last known good config is told, and ends nothing', { timeout: 20_000 }, async () => {
  await startFallback(() => {
    throw new Error('the disk is gone');
  });
  await eventually('the fault', () => told.includes('a reload failed Error: the disk is gone'));
});

test('what an instance began with stays what it was when the file is mended', { timeout: 20_000 }, async () => {
  const started = await startFallback((read) => ({ read }));
  await eventually('the reload', () => told.includes('config unchanged '));
  expect(started.isLastGood).toBe(true);
});
