// A copy of what the API changed over the file, as a text beside the database: should that be damaged, traffic stays where it was sent.
// It carries a digest, so that what was damaged as well, or half written, is never taken for it.

import { createHash } from 'node:crypto';
import { closeSync, constants, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expectOwnFile } from './private-folder.ts';
import type { StoredRevision } from './store.ts';

/** The newest revision that was kept, without its history. */
export type LastChanges = Pick<StoredRevision, 'number' | 'atMs' | 'amendments'>;

const NAME = 'changes.txt';
const FORM = /^sluice changes 1\nrevision (\d{1,15})\nat (\S{24})\nsha256 ([0-9a-f]{64})\n([^\n]*)\n$/;

export class SealedChanges {
  readonly #dir: string;
  /** As it stands on disk; undefined = not known. */
  #known: Pick<LastChanges, 'number' | 'amendments'> | undefined = undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  get path(): string {
    return join(this.#dir, NAME);
  }

  /** Undefined when there is none; in words what is wrong when it cannot be used. */
  read(): LastChanges | string | undefined {
    try {
      expectOwnFile(this.path);
      const text = readFileSync(this.path, 'utf8');
      const [, number = '', at = '', digest = '', amendments = ''] = FORM.exec(text) ?? [];
      if (digest !== digestOf(number, at, amendments)) return 'it is damaged: its digest is wrong';
      JSON.parse(amendments);
      this.#known = { number: Number(number), amendments };
      return { number: Number(number), atMs: Date.parse(at), amendments };
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : (error as Error).message;
    }
  }

  /** Durable when it returns. Never throws: where it cannot be written there is none, rather than one of yesterday. */
  write({ number, atMs, amendments }: LastChanges): void {
    if (amendments === this.#known?.amendments && number === this.#known.number) return;
    try {
      const at = new Date(atMs).toISOString();
      const head = `sluice changes 1\nrevision ${number}\nat ${at}\nsha256 ${digestOf(String(number), at, amendments)}\n`;
      this.#replace(`${head}${amendments}\n`);
      this.#known = { number, amendments };
    } catch {
      this.#known = undefined;
      rmSync(this.path, { force: true });
    }
  }

  #replace(text: string): void {
    const draft = `${this.path}.new`;
    rmSync(draft, { force: true });
    const file = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, this.path);
  }
}

function digestOf(number: string, at: string, amendments: string): string {
  return createHash('sha256').update(`${number} ${at} ${amendments}`).digest('hex');
}
