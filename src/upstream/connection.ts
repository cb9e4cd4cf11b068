// One connection to an endpoint: it reads answers and hands them to the exchange that holds it. It never decides
// what happens next, and it is never used again after anything unexpected was read on it. Long because its phases, what was read and
// what is owed to the kernel decide together whether it may be used again.

import { ChunkedScanner } from '../http1/chunked-scanner.ts';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_UNTIL_CLOSE } from '../http1/framing.ts';
import { readResponseHead } from '../http1/read-response-head.ts';
import { ResponseHead } from '../http1/response-head.ts';
import type { HeadLimits } from '../http1/limits.ts';
import { Deadline } from '../lib/deadlines.ts';
import type { DeadlineOwner, Deadlines } from '../lib/deadlines.ts';
import { latin1 } from '../lib/latin1.ts';
import type { ByteStream, ConnectingOwner } from '../net/byte-stream.ts';
import { connect } from '../net/connect.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { Outcome } from '../telemetry/outcomes.ts';
import { HEADROOM, READ_BYTES, giveBlock, giveCopyBlock, takeBlock, takeCopyBlock } from './blocks.ts';
import type { Endpoint } from './endpoint.ts';

/** Reads up to this size are handled as one string: at this size V8 writes it to the socket without a heap buffer. */
export const TEXT_BYTES = 16384;
/** Interim (1xx) answers that are accepted before the final one. */
const MAX_INTERIM = 16;

const NOTHING = Buffer.alloc(0);

const CONNECTING = 0;
const IDLE = 1;
const HEAD = 2;
const BODY = 3;
const DONE = 4;
const CLOSED = 5;

/** The exchange's side of an upstream connection. Offsets are into `connection.memory`. */
export interface ResponseSink {
  /** A new connection is being made for this exchange; `onConnected` or `onUpstreamFailure` follows. */
  onConnecting(connection: UpstreamConnection): void;
  onConnected(connection: UpstreamConnection): void;
  /** An interim (1xx) head; it is in `connection.head`. */
  onInterim(connection: UpstreamConnection): void;
  /**
   * The final head is in `connection.head`; body bytes that came with it lie in `from` to `to`, and when they are few
   * the same bytes also end `connection.text` (from `connection.textBody`). `done`: the whole answer is here.
   * False pauses reading until `resume`.
   */
  onResponse(connection: UpstreamConnection, from: number, to: number, done: boolean): boolean;
  /** More body bytes, as framed. False pauses reading until `resume`. */
  onResponseBytes(connection: UpstreamConnection, from: number, to: number, done: boolean): boolean;
  /** All that was sent has left for the kernel, after `send` or `sendBytes` had answered false. */
  onUpstreamDrained(connection: UpstreamConnection): void;
  onUpstreamFailure(connection: UpstreamConnection, outcome: Outcome): void;
}

export interface ConnectionSettings {
  readonly responseLimits: HeadLimits;
  readonly connectMs: number;
  readonly idleMs: number;
}

/** What a connection asks of the version that made it. */
export interface ConnectionOwner {
  readonly deadlines: Deadlines;
  readonly settings: ConnectionSettings;
  /** An error that is ours, not the upstream's. */
  onFault(error: unknown): void;
  /** A new connection is open; called before its receiver hears of it. */
  onOpened(): void;
  /** The connection is gone; called exactly once. */
  onClosed(connection: UpstreamConnection): void;
}

export class UpstreamConnection implements ConnectingOwner, DeadlineOwner {
  readonly endpoint: Endpoint;
  readonly head = new ResponseHead();
  readonly memory: Buffer;
  /** The read that held the head, decoded, when it was small; else empty. */
  text = '';
  textBody = 0;
  /** Answers read on it so far. */
  responses = 0;
  /** Whether a byte of the current answer has been read. */
  responding = false;
  /** Whether a byte of the current request was given to the kernel. */
  sent = false;
  /** Follows chunked answers; knows where their trailer section begins. */
  readonly scanner = new ChunkedScanner();

  readonly #owner: ConnectionOwner;
  readonly #stream: ByteStream;
  readonly #deadline: Deadline;
  #sink: ResponseSink | undefined;
  #phase = CONNECTING;
  #pending = '';
  #method = '';
  #remaining = 0;
  #interims = 0;
  #reusable = false;
  /** Nothing is read until `resume`: written bytes still lie in the memory. */
  #paused = false;
  /** What was read just now is being passed on. */
  #reading = false;
  /** The upstream takes no more of the request; what it has answered may still be there to read. */
  #refused = false;
  #failure: Outcome = OUTCOME.upstream_reset;
  #onFlushed: (() => void) | undefined = undefined;

  constructor(endpoint: Endpoint, owner: ConnectionOwner, sink: ResponseSink) {
    this.endpoint = endpoint;
    this.#owner = owner;
    this.#sink = sink;
    this.#deadline = new Deadline(this);
    this.memory = takeBlock();
    const to = endpoint.address;
    if (to.kind === 'srv') throw new Error('an SRV name is resolved before a connection is made');
    this.#stream = connect(to, this.memory.subarray(HEADROOM), this);
    owner.deadlines.arm(this.#deadline, owner.settings.connectMs);
  }

  get idle(): boolean {
    return this.#phase === IDLE;
  }

  get connected(): boolean {
    return this.#phase !== CONNECTING && this.#phase !== CLOSED;
  }

  /** Takes the connection for one exchange; its request method decides how the answer is framed. */
  begin(sink: ResponseSink, method: string): void {
    this.#sink = sink;
    this.#method = method;
    this.#phase = HEAD;
    this.#deadline.disarm();
    this.#interims = 0;
    this.responding = false;
    this.sent = false;
  }

  /** Sends latin1 text. False: wait for `onUpstreamDrained` before more. */
  send(text: string): boolean {
    this.sent = true;
    return this.#stream.writeText(text, 'latin1');
  }

  /** Sends bytes, which must not change until they are drained. False: wait for `onUpstreamDrained` before more. */
  sendBytes(bytes: Buffer): boolean {
    this.sent = true;
    return this.#stream.writeBytes(bytes);
  }

  /** Sends bytes that may change once this returns. False: wait for `onUpstreamDrained` before more. */
  sendCopy(bytes: Buffer, from: number, to: number): boolean {
    if (to - from > READ_BYTES) return this.sendBytes(Buffer.from(bytes.subarray(from, to)));
    const copy = takeCopyBlock();
    const length = bytes.copy(copy, 0, from, to);
    const more = this.sendBytes(copy.subarray(0, length));
    // Taken by the kernel at once, as most are: the copy has served.
    if (this.#stream.unsentBytes === 0) giveCopyBlock(copy);
    return more;
  }

  /** `onUpstreamDrained` follows when all that was sent has left, however little it is. */
  tellDrained(): void {
    this.#stream.writeBytes(NOTHING, (this.#onFlushed ??= () => this.#sink?.onUpstreamDrained(this)));
  }

  /** Bytes that the kernel has yet to take. */
  get unsent(): number {
    return this.#stream.unsentBytes;
  }

  resume(): void {
    this.#paused = false;
    if (this.#phase !== CLOSED) this.#stream.resume();
  }

  /**
   * Gives the connection back after an answer has ended and its bytes are no longer needed.
   * True: it is idle and may be used again. False: it is being closed.
   */
  release(): boolean {
    this.#sink = undefined;
    this.text = '';
    if (this.#phase !== DONE || !this.#reusable || this.#refused) {
      this.destroy();
      return false;
    }
    this.#phase = IDLE;
    // The last bytes of an answer may have been slow to leave; unread, the connection would never answer again.
    if (this.#paused) this.resume();
    this.#owner.deadlines.arm(this.#deadline, this.#owner.settings.idleMs);
    return true;
  }

  /** Ends the connection at once; the exchange that held it hears nothing more. */
  destroy(): void {
    this.#sink = undefined;
    if (this.#phase === CLOSED) return;
    this.#stream.destroy();
    this.#close();
  }

  /** Ends the connection at once; the exchange that holds it hears that its endpoint was drained. */
  cut(): void {
    // A whole answer stays one while the client takes it.
    if (this.#phase === DONE) this.destroy();
    else this.#fail(OUTCOME.drain_timeout);
  }

  onDeadline(): void {
    if (this.#phase === CONNECTING) this.#fail(OUTCOME.connect_timeout);
    else this.destroy();
  }

  onConnected(): void {
    if (this.#phase !== CONNECTING) return;
    this.#deadline.disarm();
    this.#phase = IDLE;
    const sink = this.#sink;
    this.#sink = undefined;
    this.#owner.onOpened();
    if (sink === undefined) this.destroy();
    else sink.onConnected(this);
  }

  /** A fault of ours costs this connection and its exchange, not the worker. */
  onRead(_bytes: Buffer, length: number): boolean {
    this.#reading = true;
    try {
      return this.#read(length);
    } catch (error) {
      this.#owner.onFault(error);
      this.#fail(OUTCOME.internal);
      return false;
    } finally {
      this.#reading = false;
    }
  }

  #read(length: number): boolean {
    this.responding = true;
    if (this.#phase === HEAD || this.#phase === BODY) {
      const more = this.#phase === HEAD ? this.#readHead(length) : this.#readBody(HEADROOM, HEADROOM + length);
      if (!more) this.#paused = true;
      return more;
    }
    // Bytes that nobody asked for: whatever they are, they must not become the next exchange's answer.
    if (this.#phase === DONE) this.#reusable = false;
    else this.destroy();
    return this.#phase !== CLOSED;
  }

  #readHead(length: number): boolean {
    const limit = HEADROOM + length;
    let offset = HEADROOM;
    for (;;) {
      const to = limit - offset > TEXT_BYTES ? this.#probeHead(offset, limit) : limit;
      const text = this.#pending + latin1(this.memory, offset, to);
      const end = readResponseHead(text, 0, this.head, this.#owner.settings.responseLimits, this.#method);
      if (end < 0) return this.#malformed();
      if (end === 0) {
        this.#pending = text;
        offset = to;
        if (to === limit) return true;
        continue;
      }
      this.#pending = '';
      offset = to - (text.length - end);
      if (this.head.status >= 200) return this.#startBody(offset, limit, to === limit ? text : '', end);
      this.#interims++;
      if (this.#interims > MAX_INTERIM || this.head.status === 101) return this.#malformed();
      this.#sink?.onInterim(this);
      if (this.#phase !== HEAD || offset === limit) return this.#phase === HEAD;
    }
  }

  /** Where to stop decoding a large read: after the head when its end is in sight, so that the body is not decoded. */
  #probeHead(offset: number, limit: number): number {
    const end = this.memory.indexOf('\r\n\r\n', offset, 'latin1');
    return end === -1 || end + 4 > limit ? limit : end + 4;
  }

  #startBody(from: number, limit: number, text: string, textBody: number): boolean {
    const head = this.head;
    this.#phase = BODY;
    this.#reusable = head.keepAlive && head.body !== BODY_UNTIL_CLOSE;
    this.#remaining = head.body === BODY_LENGTH ? head.contentLength : 0;
    if (head.body === BODY_CHUNKED) this.scanner.reset();
    const to = this.#advance(from, limit);
    if (to < 0) return this.#malformed();
    this.text = to === limit ? text : '';
    this.textBody = textBody;
    return this.#sink?.onResponse(this, from, to, this.#phase === DONE) ?? false;
  }

  #readBody(from: number, limit: number): boolean {
    const to = this.#advance(from, limit);
    if (to < 0) return this.#malformed();
    return this.#sink?.onResponseBytes(this, from, to, this.#phase === DONE) ?? false;
  }

  /** Follows the body's framing over newly read bytes: where the answer's bytes end in them, or -1 when they are malformed. */
  #advance(from: number, limit: number): number {
    let to = limit;
    switch (this.head.body) {
      case BODY_NONE:
        to = from;
        this.#phase = DONE;
        break;
      case BODY_LENGTH:
        if (limit - from >= this.#remaining) {
          to = from + this.#remaining;
          this.#phase = DONE;
        }
        this.#remaining -= to - from;
        break;
      case BODY_CHUNKED:
        to = this.scanner.scan(this.memory, from, limit);
        if (to < 0) return -1;
        if (this.scanner.done) this.#phase = DONE;
        break;
      case BODY_UNTIL_CLOSE:
        break;
    }
    if (this.#phase === DONE) {
      this.responses++;
      // Surplus bytes could be taken for the answer to the next request.
      if (to < limit) this.#reusable = false;
    }
    return to;
  }

  #malformed(): boolean {
    this.#fail(OUTCOME.upstream_malformed);
    return false;
  }

  onEnd(): void {
    if (this.#phase === BODY && this.head.body === BODY_UNTIL_CLOSE && !this.#refused) {
      this.#phase = DONE;
      this.#reusable = false;
      this.#sink?.onResponseBytes(this, HEADROOM, HEADROOM, true);
      return;
    }
    if (this.#phase === DONE) this.#reusable = false;
    else this.#fail(OUTCOME.upstream_reset);
  }

  onDrain(): void {
    this.#sink?.onUpstreamDrained(this);
  }

  onError(error: NodeJS.ErrnoException): void {
    if (this.#phase === CONNECTING) this.#failure = connectOutcome(error);
    // Reading goes on and finds the response, or the end of the connection.
    this.#refused = true;
  }

  onGone(): void {
    if (this.#phase === DONE) this.#reusable = false;
    else this.#fail(this.#failure);
    this.#close();
  }

  #fail(outcome: Outcome): void {
    const sink = this.#sink;
    const connecting = this.#phase === CONNECTING;
    this.destroy();
    sink?.onUpstreamFailure(this, connecting && outcome === OUTCOME.upstream_reset ? OUTCOME.connect_refused : outcome);
  }

  #close(): void {
    if (this.#phase === CLOSED) return;
    this.#phase = CLOSED;
    this.#deadline.disarm();
    if (!this.#paused && !this.#reading) giveBlock(this.memory);
    this.#owner.onClosed(this);
  }
}

function connectOutcome(error: NodeJS.ErrnoException): Outcome {
  const code = error.code ?? '';
  if (OURS.has(code)) return OUTCOME.overload;
  return code === 'ETIMEDOUT' ? OUTCOME.connect_timeout : OUTCOME.connect_refused;
}

/** Descriptors, local ports or memory that this machine has run out of: no fault of the endpoint's. */
const OURS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'EAGAIN', 'ENOBUFS', 'ENOMEM']);
