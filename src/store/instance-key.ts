// A key that only this instance has: a small file in the private folder of its state, made when it is first needed. Where nothing is kept on disk, or
// the folder cannot be written, it lives as long as the process.

import { closeSync, constants, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isOpenToOthers } from '../lib/open-to-others.ts';
import { newSeed } from '../lib/random.ts';
import { readSmallFile } from '../lib/small-file.ts';
import { syncFolder } from './database.ts';
import { expectOwnFile } from './private-folder.ts';

export interface InstanceKeyOptions {
  /** Of the state, which nobody else uses meanwhile; undefined: nothing is kept. */
  readonly dir: string | undefined;
  /** Of the file, such as `links.key`. */
  readonly name: string;
  /** The file could not be used as it was, and there is another key from now on: what was sealed before does not fit any more. */
  readonly onReplaced: (reason: string) => void;
}

const FORM = /^sluice key 1\n([A-Za-z0-9_-]{43})\n$/;
const MAX_BYTES = 256;
const OTHERS_READ = 0o004;

export class InstanceKey {
  readonly #options: InstanceKeyOptions;
  #key: Buffer | undefined = undefined;
  /** Why it ends with the process although the state is kept. */
  fault: string | undefined = undefined;

  constructor(options: InstanceKeyOptions) {
    this.#options = options;
  }

  /** 32 bytes. Never throws. */
  get(): Buffer {
    return (this.#key ??= this.#read() ?? this.#make());
  }

  /** Undefined where none was made yet: then nothing can have been sealed with it. */
  known(): Buffer | undefined {
    return (this.#key ??= this.#read());
  }

  get #path(): string | undefined {
    const { dir, name } = this.#options;
    return dir === undefined ? undefined : join(dir, name);
  }

  #read(): Buffer | undefined {
    const path = this.#path;
    const found = path === undefined ? undefined : readKey(path);
    if (typeof found !== 'string') return found;
    this.#options.onReplaced(found);
    return this.#make();
  }

  #make(): Buffer {
    const path = this.#path;
    const seed = newSeed();
    try {
      if (path !== undefined) writeKey(path, seed);
    } catch (error) {
      this.fault = (error as Error).message;
    }
    return Buffer.from(seed, 'base64url');
  }
}

/** Undefined where there is none; in words what is wrong with it. */
function readKey(path: string): Buffer | string | undefined {
  try {
    expectOwnFile(path);
    const found = statSync(path);
    if (isOpenToOthers(found) || (found.mode & OTHERS_READ) !== 0)
      return `${path} is open to others (mode ${(found.mode & 0o7777).toString(8).padStart(4, '0')})`;
    const text = readSmallFile(path, MAX_BYTES);
    if (typeof text !== 'string') return `${path} ${text.fault}`;
    const seed = FORM.exec(text)?.[1];
    return seed === undefined ? `${path} is damaged` : Buffer.from(seed, 'base64url');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : (error as Error).message;
  }
}

/** Durable when it returns; whole or not there. */
function writeKey(path: string, seed: string): void {
  expectOwnFile(path);
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  const file = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    writeSync(file, `sluice key 1\n${seed}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  syncFolder(dirname(path));
}
