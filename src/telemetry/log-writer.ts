// The main thread's side of the access log: writes chunks to stdout or a file, one after the other, never waiting.
// A slow, full or broken destination costs lines, which are counted; it never throws, blocks or grows without bound.

import { close, write } from 'node:fs';
import { after } from '../lib/clock.ts';
import { openLogFile } from './open-log-file.ts';

export const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;

export interface LogWriterOptions {
  /** `stdout` or a file path; a file is appended to and created where absent, readable for its group; links and pipes are refused. */
  readonly path: string;
  /** Lines that will never be written, as they are lost. */
  readonly onDropped: (lines: number) => void;
  /** For errors of the destination, at most one call per run of failures. */
  readonly onError?: (error: Error) => void;
}

interface Chunk {
  readonly bytes: Buffer;
  readonly lines: number;
}

export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #destination: Destination;
  #queue: Chunk[] = [];
  #backlogBytes = 0;
  #writing = false;
  #fault: Error | undefined = undefined;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#destination = options.path === 'stdout' ? new StdoutDestination() : new FileDestination(options.path);
  }

  /** What the latest write, or opening, failed of; undefined when it did not. */
  get fault(): Error | undefined {
    return this.#fault;
  }

  /** Opens the destination now, so that one that cannot be written is told before the first line is lost. */
  open(): void {
    this.write('', 0);
  }

  /** @param lines how many lines the chunk holds, for the count of what is dropped */
  write(chunk: string, lines: number): void {
    const bytes = Buffer.from(chunk);
    if (this.#closed || this.#backlogBytes + bytes.length > MAX_BACKLOG_BYTES) {
      this.#options.onDropped(lines);
      return;
    }
    this.#backlogBytes += bytes.length;
    this.#queue.push({ bytes, lines });
    this.#next();
  }

  /** After the file was renamed away by log rotation: later chunks go to a new one. */
  reopen(): void {
    this.#destination.reopen();
    this.open();
  }

  /** Writes what is left, for at most `timeoutMs`, then lets go of the file. What remains is dropped. */
  async close(timeoutMs = 1000): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#writing) await this.#settled(timeoutMs);
    for (const { lines } of this.#queue) this.#options.onDropped(lines);
    this.#queue = [];
    this.#destination.close();
  }

  #settled(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = after(timeoutMs, resolve);
      this.#idle.push(() => {
        timer.stop();
        resolve();
      });
    });
  }

  #next(): void {
    if (this.#writing) return;
    const chunk = this.#queue.shift();
    if (chunk === undefined) {
      for (const done of this.#idle.splice(0)) done();
      return;
    }
    this.#writing = true;
    this.#destination.write(chunk.bytes, (error) => {
      this.#writing = false;
      this.#backlogBytes -= chunk.bytes.length;
      if (error !== undefined) this.#lost(chunk, error);
      else this.#fault = undefined;
      this.#next();
    });
  }

  #lost(chunk: Chunk, error: Error): void {
    this.#options.onDropped(chunk.lines);
    const wasFailing = this.#fault !== undefined;
    this.#fault = error;
    if (!wasFailing) this.#options.onError?.(error);
  }
}

/** Writes one buffer at a time and always calls back, never from inside `write`. */
interface Destination {
  write(bytes: Buffer, done: (error?: Error) => void): void;
  reopen(): void;
  close(): void;
}

/** Node writes to pipes without blocking; the callback comes when the reader has taken the bytes. */
class StdoutDestination implements Destination {
  constructor() {
    // A closed pipe is told here as well as to the callback; unheard it would end the process. Once is enough for all writers.
    if (!process.stdout.listeners('error').includes(ignore)) process.stdout.on('error', ignore);
  }

  write(bytes: Buffer, done: (error?: Error) => void): void {
    process.stdout.write(bytes, (error) => done(error ?? undefined));
  }

  reopen(): void {
    // There is nothing to open: stdout is rotated outside.
  }

  close(): void {
    // The listener stays: a write under way may still fail.
  }
}

function ignore(): void {
  // The callback of the write counts what is lost.
}

class FileDestination implements Destination {
  readonly #path: string;
  #fd: number | undefined = undefined;
  #stale = false;
  #busy = false;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
  }

  write(bytes: Buffer, done: (error?: Error) => void): void {
    this.#busy = true;
    const finish = (error?: Error): void => {
      this.#busy = false;
      if (this.#closed) this.#release();
      done(error);
    };
    if (this.#stale) this.#release();
    if (this.#fd !== undefined) return this.#append(this.#fd, bytes, finish);
    openLogFile(this.#path, (error, fd) => {
      if (error !== undefined) return finish(error);
      this.#fd = fd;
      this.#append(fd, bytes, finish);
    });
  }

  reopen(): void {
    this.#stale = true;
  }

  close(): void {
    this.#closed = true;
    if (!this.#busy) this.#release();
  }

  /** A write may take only part of the bytes, on a full disk for one. */
  #append(fd: number, bytes: Buffer, done: (error?: Error) => void): void {
    write(fd, bytes, (error, written) => {
      if (error !== null) return done(error);
      if (written === bytes.length) return done();
      this.#append(fd, bytes.subarray(written), done);
    });
  }

  #release(): void {
    this.#stale = false;
    if (this.#fd === undefined) return;
    close(this.#fd, () => undefined);
    this.#fd = undefined;
  }
}
