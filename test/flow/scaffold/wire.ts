// One end of a TCP or Unix connection in a test, client or upstream: exact bytes out, exact bytes in.
//
//   await wire.write('GET / HTTP/1.1\r\n…')     resolves when the kernel has taken all of it
//   await wire.readHead()                        text up to and with the next empty line
//   await wire.readMessage('GET')                head and body, framed by Content-Length, chunks or the end of the connection
//   await wire.read(10) / wire.readTo('\r\n')    exact bytes (as latin1 text) / up to and with that text
//   await wire.readRest()                        all until the peer ends (throws `Reset` when it was cut by a reset)
//   await wire.arrival()                         at least one byte is there (nothing is taken)
//   wire.pause() / resume()                      stop reading, so that the peer meets back-pressure
//   wire.end() / reset() / destroy()             FIN / RST / close
//   wire.unread, wire.total, wire.ended, wire.isReset, wire.closed (promise)
//
// Reads wait with a deadline and throw `Ended` when the connection is over before they have what they want.

import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { within } from './eventually.ts';

export class Ended extends Error {}
export class Reset extends Error {}

export interface Message {
  /** First line without its CRLF. */
  readonly line: string;
  /** Field lines as received, without CRLF. */
  readonly fields: readonly string[];
  /** Everything up to and with the empty line, without the date. */
  readonly head: string;
  /** The body as received, chunk framing included. */
  readonly raw: string;
  /** The body without chunk framing and trailers. */
  readonly body: string;
  /** Trailer lines. */
  readonly trailers: readonly string[];
  /** Value of the `date` that Sluice has added; it stands nowhere else, since it differs from run to run. */
  readonly date: string | undefined;
  /** Status of a response, NaN for a request. */
  readonly status: number;
  /** Value of the first field of that name, or undefined. */
  field(name: string): string | undefined;
}

export class Wire {
  readonly socket: Socket;
  /** Bytes received altogether. */
  total = 0;
  /** The peer has ended its side, or the connection is gone. */
  ended = false;
  isReset = false;
  /** How long a read waits; an upstream's script waits as long as its test does. */
  deadlineMs: number | undefined = undefined;
  /** Resolves when the connection is gone on both sides. */
  readonly closed: Promise<void>;
  #pieces: Buffer[] = [];
  #unread = 0;
  #waiting: (() => void)[] = [];
  #counting: { readonly hash: ReturnType<typeof createHash>; left: number } | undefined = undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('end', () => this.#over());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') this.isReset = true;
      this.#over();
    });
    this.closed = new Promise((resolve) => socket.on('close', () => (this.#over(), resolve())));
  }

  /** What has been received and not been read yet. */
  get unread(): string {
    return this.#whole().toString('latin1');
  }

  /** Resolves when the kernel has taken all bytes. Rejects when the connection is gone. */
  write(content: string | Buffer): Promise<void> {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    return new Promise((resolve, reject) => this.socket.write(bytes, (error) => (error ? reject(new Ended(error.message)) : resolve())));
  }

  arrival(): Promise<void> {
    return this.#until('a byte', () => this.#unread > 0);
  }

  async read(bytes: number): Promise<string> {
    await this.#until(`${bytes} bytes`, () => this.#unread >= bytes);
    return this.#cut(bytes);
  }

  async readTo(end: string): Promise<string> {
    await this.#until(JSON.stringify(end), () => this.#whole().includes(end, 0, 'latin1'));
    return this.#cut(this.#whole().indexOf(end, 0, 'latin1') + end.length);
  }

  readHead(): Promise<string> {
    return this.readTo('\r\n\r\n');
  }

  /** Everything until the peer ends its side, without dates. @throws Reset when the connection was reset instead. */
  async readRest(): Promise<string> {
    await this.#until('the end', () => this.ended);
    if (this.isReset) throw new Reset(`reset after ${JSON.stringify(this.unread.slice(0, 200))}`);
    return withoutDate(this.#cut(this.#unread)).head;
  }

  /** Takes `bytes` bytes without keeping them; returns their sha256. */
  async digest(bytes: number): Promise<string> {
    const counting = { hash: createHash('sha256'), left: bytes };
    const before = this.#whole();
    this.#pieces = [];
    this.#unread = 0;
    this.#counting = counting;
    if (before.length > 0) this.#count(before);
    await this.#until(`${bytes} bytes of a large body`, () => counting.left === 0);
    return counting.hash.digest('hex');
  }

  /** The next message. `method` is that of the request when this is a response: a HEAD has no body. */
  async readMessage(method = 'GET'): Promise<Message> {
    const { head, date } = withoutDate(await this.readHead());
    const lines = head.slice(0, -4).split('\r\n');
    const line = lines[0] ?? '';
    const fields = lines.slice(1);
    const field = (name: string): string | undefined => {
      const found = fields.find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}:`));
      return found?.slice(name.length + 1).trim();
    };
    const status = line.startsWith('HTTP/') ? Number(line.split(' ')[1]) : Number.NaN;
    const made = { line, fields, head, field, status, date };
    const bodyless = method === 'HEAD' || status === 204 || status === 304 || (status >= 100 && status < 200);
    if (bodyless) return { ...made, raw: '', body: '', trailers: [] };
    if (/^chunked$/i.test(field('transfer-encoding') ?? '')) return { ...made, ...(await this.#readChunks()) };
    const length = field('content-length');
    if (length === undefined && Number.isNaN(status)) return { ...made, raw: '', body: '', trailers: [] };
    const body = length === undefined ? await this.readRest() : await this.read(Number(length));
    return { ...made, raw: body, body, trailers: [] };
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  async #readChunks(): Promise<Pick<Message, 'raw' | 'body' | 'trailers'>> {
    let raw = '';
    let body = '';
    for (;;) {
      const size = await this.readTo('\r\n');
      const length = Number.parseInt(size, 16);
      raw += size;
      if (length === 0) break;
      const piece = await this.read(length + 2);
      raw += piece;
      body += piece.slice(0, -2);
    }
    const trailers: string[] = [];
    for (;;) {
      const line = await this.readTo('\r\n');
      raw += line;
      if (line === '\r\n') return { raw, body, trailers };
      trailers.push(line.slice(0, -2));
    }
  }

  #take(bytes: Buffer): void {
    this.total += bytes.length;
    if (this.#counting !== undefined) this.#count(bytes);
    else {
      this.#pieces.push(bytes);
      this.#unread += bytes.length;
    }
    this.#wake();
  }

  #count(bytes: Buffer): void {
    const counting = this.#counting!;
    const mine = bytes.subarray(0, counting.left);
    counting.hash.update(mine);
    counting.left -= mine.length;
    if (counting.left > 0) return;
    this.#counting = undefined;
    if (mine.length === bytes.length) return;
    this.#pieces.push(bytes.subarray(mine.length));
    this.#unread += bytes.length - mine.length;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #over(): void {
    this.ended = true;
    this.#wake();
  }

  async #until(what: string, done: () => boolean): Promise<void> {
    while (!done()) {
      if (this.ended) throw new Ended(`ended before ${what}; unread: ${JSON.stringify(this.unread.slice(0, 400))}`);
      const woken = new Promise<void>((resolve) => this.#waiting.push(resolve));
      if (this.deadlineMs === Infinity) await woken;
      else await within(`receive ${what}; unread: ${JSON.stringify(this.unread.slice(0, 400))}`, woken, this.deadlineMs);
    }
  }

  #whole(): Buffer {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0] ?? Buffer.alloc(0);
  }

  #cut(bytes: number): string {
    const whole = this.#whole();
    const text = whole.toString('latin1', 0, bytes);
    this.#pieces = bytes < whole.length ? [whole.subarray(bytes)] : [];
    this.#unread -= bytes;
    return text;
  }
}

const DATE = /^date: (\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)\r\n/m;

/** Text of responses without the dates that Sluice has added. */
export function withoutDate(text: string): { readonly head: string; readonly date: string | undefined } {
  return { head: text.replace(new RegExp(DATE, 'gm'), ''), date: DATE.exec(text)?.[1] };
}
