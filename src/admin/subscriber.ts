// One reader of the journal over a connection that stays open. It holds no backlog of its own: what the reader has not taken yet stays in
// the journal, and a reader that takes too little for too long is cut, to resume where it was.

import type { Writable } from 'node:stream';
import type { JournalLine } from '../api/journal.ts';
import type { ControlApi } from '../control/control-api.ts';
import type { Clock, Timer } from '../lib/clock.ts';

export interface SubscriberDeps {
  readonly out: Writable;
  readonly control: Pick<ControlApi, 'journal' | 'follow'>;
  readonly clock: Pick<Clock, 'every'>;
  /** Number of the last line that it has; undefined = it wants only what is new. */
  readonly after: number | undefined;
  /** Asked at each heartbeat; when not any more, it is cut. */
  readonly isAllowed: () => boolean;
}

const HEARTBEAT_MS = 15_000;
/** Lines that a reader may be behind while it takes nothing. */
const MAX_BEHIND = 256;
const PAGE = 64;

export class Subscriber {
  readonly #options: SubscriberDeps;
  readonly #unfollow: () => void;
  readonly #heartbeat: Timer;
  #last: number | undefined;
  #blocked = false;
  #behind = 0;
  /** Heartbeats since the reader took nothing any more. */
  #stuck = 0;
  #closed = false;
  /** Lines that were told while the journal is read; undefined while it is not. */
  #told: JournalLine[] | undefined = undefined;

  constructor(options: SubscriberDeps) {
    this.#options = options;
    this.#last = options.after;
    const { out, control, clock } = options;
    out.on('drain', () => this.#resume());
    out.on('close', () => this.close());
    out.on('error', () => this.close());
    // Readers come back two seconds after they lost the connection.
    this.#write('retry: 2000\n\n');
    this.#unfollow = control.follow((line) => this.#tell(line));
    this.#heartbeat = clock.every(HEARTBEAT_MS, () => this.#beat());
    void this.#catchUp();
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unfollow();
    this.#heartbeat.stop();
    this.#options.out.destroy();
  }

  #tell(line: JournalLine): void {
    if (this.#closed) return;
    if (this.#told !== undefined) {
      this.#told.push(line);
      if (this.#told.length > MAX_BEHIND) this.close();
      return;
    }
    // Numbers below what the reader has mean that the journal began anew.
    if (this.#last === undefined || line.seq <= this.#last) this.#last = line.seq - 1;
    if (this.#blocked) {
      this.#behind += 1;
      if (this.#behind > MAX_BEHIND) this.close();
    } else if (line.seq === this.#last + 1) this.#send(line);
    else void this.#catchUp();
  }

  #resume(): void {
    this.#blocked = false;
    this.#behind = 0;
    this.#stuck = 0;
    void this.#catchUp();
  }

  /** What the journal has and the reader does not, as far as the reader takes it. */
  async #catchUp(): Promise<void> {
    // One reading at a time goes on until there is nothing to read.
    if (this.#last === undefined || this.#told !== undefined) return;
    const told: JournalLine[] = (this.#told = []);
    const read = await this.#readOn(this.#last).catch(() => undefined);
    this.#told = undefined;
    if (read === undefined) return this.close();
    for (const line of told) if (line.seq > read) this.#tell(line);
  }

  /** Returns the number of the last line that was read; 0 where there was none. */
  async #readOn(after: number): Promise<number> {
    let read = 0;
    let last = after;
    while (!this.#blocked && !this.#closed) {
      const lines = await this.#options.control.journal({ after: last, limit: PAGE });
      if (lines.length === 0) break;
      for (const line of lines) {
        if (this.#blocked) break;
        this.#send(line);
        read = last = line.seq;
      }
    }
    return read;
  }

  #send(line: JournalLine): void {
    const next = (this.#last ?? line.seq - 1) + 1;
    if (line.seq > next) this.#write(`event: gap\ndata: ${JSON.stringify({ from: next, to: line.seq - 1 })}\n\n`);
    this.#last = line.seq;
    this.#write(`id: ${line.seq}\nevent: ${oneLine(line.kind)}\ndata: ${JSON.stringify(line)}\n\n`);
  }

  #beat(): void {
    if (!this.#options.isAllowed()) return this.close();
    if (!this.#blocked) return this.#write(': \n\n');
    this.#stuck += 1;
    if (this.#stuck > 1) this.close();
  }

  #write(text: string): void {
    if (!this.#options.out.write(text)) this.#blocked = true;
  }
}

function oneLine(kind: string): string {
  return kind.replaceAll(/[\r\n]/g, ' ');
}
