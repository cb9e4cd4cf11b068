// A folder of its own for the files of a test; removed by closeAll.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from './open.ts';

export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'sluice-files-'));

  file(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file; JSON, where it is given an object. Returns its full name. */
  write(name: string, content: object | string): string {
    writeFileSync(this.file(name), typeof content === 'string' ? content : JSON.stringify(content));
    return this.file(name);
  }

  close(): Promise<void> {
    rmSync(this.path, { recursive: true, force: true });
    return Promise.resolve();
  }
}

export function makeFolder(): Folder {
  return open(new Folder());
}
