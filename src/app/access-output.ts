// Where lines of the access log go: opened, opened anew after a rotation, replaced when the config names another place.

import type { Log } from '../lib/log.ts';
import { LogWriter } from '../telemetry/log-writer.ts';

export interface AccessOutputDeps {
  readonly log: Log;
  readonly onDropped: (lines: number) => void;
}

export class AccessOutput {
  readonly #deps: AccessOutputDeps;
  #writer: LogWriter | undefined = undefined;
  #path = '';

  constructor(deps: AccessOutputDeps) {
    this.#deps = deps;
  }

  /** @param path `stdout`, an absolute path, or empty for none */
  open(path: string): void {
    if (path === this.#path) return;
    void this.#writer?.close();
    this.#path = path;
    this.#writer = path === '' ? undefined : this.#create(path);
  }

  /** The file may have been moved away. */
  reopen(): void {
    this.#writer?.reopen();
  }

  /** Why lines are lost; undefined while they are not. */
  get fault(): string | undefined {
    return this.#writer?.fault?.message;
  }

  write(chunk: string, lines: number): void {
    if (this.#writer === undefined) this.#deps.onDropped(lines);
    else this.#writer.write(chunk, lines);
  }

  async close(): Promise<void> {
    await this.#writer?.close();
  }

  #create(path: string): LogWriter {
    const { log, onDropped } = this.#deps;
    const onError = (error: Error): void => log.error({ err: error, path }, 'the access log cannot be written');
    const writer = new LogWriter({ path, onDropped, onError });
    writer.open();
    return writer;
  }
}
