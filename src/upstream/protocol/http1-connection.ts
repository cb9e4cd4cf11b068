// One connection of HTTP/1 to an endpoint, which carries one exchange at a time: it reads responses and hands them to the exchange. It
// never decides what happens next, and it is never used again after anything unexpected was read on it. Long because its phases, what
// was read and what is owed to the kernel decide together whether it may be used again.
//
//   CONNECTING --connected--> IDLE --begin--> HEAD --its end--> BODY --last byte--> DONE
//                              ^               ^ |                                    |
//                              |               +-+ interim head                       |
//                              +---------- release, when it may be used again --------+
//
//   HEAD --101 that was asked for--> TUNNEL, in which another has its bytes.
//
//   Any phase -> CLOSED: by `destroy` and `cut`, when a deadline passes, and when the upstream fails or closes. The exchange hears of a
//   failure in CONNECTING, HEAD and BODY; in IDLE there is none, and in DONE its response is whole.

import type { ChunkedScanner } from '../../http1/chunked-scanner.ts';
import { BODY_UNTIL_CLOSE } from '../../http/body-kind.ts';
import type { OutgoingRequest } from '../../http/request.ts';
import { readResponseHead } from '../../http1/read-response-head.ts';
import { REFUSE_LARGE_RESPONSE } from '../../http/refusal.ts';
import { ResponseHead } from '../../http1/response-head.ts';
import { Deadline } from '../../lib/deadlines.ts';
import type { DeadlineOwner } from '../../lib/deadlines.ts';
import { latin1 } from '../../lib/latin1.ts';
import type { ByteStream, ConnectingOwner } from '../../net/byte-stream.ts';
import { connect } from '../../net/connect.ts';
import { ALPN_HTTP1 } from '../../tls/protocols.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import { HEADROOM, giveBlock, sharedBlock, takeBlock } from './blocks.ts';
import type { Endpoint, PooledConnection } from '../endpoint.ts';
import type { Introduction } from '../introduction.ts';
import type { StreamRequest } from '../stream-request.ts';
import { connectOutcome, describeTlsFault, secureOutcome } from './connect-outcome.ts';
import type { ConnectionOwner } from './connection-owner.ts';
import { Http1Requests } from './http1-requests.ts';
import type { RequestsOwner } from './http1-requests.ts';
import { ResponseFraming } from './response-framing.ts';
import type { LongLived, ResponseSink, UpstreamStream } from './upstream-stream.ts';

/** Reads up to this size are handled as one string: at this size V8 writes it to the socket without a heap buffer. */
export const TEXT_BYTES = 16384;
/** Interim (1xx) responses that are accepted before the final one. */
const MAX_INTERIM = 16;

const NOTHING = Buffer.alloc(0);
const HTTP1_ALONE = [ALPN_HTTP1];

const CONNECTING = 0;
const IDLE = 1;
const HEAD = 2;
const BODY = 3;
const DONE = 4;
const CLOSED = 5;
const TUNNEL = 6;

export class Http1Connection implements UpstreamStream, PooledConnection, ConnectingOwner, RequestsOwner, DeadlineOwner {
  readonly endpoint: Endpoint;
  readonly introduction: Introduction | undefined;
  readonly manner: number;
  readonly head = new ResponseHead();
  memory: Buffer;
  text = '';
  textBody = 0;
  responses = 0;
  responding = false;
  /** None that it does not frame itself. */
  readonly trailers = '';
  /** HTTP/1 cannot say so. */
  readonly unprocessed = false;
  readonly leaves = false;
  readonly hasRoom = false;
  fault = '';
  longLived: LongLived | undefined = undefined;
  readonly scanner: ChunkedScanner;

  readonly #owner: ConnectionOwner;
  readonly #stream: ByteStream;
  readonly #deadline: Deadline;
  readonly #framing = new ResponseFraming();
  readonly #requests: Http1Requests;
  /** What it begins with, behind which the first request follows; empty: nothing, or it is written before TLS. */
  #header = '';
  /** It was made for this one. */
  #request: StreamRequest | undefined;
  #sink: ResponseSink | undefined;
  #phase = CONNECTING;
  #pending = '';
  #method = '';
  #interims = 0;
  #reusable = false;
  /** Nothing is read until `resume`: written bytes still lie in the memory. */
  #paused = false;
  /** What was read just now is being passed on. */
  #reading = false;
  #failure: Outcome = OUTCOME.upstream_reset;
  /** It reads into memory of all of its kind, since it may become a tunnel: until then what it reads is copied into its own. */
  readonly #copies: boolean;

  constructor(endpoint: Endpoint, owner: ConnectionOwner, request: StreamRequest) {
    this.endpoint = endpoint;
    this.#owner = owner;
    this.#request = request;
    this.#sink = request;
    this.#deadline = new Deadline(this);
    this.scanner = this.#framing.scanner;
    this.memory = takeBlock();
    this.#copies = request.upgrades;
    const to = endpoint.address;
    if (to.kind === 'srv') throw new Error('an SRV name is resolved before a connection is made');
    const memory = this.#copies ? sharedBlock() : this.memory.subarray(HEADROOM);
    const { secure, serverName: name = endpoint.name, proxyProtocol } = owner;
    this.manner = owner.manner;
    this.introduction = proxyProtocol === undefined ? undefined : request.introduction;
    const header = proxyProtocol === undefined ? '' : this.introduction!.header(proxyProtocol);
    if (secure === undefined) this.#header = header;
    this.#stream =
      secure === undefined
        ? connect(to, memory, this)
        : secure.connect({ address: to, name, header, protocols: HTTP1_ALONE }, memory, this);
    this.#requests = new Http1Requests(this.#stream, this);
    owner.deadlines.arm(this.#deadline, owner.settings.connectMs);
  }

  get idle(): boolean {
    return this.#phase === IDLE;
  }

  get connected(): boolean {
    return this.#phase !== CONNECTING && this.#phase !== CLOSED;
  }

  get streams(): number {
    return this.#phase === IDLE ? 0 : 1;
  }

  takeStream(): UpstreamStream {
    return this;
  }

  retire(): void {
    this.destroy();
  }

  begin(sink: ResponseSink, request: OutgoingRequest, authority: string, text: string, bytes: Buffer | undefined): boolean {
    this.#sink = sink;
    this.#method = request.method;
    this.#phase = HEAD;
    this.#deadline.disarm();
    this.#interims = 0;
    this.responding = false;
    return this.#requests.begin(request, authority, text, bytes);
  }

  sendBytes(bytes: Buffer): boolean {
    return this.#requests.bytes(bytes);
  }

  sendCopy(bytes: Buffer, from: number, to: number): boolean {
    return this.#requests.copy(bytes, from, to);
  }

  sendRead(bytes: Buffer, from: number, to: number): boolean {
    return this.#requests.read(bytes, from, to);
  }

  sendEnd(trailers: string): void {
    this.#requests.end(trailers);
  }

  tellDrained(): void {
    this.#requests.tellSent();
  }

  onSent(): void {
    this.#sink?.onUpstreamDrained(this);
  }

  get sent(): boolean {
    return this.#requests.sent;
  }

  get unsent(): number {
    return this.#requests.unsent;
  }

  resume(): void {
    this.#paused = false;
    if (this.#phase !== CLOSED) this.#stream.resume();
  }

  release(): void {
    this.#sink = undefined;
    this.text = '';
    if (this.#phase !== DONE || !this.#reusable || this.#requests.refused || this.#copies) return this.destroy();
    this.#phase = IDLE;
    // The last bytes of a response may have been slow to leave; unread, the connection would give no other response.
    if (this.#paused) this.resume();
    this.#owner.deadlines.arm(this.#deadline, this.#owner.settings.idleMs);
    this.#owner.onFree(this);
  }

  destroy(): void {
    this.#request = undefined;
    this.#sink = undefined;
    if (this.#phase === CLOSED) return;
    this.#stream.destroy();
    this.#close();
  }

  abort(): void {
    if (this.#phase !== CLOSED && this.endpoint.address.kind === 'tcp') this.#stream.abort();
    this.destroy();
  }

  openTunnel(): ByteStream {
    this.#phase = TUNNEL;
    this.#sink = undefined;
    giveBlock(this.memory);
    this.memory = NOTHING;
    return this.#stream;
  }

  leave(withinMs: number): void {
    this.longLived?.leave(withinMs);
  }

  stay(): void {
    this.longLived?.stay();
  }

  cut(): void {
    if (this.longLived !== undefined) return this.longLived.cut();
    // A whole response stays one while the client takes it.
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
    const request = this.#request;
    this.#request = undefined;
    this.#sink = undefined;
    this.#owner.onOpened();
    if (request === undefined) this.destroy();
    else if (this.#header === '') request.onConnected(this, this.endpoint);
    else this.#introduce(request);
  }

  /** The header and the first request leave in one write. */
  #introduce(request: StreamRequest): void {
    this.#stream.cork();
    this.#stream.writeText(this.#header, 'latin1');
    request.onConnected(this, this.endpoint);
    this.#stream.uncork();
  }

  /** A fault of ours costs this connection and its exchange, not the worker. */
  onRead(bytes: Buffer, length: number): boolean {
    this.#reading = true;
    if (this.#copies) bytes.copy(this.memory, HEADROOM, 0, length);
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
    // Bytes that nobody asked for: whatever they are, they must not become the next exchange's response.
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
      const start = this.#interims === 0 ? 0 : skipEmptyLine(text);
      const end = start < 0 ? 0 : readResponseHead(text, start, this.head, this.#owner.settings.responseLimits, this.#method);
      if (end < 0) return this.#refuseHead(-end);
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
      if (this.#interims > MAX_INTERIM) return this.#malformedBy('too many interim responses');
      if (this.head.status === 101) return this.#switch(offset, limit);
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
    this.#framing.begin(head);
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

  /** Where the response's bytes end in those newly read, or -1 when they are malformed. */
  #advance(from: number, limit: number): number {
    const to = this.#framing.advance(this.head, this.memory, from, limit);
    if (to >= 0 && this.#framing.done) {
      this.#phase = DONE;
      this.responses++;
      // Surplus bytes could be taken for the response to the next request.
      if (to < limit) this.#reusable = false;
    }
    return to > from && this.scanner.cuts.length > 0 ? this.scanner.dropCuts(this.memory, from, to) : to;
  }

  #refuseHead(code: number): boolean {
    this.#fail(code === REFUSE_LARGE_RESPONSE ? OUTCOME.upstream_header_too_large : OUTCOME.upstream_malformed);
    return false;
  }

  #switch(from: number, to: number): boolean {
    if (!this.#copies) return this.#malformedBy('switch of protocols that nobody asked for');
    const refusal = this.#sink?.onSwitch(this, from, to) ?? '';
    return refusal === '' ? this.#phase === TUNNEL : this.#malformedBy(refusal);
  }

  #malformedBy(refusal: string): boolean {
    this.head.refusal = refusal;
    return this.#malformed();
  }

  #malformed(): boolean {
    this.#fail(OUTCOME.upstream_malformed);
    return false;
  }

  onEnd(): void {
    if (this.#phase === BODY && this.head.body === BODY_UNTIL_CLOSE && !this.#requests.refused) {
      this.#phase = DONE;
      this.#reusable = false;
      this.#sink?.onResponseBytes(this, HEADROOM, HEADROOM, true);
      return;
    }
    if (this.#phase === DONE) this.#reusable = false;
    else this.#fail(OUTCOME.upstream_reset);
  }

  onDrain(): void {
    this.#requests.drained();
    this.#sink?.onUpstreamDrained(this);
  }

  onError(error: NodeJS.ErrnoException): void {
    if (this.#phase === CONNECTING) this.#noteFailure(error);
    // Reading goes on and finds the response, or the end of the connection.
    this.#requests.refused = true;
  }

  onGone(): void {
    if (this.#phase === DONE) this.#reusable = false;
    else this.#fail(this.#failure);
    this.#close();
  }

  #noteFailure(error: NodeJS.ErrnoException): void {
    const { secure } = this.#owner;
    this.#failure = secure === undefined ? connectOutcome(error) : secureOutcome(error);
    if (this.#failure === OUTCOME.connect_tls) this.fault = describeTlsFault(error);
  }

  #fail(outcome: Outcome): void {
    const sink = this.#sink;
    const connecting = this.#phase === CONNECTING;
    this.destroy();
    sink?.onUpstreamFailure(this, connecting && outcome === OUTCOME.upstream_reset ? OUTCOME.connect_refused : outcome);
  }

  #close(): void {
    if (this.#phase === CLOSED) return;
    // That of a tunnel is given back already.
    const gives = !this.#paused && !this.#reading && this.#phase !== TUNNEL;
    this.#phase = CLOSED;
    this.#deadline.disarm();
    if (gives) giveBlock(this.memory);
    this.#requests.closed();
    this.longLived = undefined;
    this.#owner.onClosed(this);
  }
}

/** Where a head begins behind an interim one: some applications end that with one empty line too many. -1: more is to come. */
function skipEmptyLine(text: string): number {
  if (text === '' || text === '\r') return -1;
  return text.startsWith('\r\n') ? 2 : 0;
}
