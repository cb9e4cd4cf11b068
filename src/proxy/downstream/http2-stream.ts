// One stream of a client's connection of HTTP/2: a request, its response, and the exchange between. What its connection decides for all of its
// streams it is told; what it decides for itself is when its content may go, and what is owed to the client for content that was used.
// Long because both directions of a stream end each other.
//
//   begin --(content with the head)--> exchange --end--> closed: both sides have ended, or one was reset
//                                          \--end, the reply waits for a window--> closes when it is sent
//   exchange --openTunnel--> tunnel --closeTunnel, end--> closes when all is sent

import type { HeaderEncoder } from '../../http2/hpack/header-encoder.ts';
import { CANCEL, INTERNAL_ERROR, NO_ERROR } from '../../http2/error-codes.ts';
import type { FlowControl } from '../../http2/flow-control.ts';
import { Stream } from '../../http2/stream.ts';
import { CLOSED, HALF_CLOSED_LOCAL, HALF_CLOSED_REMOTE, OPEN } from '../../http2/stream-state.ts';
import { BODY_CHUNKED, BODY_LENGTH, BODY_STREAM } from '../../http/body-kind.ts';
import { withoutFields } from '../../http/header-block.ts';
import { fieldLine } from '../../http/header-changes.ts';
import type { IncomingResponse } from '../../http/response.ts';
import { isBodyless } from '../../http/status.ts';
import { Deadline } from '../../lib/deadlines.ts';
import type { DeadlineOwner } from '../../lib/deadlines.ts';
import type { ByteStream } from '../../net/byte-stream.ts';
import type { Introduction } from '../../upstream/introduction.ts';
import type { LongLived, UpstreamStream } from '../../upstream/protocol/upstream-stream.ts';
import type { ConnectionOwner } from './client-connection.ts';
import type { Downstream } from './downstream.ts';
import { EarlyBytes } from './early-bytes.ts';
import type { Http2Output } from './http2-output.ts';
import { Http2Tunnel } from './http2-tunnel.ts';
import type { RequestSink } from './request-sink.ts';
import { ResponseContent } from './response-content.ts';
import type { Security } from './security.ts';

/** The connection, as its streams know it. */
export interface StreamCarrier {
  readonly owner: ConnectionOwner;
  readonly peer: string;
  readonly security: Security | undefined;
  readonly introduction: Introduction;
  forwarded: string;
  readonly output: Http2Output;
  readonly encoder: HeaderEncoder;
  /** The windows of the connection. */
  readonly flow: FlowControl;
  /** Of what we send. */
  readonly maxFrameBytes: number;
  /** The client may send more on this stream. */
  allow(stream: Http2Stream, octets: number): void;
  /** There is content that no window or no room lets go now: `onRoom` follows. */
  awaitRoom(stream: Http2Stream): void;
  /** Content was sent. */
  worked(): void;
  /** Resets it; nothing of it is kept. */
  reset(stream: Http2Stream, code: number): void;
  /** Both sides have ended, and its exchange has. */
  onStreamEnded(stream: Http2Stream): void;
}

/** Who does not show WebSocket by a key of its own (RFC 8441, section 5). */
const OF_HANDSHAKE: ReadonlySet<string> = new Set(['sec-websocket-accept']);
const NOTHING = Buffer.alloc(0);
/** Of streams that are kept for later ones: it is never asked for anything. */
const NOBODY = {} as StreamCarrier;

export class Http2Stream extends Stream implements Downstream, DeadlineOwner {
  readonly isHttp2 = true;
  longLived: LongLived | undefined = undefined;
  exchange: RequestSink | undefined = undefined;
  /** The exchange has begun. */
  begun = false;
  /** It waits for windows or room. */
  waits = false;
  /** Both sides have ended, or it was reset, and nobody works on it. */
  over = false;
  wasReset = false;
  /** It has a large window. */
  isLarge = false;
  /** With which it is reset where our side has ended before the client's. */
  endCode = NO_ERROR;
  readonly content = new ResponseContent();
  tunnel: Http2Tunnel | undefined = undefined;
  /** Of a request whose bytes may be those of a tunnel: what came before it was open. */
  early: EarlyBytes | undefined = undefined;
  readonly #deadline = new Deadline(this);
  #carrier: StreamCarrier;
  #paused = false;
  /** Octets that were taken while it was paused. */
  #withheld = 0;
  #tunnelled = false;

  constructor(carrier: StreamCarrier) {
    super();
    this.#carrier = carrier;
  }

  /** Another stream, of which the head has come. @param ends that is all of its request */
  open(carrier: StreamCarrier, id: number, exchange: RequestSink, ends: boolean, sendSize: number, receiveSize: number): void {
    this.#carrier = carrier;
    this.begin(id, ends ? HALF_CLOSED_REMOTE : OPEN, sendSize, receiveSize);
    this.hasHead = true;
    this.contentLeft = exchange.head.opensTunnel ? -1 : exchange.head.contentLength;
    this.exchange = exchange;
    this.begun = false;
    this.over = false;
    this.waits = false;
    this.wasReset = false;
    this.isLarge = false;
    this.endCode = NO_ERROR;
    this.#paused = false;
    this.#withheld = 0;
    this.#tunnelled = false;
  }

  /** It is kept for another connection. */
  forget(): void {
    this.#carrier = NOBODY;
    this.waits = false;
  }

  get owner(): ConnectionOwner {
    return this.#carrier.owner;
  }

  get peer(): string {
    return this.#carrier.peer;
  }

  get security(): Security | undefined {
    return this.#carrier.security;
  }

  get introduction(): Introduction {
    return this.#carrier.introduction;
  }

  get forwarded(): string {
    return this.#carrier.forwarded;
  }

  set forwarded(fields: string) {
    this.#carrier.forwarded = fields;
  }

  get hasEnded(): boolean {
    return this.state === HALF_CLOSED_REMOTE || this.state === CLOSED;
  }

  get hasResponded(): boolean {
    return this.state === HALF_CLOSED_LOCAL || this.state === CLOSED;
  }

  // The request.

  /** Starts its exchange. `ends`: what lies in `from` to `to` is all of its content. */
  start(bytes: Buffer, from: number, to: number, ends: boolean): void {
    const exchange = this.exchange!;
    this.begun = true;
    exchange.begin(this, bytes, from, to, ends && exchange.head.body === BODY_STREAM);
  }

  /** Content has come, which counts so much for its window. */
  take(bytes: Buffer, from: number, to: number, flow: number, ends: boolean): void {
    if (ends) this.endRemote();
    const { exchange } = this;
    if (this.tunnel !== undefined) this.tunnel.take(bytes, from, to);
    else if (exchange === undefined) return this.#used(flow);
    else if (exchange.head.opensTunnel) return this.#keepEarly(bytes, from, to, flow);
    else if (!this.begun) this.start(bytes, from, to, ends);
    else {
      if (to > from) exchange.onRequestBytes(bytes, from, to);
      if (ends && this.exchange === exchange && exchange.head.body === BODY_STREAM) exchange.onRequestEnd('');
    }
    if (ends && this.tunnel !== undefined) this.tunnel.onRemoteEnd();
    this.#used(flow);
  }

  /** The request ends with these. */
  takeTrailers(trailers: string): void {
    this.endRemote();
    const { exchange } = this;
    if (this.tunnel !== undefined) return this.tunnel.onRemoteEnd();
    if (exchange === undefined) return;
    if (!this.begun) this.start(NOTHING, 0, 0, false);
    if (this.exchange === exchange && exchange.head.body === BODY_STREAM) exchange.onRequestEnd(trailers);
  }

  /** The client has given it up, or has gone: it is closed already. */
  giveUp(): void {
    this.state = CLOSED;
    this.wasReset = true;
    this.waits = false;
    this.content.reset();
    if (this.tunnel !== undefined) return this.tunnel.onReset();
    const { exchange } = this;
    if (exchange === undefined) return this.#leave();
    if (this.begun) return exchange.onDownstreamClosed();
    this.giveBack();
    this.#leave();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const withheld = this.#withheld;
    this.#withheld = 0;
    if (withheld > 0) this.#used(withheld);
  }

  #used(octets: number): void {
    if (octets === 0 || this.state === CLOSED) return;
    if (this.#paused) this.#withheld += octets;
    else if (!this.hasEnded) this.#carrier.allow(this, octets);
  }

  /** No more than its window lets come: it is given back when the tunnel takes them. */
  #keepEarly(bytes: Buffer, from: number, to: number, flow: number): void {
    if (to > from) (this.early ??= new EarlyBytes()).add(bytes, from, to);
    this.#withheld += flow;
  }

  // The response.

  sendInterim(response: IncomingResponse): void {
    this.#writeHead(response.status, response.block, false);
  }

  sendHead(upstream: UpstreamStream, fields: string, from: number, to: number, done: boolean): boolean {
    const { content } = this;
    content.begin(upstream);
    content.add(upstream, from, to, done);
    const ends = done && !content.isLeft && content.trailers === '';
    this.#writeHead(upstream.head.status, fields, ends);
    if (!ends) return this.#send();
    this.endLocal();
    content.reset();
    return true;
  }

  sendBody(upstream: UpstreamStream, from: number, to: number, done: boolean): boolean {
    this.content.add(upstream, from, to, done);
    return this.#send();
  }

  endBody({ head, scanner }: UpstreamStream): boolean {
    // What declares its length cannot end before it.
    if (head.body === BODY_LENGTH || (head.body === BODY_CHUNKED && !scanner.betweenChunks)) return false;
    this.content.addOwn(NOTHING, true);
    this.#send();
    return true;
  }

  sendReply(status: number, fields: string, body: string): void {
    const bodyless = isBodyless(status);
    const bytes = bodyless || body === '' ? NOTHING : Buffer.from(body, 'utf8');
    const isSent = bytes.length > 0 && this.exchange?.head.method !== 'HEAD';
    this.#writeHead(status, bodyless ? fields : fields + fieldLine('content-length', String(bytes.length)), !isSent);
    if (!isSent) return this.endLocal();
    this.content.addOwn(bytes, true);
    this.#send();
  }

  sendSwitch(_: IncomingResponse, fields: string): void {
    this.#writeHead(200, withoutFields(fields, OF_HANDSHAKE), false);
  }

  sendConnected(): void {
    this.#writeHead(200, '', false);
  }

  /** There may be windows and room for what waits. */
  onRoom(): void {
    this.waits = false;
    if (!this.#send()) return;
    if (this.tunnel !== undefined) this.tunnel.onSent();
    else if (this.exchange !== undefined) this.exchange.onDownstreamFlushed();
    else this.#finish();
  }

  /** Sends of its content what windows and room let go. False: there is more. */
  send(): boolean {
    return this.#send();
  }

  #writeHead(status: number, fields: string, ends: boolean): void {
    const { output, encoder, maxFrameBytes } = this.#carrier;
    output.writeHead(encoder, this.id, status, fields, ends, maxFrameBytes);
  }

  #send(): boolean {
    const { content } = this;
    const carrier = this.#carrier;
    const { output, flow, maxFrameBytes } = carrier;
    if (content.isLeft) carrier.worked();
    while (content.isLeft) {
      const { bytes, at, to } = content;
      const most = Math.min(to - at, maxFrameBytes, this.sendLeft, flow.sendLeft, output.contentRoom);
      if (most <= 0) {
        if (!this.waits) carrier.awaitRoom(this);
        return false;
      }
      content.sent(most);
      const ends = content.done && !content.isLeft && content.trailers === '';
      output.writeContent(this.id, bytes, at, at + most, ends);
      this.sent(most);
      flow.sent(most);
      if (ends) this.#ended();
    }
    if (content.done) this.#sendEnd();
    return true;
  }

  #sendEnd(): void {
    const { output, encoder, maxFrameBytes } = this.#carrier;
    const { trailers } = this.content;
    if (trailers === '') output.writeContent(this.id, NOTHING, 0, 0, true);
    else output.writeTrailers(encoder, this.id, trailers, maxFrameBytes);
    this.#ended();
  }

  #ended(): void {
    this.content.reset();
    this.endLocal();
  }

  // Time, and ends.

  watchProgress(stallMs: number): void {
    this.owner.context.deadlines.arm(this.#deadline, stallMs);
  }

  unwatchProgress(): void {
    this.#deadline.disarm();
  }

  onDeadline(): void {
    if (this.exchange !== undefined) this.exchange.onDownstreamStalled();
    else this.#carrier.reset(this, CANCEL);
  }

  cutOff(): void {
    if (this.state !== CLOSED) this.#carrier.reset(this, INTERNAL_ERROR);
  }

  abort(): void {
    if (this.state !== CLOSED) this.#carrier.reset(this, CANCEL);
  }

  giveBack(): void {
    const { exchange } = this;
    this.exchange = undefined;
    if (exchange !== undefined) this.owner.exchanges.put(exchange);
  }

  end(): void {
    this.giveBack();
    if (this.#tunnelled && !this.hasResponded) {
      this.content.done = true;
      this.#send();
    }
    if (this.state === CLOSED || !this.content.isLeft) return this.#finish();
    this.watchProgress(this.owner.settings.idleTimeoutMs);
  }

  /** What was reset has no more to do; its exchange may still be ending. */
  onResetSent(): void {
    this.state = CLOSED;
    this.wasReset = true;
    this.waits = false;
    this.content.reset();
    if (this.exchange === undefined && this.tunnel === undefined) this.#leave();
  }

  #finish(): void {
    // What the response does not end a reset does: a client must not take it for whole, nor go on with what nobody reads.
    if (this.state !== CLOSED) this.#carrier.reset(this, this.state === HALF_CLOSED_LOCAL ? this.endCode : INTERNAL_ERROR);
    else this.#leave();
  }

  #leave(): void {
    if (this.over) return;
    this.over = true;
    this.#deadline.disarm();
    this.longLived = undefined;
    this.early?.release();
    this.early = undefined;
    this.#carrier.onStreamEnded(this);
  }

  // Tunnels.

  openTunnel(): ByteStream {
    this.unwatchProgress();
    this.#tunnelled = true;
    this.tunnel = new Http2Tunnel(this);
    return this.tunnel;
  }

  passEarly(): void {
    const { early, tunnel } = this;
    this.early = undefined;
    if (early !== undefined) {
      tunnel?.take(early.bytes, early.from, early.to);
      early.release();
    }
    if (tunnel === undefined) return;
    if (!this.#paused) this.resume();
    if (this.hasEnded) tunnel.onRemoteEnd();
  }

  closeTunnel(): void {
    this.tunnel?.leaveRest();
    this.tunnel = undefined;
    this.longLived = undefined;
  }
}
