// One HTTP/1 connection of a client: finds requests in what it sends, one exchange at a time, and decides when to close.
// It hears of its stream by calls, not by closures: ten thousand idle connections must cost little. Long because one small
// state machine deals with what the client may do at any moment (send early, end its side, go, stop reading):
//
//                      head read: begin                       end(keep), all written
//        AWAITING ------------------------> BUSY ------------------------------------> AWAITING
//         |  ^                               |  \                                         |
//         |  |                               |   \ end(keep), the client reads slowly     |
//         |  +---- onDrain ---- FLUSHING <---|----+                                       |
//         |  +---- onTurn ----- NEXT_TURN <- AWAITING, others come first                  |
//         |                        |         |                                            |
//         | head refused, idle,    |         | end(no keep)                               |
//         | client ended its side  |         |                                            |
//         v                        v         v                                            |
//        LINGERING <--------------------------------------- listener leaves, unused ------+
//         |
//         | client closed, or LINGER_MS        From each of them: gone, abort, or a deadline -> CLOSED
//         v
//        CLOSED
//
//  BUSY --openTunnel--> TUNNEL, in which another has its bytes --closeTunnel--> BUSY, to end at once.

import type { IncomingResponse } from '../../http/response.ts';
import { BODY_NONE } from '../../http/body-kind.ts';
import { REFUSAL_OUTCOMES } from '../../http/refusal.ts';
import { readRequestHead } from '../../http1/read-request-head.ts';
import { CLIENT_PREFACE } from '../../http2/frames.ts';
import { Deadline } from '../../lib/deadlines.ts';
import type { DeadlineOwner } from '../../lib/deadlines.ts';
import { latin1 } from '../../lib/latin1.ts';
import type { ByteStream, StreamOwner } from '../../net/byte-stream.ts';
import type { ConnectionEnds } from '../../net/connection-ends.ts';
import type { Introduction } from '../../upstream/introduction.ts';
import type { LongLived, UpstreamStream } from '../../upstream/protocol/upstream-stream.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import { refusalText } from '../steps/local-reply.ts';
import { observeRefusal } from '../steps/observe.ts';
import type { TurnTaker } from '../turns.ts';
import type { ClientConnection, ConnectionOwner } from './client-connection.ts';
import type { Downstream } from './downstream.ts';
import { EarlyBytes, MIN_EARLY_BYTES } from './early-bytes.ts';
import { Http1Responses } from './http1-responses.ts';
import type { ResponsesOwner } from './http1-responses.ts';
import { introduce } from './introduce.ts';
import type { Security } from './security.ts';
import type { RequestSink } from './request-sink.ts';

/** How long a closing connection may go on sending what nobody reads (the client must see our response before a reset). */
const LINGER_MS = 2000;

/**
 * A client that ends its side after a whole request has either gone away or still reads (a half-close): TCP does not tell which.
 * A response that comes this soon is still delivered; then the exchange counts as given up, and its upstream work ends.
 */
const HALF_CLOSE_MS = 250;
/** The same between two pieces of a response that has begun: nobody may be left to take the next one. */
const HALF_CLOSED_GAP_MS = 2000;

/** A request that a client sent just before it learned that the listener leaves gets this long to arrive. */
export const IDLE_GRACE_MS = 250;

/** Of what comes behind more early bytes than are kept: so much is read and thrown away, to hear when the client leaves. */
const MAX_DROPPED_BYTES = 1024 * 1024;
/** A response that only a reset can cut has this long to arrive at the client, once it has left for the kernel. */
const RESET_MS = 250;
/** How often a client that is not read is looked at: whether it has reset the connection. */
const PROBE_MS = 500;

/** How much of a read is decoded at first to find a head. */
const HEAD_PROBE_BYTES = 2048;
/** Of bytes that came before a tunnel was open: how many are passed on at a time. */
const PASSED_BYTES = 65_536;
/** Empty lines that may come before a head, with room to spare. */
const MAX_LEADING_BYTES = 8;
/** A head that comes in more reads than this is judged again only when its end is in sight: a slow sender must not cost a parse a byte. */
const MAX_JUDGED_PIECES = 8;

/** What a connection of HTTP/2 begins with, and how much of it cannot be anything else. */
const PREFACE = CLIENT_PREFACE.toString('latin1');
const LEAST_PREFACE = 16;

/** First byte of a TLS record that holds a handshake. */
const TLS_RECORD = 0x16;

/** Waits for a request head. */
const AWAITING = 0;
const BUSY = 1;
/** The last response has been sent; what still arrives is thrown away. */
const LINGERING = 2;
const CLOSED = 3;
/** Responses wait for the client to read. */
const FLUSHING = 4;
/** Requests that were read wait for the connection's turn. */
const NEXT_TURN = 5;
/** Its bytes are those of a tunnel. */
const TUNNEL = 6;

export class Http1Connection implements ClientConnection, Downstream, StreamOwner, ResponsesOwner, DeadlineOwner, TurnTaker {
  readonly owner: ConnectionOwner;
  /** Address of the peer, or of the client that a PROXY header names, IPv4-mapped addresses as IPv4; empty on a Unix socket. */
  readonly peer: string;
  readonly security: Security | undefined;
  readonly isHttp2 = false;
  /** Requests begun on it. */
  requests = 0;
  /** Forwarding fields that are the same for every request of an untrusted peer; made at the first. */
  forwarded = '';
  longLived: LongLived | undefined = undefined;
  /** What a PROXY header has named; undefined: nobody, or there was none. */
  named: ConnectionEnds | undefined = undefined;

  readonly #stream: ByteStream;
  readonly #deadline: Deadline;
  #phase = AWAITING;
  #exchange: RequestSink | undefined = undefined;
  #pending = '';
  /** Reads that the head under way has come in. */
  #pieces = 0;
  #early: EarlyBytes | undefined = undefined;
  /** Bytes that came behind all early ones that are kept. Where there are some, no further request can be served. */
  #dropped = 0;
  /** Nothing is read, because the exchange or we cannot take it now. */
  #paused = false;
  /** The connection is to end by a reset. */
  #resets = false;
  /** What is written leaves when `#feed` ends. */
  #corked = false;
  readonly #responses: Http1Responses;
  /** Whether `#feed` is on the stack: an exchange that ends inside it must not start another loop. */
  #feeding = false;
  /** The client has ended its side. */
  #ended = false;
  /** Made when an upstream is first to be told of the client. */
  #introduction: Introduction | undefined = undefined;

  constructor(owner: ConnectionOwner, stream: ByteStream, peer: string, security: Security | undefined) {
    this.owner = owner;
    this.#stream = stream;
    this.#responses = new Http1Responses(stream, this);
    this.peer = peer;
    this.security = security;
    this.#deadline = new Deadline(this);
    owner.context.deadlines.arm(this.#deadline, owner.settings.headerTimeoutMs);
  }

  /** Whether a request is being served or has begun to arrive. */
  get busy(): boolean {
    return this.#phase === BUSY || this.#phase >= FLUSHING || this.#pending !== '';
  }

  get introduction(): Introduction {
    return (this.#introduction ??= introduce(this.named ?? this.#stream.ends, this.peer));
  }

  /** Whether this connection may be kept after the exchange under way, as far as its request and the listener go. */
  get #mayKeep(): boolean {
    const { settings, closing, context } = this.owner;
    const most = settings.requestsPerConnection;
    const { head, requestDone } = this.#exchange!;
    return (
      head.keepAlive && requestDone && !closing && context.allowsKeepAlive && this.#dropped === 0 && (most === 0 || this.requests < most)
    );
  }

  /** Bytes from the socket, in a buffer that is shared by all connections. A fault of ours costs this connection, not the worker. */
  onRead(bytes: Buffer, length: number): boolean {
    try {
      this.#read(bytes, length);
    } catch (error) {
      this.owner.context.failed(error);
      this.onGone();
    }
    return true;
  }

  #read(bytes: Buffer, length: number): void {
    if (this.#phase === AWAITING) {
      const at = this.#feed(bytes, 0, length);
      if (at < length) this.#keepEarly(bytes, at, length);
    } else if (this.#phase === BUSY) this.#readBusy(bytes, length);
    else this.#keepEarly(bytes, 0, length);
    if (this.#phase === BUSY && this.#exchange!.passesBody) this.#stream.growRead();
  }

  /** The client has ended its side: it sends nothing more. */
  onEnd(): void {
    this.#ended = true;
    // Responses that it has yet to take are still on their way out.
    if (
      this.#phase === FLUSHING ||
      this.#phase === NEXT_TURN ||
      (this.#phase === LINGERING && (this.#resets || this.#stream.unsentBytes > 0))
    )
      return;
    if (this.#phase === AWAITING && this.#stream.unsentBytes > 0) this.linger();
    else if (this.#phase !== BUSY || (!this.#exchange!.requestDone && !this.#exchange!.responded)) this.onGone();
    else if (!this.#exchange!.unflushed) this.#watchHalfClosed();
  }

  /** Nobody is there any more. */
  onGone(): void {
    if (this.#phase === CLOSED) return;
    // Only its listener says so then.
    if (this.#phase === TUNNEL) this.longLived?.cut();
    const exchange = this.#exchange;
    this.destroy();
    exchange?.onDownstreamClosed();
  }

  onDrain(): void {
    if (this.#phase !== FLUSHING) return;
    this.#phase = AWAITING;
    this.#watchIdle();
    this.#next();
    if (this.#ended && this.#phase === AWAITING) this.linger();
  }

  onTurn(): void {
    if (this.#phase !== NEXT_TURN) return;
    this.#phase = AWAITING;
    try {
      this.#watchIdle();
      this.#next();
      if (this.#ended && this.#phase === AWAITING) this.linger();
    } catch (error) {
      this.owner.context.failed(error);
      this.onGone();
    }
  }

  sendInterim(response: IncomingResponse): void {
    this.#responses.interim(this.#exchange!.head, response);
  }

  sendHead(upstream: UpstreamStream, fields: string, from: number, to: number, done: boolean): boolean {
    if (this.#ended) this.#watchHalfClosed();
    return this.#responses.head(this.#exchange!.head, this.#mayKeep, upstream, fields, from, to, done);
  }

  sendBody(upstream: UpstreamStream, from: number, to: number, done: boolean): boolean {
    if (this.#ended) this.#watchHalfClosed();
    return this.#responses.body(this.#exchange!.head, upstream, from, to, done);
  }

  endBody(upstream: UpstreamStream): boolean {
    return this.#responses.endBody(upstream);
  }

  sendReply(status: number, fields: string, body: string): void {
    this.#responses.local(this.#exchange!.head, this.#mayKeep, status, fields, body);
  }

  sendSwitch(response: IncomingResponse, fields: string, protocol: string): void {
    this.#responses.switchTo(response, fields, protocol);
  }

  sendConnected(): void {
    this.#responses.connected();
  }

  onFlushed(): void {
    if (this.#phase === LINGERING && this.#resets) this.#watchReset();
    else this.#exchange?.onDownstreamFlushed();
  }

  onDeadline(): void {
    if (this.#phase === AWAITING && this.#pending !== '') this.#refuse(OUTCOME.request_timeout, this.#pending, 'head not complete in time');
    else if (this.#phase === BUSY && this.#ended) this.onGone();
    else if (this.#phase === BUSY && this.#paused && this.#stream.unsentBytes === 0) this.#probe();
    else if (this.#phase === BUSY) this.#exchange!.onDownstreamStalled();
    else this.destroy();
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream.resume();
  }

  watchProgress(stallMs: number): void {
    this.owner.context.deadlines.arm(this.#deadline, stallMs);
  }

  unwatchProgress(): void {
    // It has a time of its own once it closes.
    if (this.#phase === LINGERING) return;
    if (this.#ended) this.#watchHalfClosed();
    else if (this.#paused) this.owner.context.deadlines.armQuietly(this.#deadline, PROBE_MS);
    else this.#deadline.disarm();
  }

  openTunnel(): ByteStream {
    this.#phase = TUNNEL;
    this.#deadline.disarm();
    this.forwarded = '';
    return this.#stream;
  }

  giveBack(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#responses.reset();
    if (exchange !== undefined) this.owner.exchanges.put(exchange);
  }

  passEarly(): void {
    if (this.#paused) this.resume();
    const early = this.#early;
    this.#early = undefined;
    const { owner } = this.#stream;
    if (early !== undefined) {
      for (let at = early.from; at < early.to; at += PASSED_BYTES) {
        const piece = early.bytes.subarray(at, Math.min(at + PASSED_BYTES, early.to));
        owner?.onRead(piece, piece.length);
      }
      early.release();
    }
    if (this.#ended) owner?.onEnd();
  }

  closeTunnel(): void {
    this.#stream.owner = this;
    this.longLived = undefined;
    this.#phase = BUSY;
  }

  retire(): void {
    // Its next response says so.
  }

  /** What does not end by itself is to end within this time. */
  leave(withinMs: number): void {
    this.longLived?.leave(withinMs);
  }

  end(clean: boolean): void {
    const keep = clean && this.#responses.keeps && this.#dropped === 0;
    this.giveBack();
    if (this.#phase === CLOSED) return;
    if (!keep) {
      this.linger();
      return;
    }
    // A client that sends requests but reads no responses gets no further ones.
    this.#phase = this.#stream.needsDrain ? FLUSHING : AWAITING;
    if (this.#phase === FLUSHING) this.watchProgress(this.owner.settings.idleTimeoutMs);
    else this.#watchIdle();
    if (this.#hasEnough) this.pause();
    if (this.#phase === AWAITING && !this.#feeding) this.#next();
    if (this.#ended && this.#phase === AWAITING && !this.#feeding) this.linger();
  }

  /** Sends what is written, ends our side, and reads on for a moment without keeping anything. */
  linger(): void {
    if (this.#phase === CLOSED || this.#phase === LINGERING) return;
    this.#phase = LINGERING;
    this.#dropEarly();
    this.#pending = '';
    this.#stream.end();
    this.resume();
    // What a slow reader has yet to take is not cut short by our haste to be gone.
    const { context, settings } = this.owner;
    context.deadlines.arm(this.#deadline, this.#stream.unsentBytes > 0 ? settings.idleTimeoutMs : LINGER_MS);
  }

  cutOff(looksDone: boolean): void {
    if (this.#responses.tellsCut(looksDone)) return this.linger();
    if (this.#phase === CLOSED) return;
    this.#phase = LINGERING;
    this.#resets = true;
    this.#dropEarly();
    this.resume();
    this.#watchReset();
  }

  /** What has left for the kernel is still on its way, and a reset would overtake it. */
  #watchReset(): void {
    const { context, settings } = this.owner;
    context.deadlines.arm(this.#deadline, this.#stream.unsentBytes > 0 ? settings.idleTimeoutMs : RESET_MS);
  }

  /** Without a length, only a reset tells that a response is not whole. */
  abort(): void {
    this.#resets = true;
    this.destroy();
  }

  destroy(): void {
    if (this.#phase === CLOSED) return;
    this.#phase = CLOSED;
    this.#deadline.disarm();
    this.#dropEarly();
    // The peer may be one that a PROXY header names; a Unix socket has no address, and no reset.
    if (this.#resets && this.#stream.peer !== '') this.#stream.abort();
    this.#stream.destroy();
    this.owner.onConnectionClosed(this);
  }

  #readBusy(bytes: Buffer, length: number): void {
    const consumed = this.#exchange!.onRequestBytes(bytes, 0, length);
    if (consumed < length && this.#phase === BUSY) this.#keepEarly(bytes, consumed, length);
    else if (consumed < length) this.#read(bytes.subarray(consumed, length), length - consumed);
  }

  #watchHalfClosed(): void {
    const responded = this.#exchange?.responded === true;
    this.owner.context.deadlines.arm(this.#deadline, responded ? HALF_CLOSED_GAP_MS : HALF_CLOSE_MS);
  }

  /** What was promised to stay before its listener began to leave, or before load was shed, stays for a moment only. */
  #watchIdle(): void {
    const { closing, context, settings } = this.owner;
    context.deadlines.arm(this.#deadline, closing || !context.allowsKeepAlive ? IDLE_GRACE_MS : settings.idleTimeoutMs);
  }

  /**
   * Bytes of requests to come: kept until it is their turn. While one is served reading goes on, for that alone tells when the client leaves;
   * when more has come than is kept, the rest is thrown away, and the connection closes after the response.
   */
  #keepEarly(bytes: Buffer, from: number, to: number): void {
    if (this.#phase !== BUSY && this.#phase !== FLUSHING && this.#phase !== NEXT_TURN) return;
    if (this.#phase === BUSY && (this.#dropped > 0 || this.#early?.isFull === true)) return this.#drop(to - from);
    (this.#early ??= new EarlyBytes()).add(bytes, from, to);
    if (this.#phase === BUSY && this.#exchange!.head.opensTunnel) this.#keepForTunnel();
    if (this.#hasEnough) this.pause();
  }

  /** They are for the tunnel, or for nobody: if there is to be none they must not be taken for another request. */
  #keepForTunnel(): void {
    this.#exchange!.head.keepAlive = false;
    if (!this.#early!.isFull) return;
    this.pause();
    this.owner.context.deadlines.armQuietly(this.#deadline, PROBE_MS);
  }

  /** Whether nothing need be read now: its turn comes soon, or it takes no responses, in which case a write finds out when it leaves. */
  get #hasEnough(): boolean {
    return this.#phase === NEXT_TURN || (this.#phase === FLUSHING && (this.#early?.length ?? 0) >= MIN_EARLY_BYTES);
  }

  #drop(length: number): void {
    this.#dropped += length;
    if (this.#dropped < MAX_DROPPED_BYTES) return;
    this.pause();
    if (this.#deadline.list === undefined) this.#probe();
  }

  /** A client that is not read may have gone all the same. */
  #probe(): void {
    this.#stream.probe();
    if (this.#phase === BUSY) this.owner.context.deadlines.armQuietly(this.#deadline, PROBE_MS);
  }

  /** No further request is served. */
  #dropEarly(): void {
    this.#early?.release();
    this.#early = undefined;
    this.#introduction?.end();
  }

  /** Goes on with what was read early, then with the socket. */
  #next(): void {
    const early = this.#early;
    if (early === undefined) return;
    const wasPaused = this.#paused;
    this.#paused = false;
    const at = this.#feed(early.bytes, early.from, early.to);
    if (this.#early === undefined) return;
    early.advance(at);
    if (early.length === 0) this.#early = undefined;
    if (this.#hasEnough) this.pause();
    else if (wasPaused && !this.#paused) this.#stream.resume();
  }

  /** Serves the requests in `bytes` one after the other until one has to wait, others come first, or bytes run out. Returns where it stopped. */
  #feed(bytes: Buffer, from: number, to: number): number {
    this.#feeding = true;
    let at = from;
    while (at < to && this.#phase === AWAITING) {
      if (at > from && !this.owner.context.turns.mayServe()) this.#waitForTurn();
      else at = this.#feedOne(bytes, at, to);
    }
    this.#feeding = false;
    if (this.#corked) {
      this.#corked = false;
      this.#stream.uncork();
    }
    return at;
  }

  #waitForTurn(): void {
    this.#phase = NEXT_TURN;
    this.#deadline.disarm();
    this.owner.context.turns.wait(this);
  }

  #feedOne(bytes: Buffer, from: number, to: number): number {
    const { owner } = this;
    const { settings, exchanges } = owner;
    const before = this.#pending;
    // Beyond this the head is refused, whatever follows; most end far before, and a body need not be decoded.
    const most = Math.min(to, from + settings.headerBytes + MAX_LEADING_BYTES);
    const probe = before === '' ? Math.min(most, from + HEAD_PROBE_BYTES) : most;
    let text = before + latin1(bytes, from, probe);
    if (before !== '' && ++this.#pieces > MAX_JUDGED_PIECES && isFarFromEnd(text, before.length, settings.headerBytes)) {
      this.#pending = text;
      return to;
    }
    const exchange = exchanges.take();
    let end = readRequestHead(text, 0, exchange.head, settings);
    if (end === 0 && probe < most) {
      text = latin1(bytes, from, most);
      end = readRequestHead(text, 0, exchange.head, settings);
    }
    if (this.security !== undefined) exchange.head.scheme = 'https';
    if (end <= 0) {
      const { refusal } = exchange.head;
      exchanges.put(exchange);
      if (end === 0) this.#await(text);
      else if (!isPreface(text) || !this.#becomesHttp2(before, bytes, from, to)) this.#refuse(outcomeOf(-end), text, refusal);
      return to;
    }
    this.#pending = '';
    this.#deadline.disarm();
    this.#phase = BUSY;
    this.#exchange = exchange;
    this.requests++;
    owner.counters.requested();
    const rest = from + end - before.length;
    // The responses to requests that came together leave together.
    if (rest < to && exchange.head.opensTunnel) exchange.head.keepAlive = false;
    else if (rest < to && exchange.head.body === BODY_NONE && !this.#corked) this.#cork();
    const next = exchange.begin(this, bytes, rest, to, false);
    if (this.#ended && this.#phase === BUSY) this.onEnd();
    return next;
  }

  #cork(): void {
    this.#corked = true;
    this.#stream.cork();
  }

  #await(text: string): void {
    // Empty lines after a request are no request (RFC 9112, section 2.2): nobody waits for a response to them.
    if (text === '\r\n' || text === '\r\n\r\n') {
      this.#pending = '';
      return;
    }
    if (this.#pending === '') this.owner.context.deadlines.arm(this.#deadline, this.owner.settings.headerTimeoutMs);
    if (this.#pending === '') this.#pieces = 0;
    this.#pending = text;
  }

  /** It is another's from here on, with all that was read. False: its listener, or what came before, says that it may not be. */
  #becomesHttp2(before: string, bytes: Buffer, from: number, to: number): boolean {
    if (this.requests > 0 || this.security !== undefined || !this.owner.settings.http2) return false;
    const read = bytes.subarray(from, to);
    this.#phase = CLOSED;
    this.#deadline.disarm();
    this.owner.onHttp2(this, this.#stream, before === '' ? read : Buffer.concat([Buffer.from(before, 'latin1'), read]));
    return true;
  }

  /** The client's first bytes, of another protocol than this listener's, have been read by somebody else. */
  refuseProtocol(outcome: Outcome, first: string, reason: string): void {
    this.#refuse(outcome, first, reason);
  }

  #refuse(outcome: Outcome, text: string, reason: string): void {
    // A client that speaks TLS would not understand a word.
    if (this.security === undefined && this.requests === 0 && text.charCodeAt(0) === TLS_RECORD && text.charCodeAt(1) === 3) {
      this.owner.counters.refused(OUTCOME.tls_not_spoken.index);
      observeRefusal(this, this.owner.context, { outcome: OUTCOME.tls_not_spoken, text: '', reason: 'TLS on a port of plain HTTP' });
      return this.destroy();
    }
    this.owner.counters.refused(outcome.index);
    observeRefusal(this, this.owner.context, { outcome, text, reason });
    this.#stream.writeText(refusalText(outcome), 'utf8');
    this.linger();
  }
}

/** Whether a head that grew cannot be complete yet; saves a slow sender's head from being parsed again at every byte. */
function isFarFromEnd(text: string, from: number, limit: number): boolean {
  return text.length <= limit && text.indexOf('\n\r\n', Math.max(0, from - 3)) === -1;
}

/** Whether so much of it has come that HTTP/1 refuses it, and nothing else. */
function isPreface(text: string): boolean {
  return text.length >= LEAST_PREFACE && text.startsWith(PREFACE.slice(0, text.length));
}

/** @param code of `refusal.ts` */
function outcomeOf(code: number): Outcome {
  return OUTCOME[REFUSAL_OUTCOMES[code] ?? 'bad_request'];
}
