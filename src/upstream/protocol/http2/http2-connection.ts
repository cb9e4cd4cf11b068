// One connection of HTTP/2 to an endpoint, which carries the streams of many exchanges: it reads frames and hands them to their streams, and sends
// what streams have to send, as windows and the peer's settings allow. It never decides what becomes of an exchange. Long because every frame of a
// peer meets the same few fields.
//
//   CONNECTING --connected: preface--> GREETING --first SETTINGS--> OPEN --> CLOSED
//
//   Requests may join it from the beginning; they begin once it is open. It takes no further stream once it is retired: by its endpoint, by a GOAWAY,
//   or because its stream identifiers are used up. It closes with its last stream then, and else after its idle time.

import { REFUSE_LARGE_RESPONSE } from '../../../http/refusal.ts';
import type { OutgoingRequest } from '../../../http/request.ts';
import { BODY_LENGTH, BODY_NONE } from '../../../http/body-kind.ts';
import { reasonPhrase } from '../../../http/status.ts';
import {
  ABUSE_REASONS,
  AbuseBudget,
  EMPTY_DATA,
  PING_FRAME,
  SETTINGS_FRAME,
  WASTED_FRAME,
  WINDOW_UPDATE_FRAME,
} from '../../../http2/abuse-budget.ts';
import type { Abuse } from '../../../http2/abuse-budget.ts';
import { RESPONSE_RULES, TRAILER_RULES } from '../../../http2/block-rules.ts';
import { DecodedFields } from '../../../http2/decoded-fields.ts';
import * as codes from '../../../http2/error-codes.ts';
import { FlowControl } from '../../../http2/flow-control.ts';
import { FrameReader } from '../../../http2/frame-reader.ts';
import type { FrameVisitor } from '../../../http2/frame-visitor.ts';
import { DATA, HEADERS, MIN_MAX_FRAME_SIZE, RST_STREAM, WINDOW_UPDATE } from '../../../http2/frames.ts';
import { HeaderDecoder } from '../../../http2/hpack/header-decoder.ts';
import { HeaderEncoder } from '../../../http2/hpack/header-encoder.ts';
import { DEFAULT_WINDOW, PeerSettings } from '../../../http2/peer-settings.ts';
import { readResponseHead } from '../../../http2/read-response-head.ts';
import { judgeTrailers } from '../../../http2/read-trailers.ts';
import { StreamIds } from '../../../http2/stream-ids.ts';
import {
  CLOSED as STREAM_CLOSED,
  OPEN as STREAM_OPEN,
  CONNECTION_SCOPE,
  HALF_CLOSED_REMOTE,
  IGNORE,
  TAKE,
  codeOf,
} from '../../../http2/stream-state.ts';
import type { Verdict } from '../../../http2/stream-state.ts';
import { Deadline } from '../../../lib/deadlines.ts';
import type { DeadlineOwner } from '../../../lib/deadlines.ts';
import type { ByteStream, ConnectingOwner } from '../../../net/byte-stream.ts';
import { connect } from '../../../net/connect.ts';
import { OUTCOME } from '../../../telemetry/outcomes.ts';
import type { Outcome } from '../../../telemetry/outcomes.ts';
import { ALPN_HTTP1, ALPN_HTTP2 } from '../../../tls/protocols.ts';
import type { Endpoint, PooledConnection } from '../../endpoint.ts';
import type { Introduction } from '../../introduction.ts';
import type { StreamRequest } from '../../stream-request.ts';
import { sharedBlock } from '../blocks.ts';
import { connectOutcome, describeTlsFault, secureOutcome } from '../connect-outcome.ts';
import type { ConnectionOwner } from '../connection-owner.ts';
import type { UpstreamStream } from '../upstream-stream.ts';
import { FrameOutput } from './frame-output.ts';
import { Http2Stream } from './http2-stream.ts';
import type { StreamCarrier } from './http2-stream.ts';
import { CONNECTION_WINDOW, STREAM_WINDOW, SignalFrames } from './signal-frames.ts';
import { atTurn } from './turns.ts';
import type { TurnOwner } from './turns.ts';

/** Without a byte while streams are open; then a PING must be responded to. */
const QUIET_MS = 30_000;
const PING_MS = 10_000;
/** What a frame of content may hold. */
const CONTENT_BYTES = MIN_MAX_FRAME_SIZE;
/** Octets of a block of fields beyond the limit of what it decodes to, which is judged there. */
const BLOCK_SLACK = 16_384;
const LAST_STREAM_ID = 0x7fff_ff00;

const HTTP2_ALONE = [ALPN_HTTP2];
const EITHER = [ALPN_HTTP2, ALPN_HTTP1];

const CONNECTING = 0;
const GREETING = 1;
const OPEN = 2;
const CLOSED = 3;

/** Reused: blocks are decoded one after the other. */
const fields = new DecodedFields();

export class Http2Connection implements PooledConnection, StreamCarrier, ConnectingOwner, FrameVisitor, DeadlineOwner, TurnOwner {
  readonly endpoint: Endpoint;
  readonly introduction: Introduction | undefined;
  readonly manner: number;
  responses = 0;
  fault = '';

  readonly #owner: ConnectionOwner;
  readonly #stream: ByteStream;
  readonly #deadline: Deadline;
  readonly #output: FrameOutput;
  readonly #signals: SignalFrames;
  readonly #reader: FrameReader;
  readonly #decoder = new HeaderDecoder(4096);
  readonly #encoder = new HeaderEncoder(true);
  readonly #settings = new PeerSettings(true);
  readonly #flow = new FlowControl();
  readonly #ids = new StreamIds(false, 1);
  readonly #abuse: AbuseBudget;
  /** All that it carries, begun or not. */
  readonly #carried = new Set<Http2Stream>();
  readonly #begun = new Map<number, Http2Stream>();
  /** Those that wait for a window, or for the kernel. */
  readonly #waiting = new Set<Http2Stream>();
  readonly #resumed: Http2Stream[] = [];
  /** What it begins with, in plain text. */
  #header = '';
  #phase = CONNECTING;
  #failure: Outcome = OUTCOME.upstream_reset;
  #retired = false;
  #marked = false;
  /** Content of this one is gathered. */
  #gathering: Http2Stream | undefined = undefined;
  /** Content of streams that we have given up, which may be on its way. */
  #stray = 0;
  /** A byte has come since the deadline was armed. */
  #heard = false;
  #pinged = false;

  /** @param introduction for whom it is, where its endpoint takes PROXY headers */
  constructor(endpoint: Endpoint, owner: ConnectionOwner, introduction: Introduction | undefined) {
    this.endpoint = endpoint;
    this.#owner = owner;
    this.#deadline = new Deadline(this);
    this.manner = owner.manner;
    const to = endpoint.address;
    if (to.kind === 'srv') throw new Error('an SRV name is resolved before a connection is made');
    const { secure, serverName: name = endpoint.name, proxyProtocol } = owner;
    this.introduction = introduction;
    const header = proxyProtocol === undefined ? '' : introduction!.header(proxyProtocol);
    if (secure === undefined) this.#header = header;
    const memory = sharedBlock();
    const protocols = owner.protocol === 'auto' ? EITHER : HTTP2_ALONE;
    this.#stream =
      secure === undefined ? connect(to, memory, this) : secure.connect({ address: to, name, header, protocols }, memory, this);
    this.#output = new FrameOutput(this.#stream);
    this.#signals = new SignalFrames(this.#output);
    const blockBytes = owner.settings.responseLimits.headerBytes + BLOCK_SLACK;
    this.#reader = new FrameReader(this, { frameBytes: MIN_MAX_FRAME_SIZE, blockBytes }, false);
    this.#flow.beginWindows(DEFAULT_WINDOW, DEFAULT_WINDOW);
    this.#abuse = new AbuseBudget(owner.deadlines.atMs);
    owner.deadlines.arm(this.#deadline, owner.settings.connectMs);
  }

  // What its endpoint's set does.

  get streams(): number {
    return this.#carried.size;
  }

  get open(): boolean {
    return this.#phase !== CLOSED && this.#phase !== CONNECTING;
  }

  get leaves(): boolean {
    return this.#retired;
  }

  get hasRoom(): boolean {
    return this.#phase === OPEN && !this.#retired && this.#carried.size < this.#limit;
  }

  get mayJoin(): boolean {
    return this.#phase < OPEN && !this.#retired && this.#carried.size < this.#limit;
  }

  /** Streams at once. Before the peer has said it, what the endpoint said last is the best guess. */
  get #limit(): number {
    const { streams } = this.#owner.settings;
    return Math.min(streams, this.#phase === OPEN ? this.#settings.maxConcurrentStreams : this.endpoint.streamsAtOnce);
  }

  takeStream(): UpstreamStream {
    return this.#carry(undefined);
  }

  join(request: StreamRequest): UpstreamStream {
    return this.#carry(request);
  }

  #carry(request: StreamRequest | undefined): Http2Stream {
    const stream = new Http2Stream(this, request);
    this.#carried.add(stream);
    if (this.#phase === OPEN && this.#carried.size === 1) this.#watch();
    return stream;
  }

  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.#owner.onRetired(this);
    if (this.#carried.size === 0) this.destroy();
  }

  leave(withinMs: number): void {
    for (const stream of [...this.#carried]) stream.longLived?.leave(withinMs);
  }

  stay(): void {
    for (const stream of [...this.#carried]) stream.longLived?.stay();
  }

  cut(): void {
    this.retire();
    for (const stream of [...this.#carried]) {
      if (stream.longLived !== undefined) stream.longLived.cut();
      // A whole response stays one while the client takes it.
      else if (!stream.isWhole) this.#giveUp(stream, OUTCOME.drain_timeout);
    }
    this.destroy();
  }

  destroy(): void {
    if (this.#phase === CLOSED) return;
    if (this.open) this.#signals.goaway(codes.NO_ERROR);
    this.#close();
    for (const stream of [...this.#carried]) if (!stream.isWhole) stream.destroy();
  }

  onDeadline(): void {
    if (this.#phase < OPEN) return this.#failAll(OUTCOME.connect_timeout);
    if (this.#carried.size === 0) return this.destroy();
    if (this.#heard) return this.#watch();
    if (this.#pinged) return this.#failAll(OUTCOME.upstream_reset);
    this.#pinged = true;
    this.#signals.ping();
    this.#mark();
    this.#owner.deadlines.armQuietly(this.#deadline, PING_MS);
  }

  /** Streams are open: a peer that is gone without a word is found out. */
  #watch(): void {
    this.#heard = false;
    this.#pinged = false;
    this.#owner.deadlines.armQuietly(this.#deadline, QUIET_MS);
  }

  // What its streams do.

  begin(stream: Http2Stream, request: OutgoingRequest, authority: string, ends: boolean): void {
    const id = this.#ids.open();
    stream.protocol.begin(id, STREAM_OPEN, this.#settings.initialWindowSize, STREAM_WINDOW);
    this.#begun.set(id, stream);
    const scheme = this.#owner.secure === undefined ? 'http' : 'https';
    this.#output.request(this.#encoder, id, request, scheme, authority, ends, this.#settings.maxFrameSize);
    if (ends) stream.protocol.endLocal();
    this.#abuse.worked();
    this.#mark();
    if (id >= LAST_STREAM_ID) this.retire();
  }

  sendContent(stream: Http2Stream, bytes: Buffer, from: number, to: number, ends: boolean): number {
    let at = from;
    while (at < to) {
      const octets = Math.min(to - at, stream.protocol.sendLeft, this.#flow.sendLeft, CONTENT_BYTES, this.#output.room);
      if (octets <= 0) break;
      const isLast = ends && at + octets === to;
      this.#output.content(stream.id, bytes, at, at + octets, isLast);
      stream.protocol.sent(octets);
      this.#flow.sent(octets);
      at += octets;
      if (isLast) stream.protocol.endLocal();
    }
    if (at > from) this.#mark();
    return at - from;
  }

  endRequest(stream: Http2Stream, trailers: string): void {
    if (trailers === '') this.#output.endContent(stream.id);
    else this.#output.trailers(this.#encoder, stream.id, trailers, this.#settings.maxFrameSize);
    stream.protocol.endLocal();
    this.#mark();
  }

  waitsForWindow(stream: Http2Stream): void {
    this.#waiting.add(stream);
  }

  allow(stream: Http2Stream, octets: number): void {
    const increment = stream.protocol.used(octets);
    if (increment === 0 || this.#phase === CLOSED) return;
    this.#signals.windowUpdate(stream.id, increment);
    this.#mark();
  }

  resumes(stream: Http2Stream): void {
    this.#resumed.push(stream);
    this.#mark();
  }

  reset(stream: Http2Stream, code: number): void {
    if (this.#phase === CLOSED) return;
    this.#signals.reset(stream.id, code);
    this.#stray += stream.protocol.receiveLeft;
    stream.protocol.state = STREAM_CLOSED;
    this.#mark();
  }

  left(stream: Http2Stream): void {
    const hadRoom = this.hasRoom;
    this.#carried.delete(stream);
    this.#begun.delete(stream.id);
    this.#waiting.delete(stream);
    if (this.#gathering === stream) this.#gathering = undefined;
    if (this.#phase === CLOSED) return;
    if (this.#carried.size === 0) {
      if (this.#retired) return this.destroy();
      if (this.#phase === OPEN) this.#owner.deadlines.arm(this.#deadline, this.#owner.settings.idleMs);
    }
    if (!hadRoom && this.hasRoom) this.#owner.onFree(this);
  }

  onSinkFault(stream: Http2Stream, error: unknown): void {
    this.#owner.onFault(error);
    this.#giveUp(stream, OUTCOME.internal, codes.INTERNAL_ERROR);
  }

  // What happens on its bytes.

  onConnected(protocol = ''): void {
    if (this.#phase !== CONNECTING) return;
    if (this.#owner.secure !== undefined && protocol !== ALPN_HTTP2) return this.#leaveToHttp1();
    this.#phase = GREETING;
    this.#stream.cork();
    if (this.#header !== '') this.#stream.writeText(this.#header, 'latin1');
    this.#signals.preface(this.#owner.settings.responseLimits.headerBytes, this.#flow.enlarge(CONNECTION_WINDOW));
    this.#output.flush();
    this.#stream.uncork();
  }

  /** Its peer does not choose HTTP/2. Where it need not, those that wait get connections of HTTP/1. */
  #leaveToHttp1(): void {
    if (this.#owner.protocol !== 'auto') {
      this.fault = 'it does not choose HTTP/2 (ALPN h2)';
      return this.#failAll(OUTCOME.connect_tls);
    }
    const joined = [...this.#carried];
    this.#close();
    // It is forgotten when its last connection closes, as this one may be.
    this.endpoint.choseHttp1 = true;
    for (const stream of joined) this.#refuseUnsent(stream);
  }

  onRead(bytes: Buffer, length: number): boolean {
    this.#heard = true;
    try {
      const code = this.#reader.read(bytes, 0, length);
      if (code !== codes.NO_ERROR) this.#end(code, this.#reader.reason);
      this.#pass();
    } catch (error) {
      this.#owner.onFault(error);
      this.#failAll(OUTCOME.internal);
    }
    return this.#phase !== CLOSED;
  }

  onEnd(): void {
    this.#failAll(OUTCOME.upstream_reset);
  }

  onDrain(): void {
    this.#pump();
  }

  onError(error: NodeJS.ErrnoException): void {
    if (this.#phase !== CONNECTING) return;
    const { secure } = this.#owner;
    this.#failure = secure === undefined ? connectOutcome(error) : secureOutcome(error);
    if (this.#failure === OUTCOME.connect_tls) this.fault = describeTlsFault(error);
  }

  onGone(): void {
    this.#failAll(this.#failure);
  }

  onTurn(): void {
    this.#marked = false;
    try {
      for (const stream of this.#resumed.splice(0)) stream.goOn();
      if (this.#phase === CLOSED) return;
      this.#output.flush();
      this.#pump();
    } catch (error) {
      this.#owner.onFault(error);
      this.#failAll(OUTCOME.internal);
    }
  }

  // Frames.

  onHeaders(streamId: number, bytes: Buffer, from: number, to: number, ends: boolean): void {
    const stream = this.#begun.get(streamId);
    const verdict = stream?.protocol.judge(HEADERS) ?? this.#ids.judge(streamId, HEADERS);
    const isTrailers = stream?.protocol.hasHead === true;
    fields.begin(isTrailers ? TRAILER_RULES : RESPONSE_RULES, this.#owner.settings.responseLimits);
    if (!this.#decoder.decode(bytes, from, to, fields)) return this.#end(codes.COMPRESSION_ERROR, this.#decoder.fault);
    if (verdict !== TAKE || stream === undefined) return this.#react(stream, verdict, HEADERS);
    this.#gather(stream);
    stream.responding = true;
    if (isTrailers) this.#takeTrailers(stream, ends);
    else this.#takeHead(stream, ends);
  }

  #takeHead(stream: Http2Stream, ends: boolean): void {
    const { head } = stream;
    const code = readResponseHead(fields, head, ends, stream.method);
    if (code === REFUSE_LARGE_RESPONSE) return this.#giveUp(stream, OUTCOME.upstream_header_too_large, codes.PROTOCOL_ERROR);
    if (code !== 0) return this.#refuse(stream, head.refusal);
    head.reason = reasonPhrase(head.status);
    if (head.status < 200) {
      if (!stream.takeInterim()) this.#refuse(stream, 'too many interim responses');
      return;
    }
    stream.protocol.hasHead = true;
    if (head.body === BODY_LENGTH) stream.protocol.contentLeft = head.contentLength;
    else if (head.body === BODY_NONE) stream.protocol.contentLeft = 0;
    if (ends) this.#endResponse(stream);
  }

  #takeTrailers(stream: Http2Stream, ends: boolean): void {
    const refusal = judgeTrailers(fields, ends);
    if (refusal !== '') return this.#refuse(stream, refusal);
    if (!stream.protocol.takeContent(0, ends)) return this.#refuse(stream, 'content other than content-length');
    stream.trailers = fields.finish();
    this.#endResponse(stream);
  }

  onData(streamId: number, bytes: Buffer, from: number, to: number, flow: number, ends: boolean): void {
    const stream = this.#begun.get(streamId);
    const verdict = stream?.protocol.judge(DATA) ?? this.#ids.judge(streamId, DATA);
    if (!this.#flow.received(flow)) return this.#end(codes.FLOW_CONTROL_ERROR, 'more content than the window of the connection');
    const increment = this.#flow.used(flow);
    if (increment > 0) {
      this.#signals.windowUpdate(0, increment);
      this.#mark();
    }
    if (verdict === IGNORE) return this.#takeStray(flow);
    if (verdict !== TAKE || stream === undefined) return this.#react(stream, verdict, DATA);
    if (!stream.protocol.received(flow)) return this.#refuse(stream, 'more content than its window', codes.FLOW_CONTROL_ERROR);
    if (!stream.protocol.takeContent(to - from, ends)) return this.#refuse(stream, 'content other than content-length');
    if (to > from) this.#abuse.worked();
    else if (!ends && !this.#spend(EMPTY_DATA)) return;
    this.#gather(stream);
    stream.arrived(bytes, from, to);
    // Padding is used at once.
    if (flow > to - from && !ends) this.allow(stream, flow - (to - from));
    if (ends) this.#endResponse(stream);
  }

  /** Content of a stream that we have given up: as much as was on its way. */
  #takeStray(octets: number): void {
    this.#stray -= octets;
    if (this.#stray < 0) this.#end(codes.STREAM_CLOSED, 'content of no stream');
  }

  #endResponse(stream: Http2Stream): void {
    stream.protocol.endRemote();
    this.#gathering = undefined;
    this.responses++;
    stream.deliver(true);
  }

  #gather(stream: Http2Stream): void {
    if (this.#gathering === stream) return;
    this.#pass();
    this.#gathering = stream;
  }

  /** What was gathered is passed on. */
  #pass(): void {
    const stream = this.#gathering;
    this.#gathering = undefined;
    if (stream?.protocol.hasHead === true) stream.deliver(false);
  }

  onReset(streamId: number, code: number): void {
    this.#pass();
    const stream = this.#begun.get(streamId);
    const verdict = stream?.protocol.judge(RST_STREAM) ?? this.#ids.judge(streamId, RST_STREAM);
    if (verdict !== TAKE || stream === undefined) return this.#react(stream, verdict, RST_STREAM);
    const isWhole = stream.protocol.state === HALF_CLOSED_REMOTE || stream.isWhole;
    stream.protocol.state = STREAM_CLOSED;
    this.#waiting.delete(stream);
    if (isWhole) return stream.stopSending();
    stream.unprocessed = code === codes.REFUSED_STREAM && !stream.responding;
    stream.fail(OUTCOME.upstream_reset);
  }

  onSettings(bytes: Buffer, from: number, to: number): void {
    if (!this.#spend(SETTINGS_FRAME)) return;
    const before = this.#settings.initialWindowSize;
    const code = this.#settings.take(bytes, from, to);
    if (code !== codes.NO_ERROR) return this.#end(code, this.#settings.reason);
    this.#encoder.resize(this.#settings.headerTableSize);
    const more = this.#settings.initialWindowSize - before;
    for (const stream of this.#begun.values()) {
      if (!stream.protocol.allow(more)) return this.#end(codes.FLOW_CONTROL_ERROR, 'window of a stream too large');
    }
    this.endpoint.streamsAtOnce = Math.max(1, this.#settings.maxConcurrentStreams);
    this.#signals.settingsAck();
    this.#mark();
    if (this.#phase === GREETING) this.#begin();
    else if (more > 0) this.#pump();
  }

  /** The peer has said what it takes: the requests that have joined begin. */
  #begin(): void {
    this.#phase = OPEN;
    this.#deadline.disarm();
    const joined = [...this.#carried];
    // First: requests that go on because it is open find it.
    if (this.hasRoom) this.#owner.onFree(this);
    this.#owner.onOpened();
    if (joined.length > 0) this.#watch();
    const room = Math.min(this.#settings.maxConcurrentStreams, this.#owner.settings.streams);
    for (let at = 0; at < joined.length; at++) {
      const stream = joined[at]!;
      const { request } = stream;
      if (stream.isOver || request === undefined) continue;
      if (at < room) request.onConnected(stream, this.endpoint);
      else this.#refuseUnsent(stream);
    }
    if (this.#phase !== OPEN) return;
    if (this.#carried.size === 0) this.#owner.deadlines.arm(this.#deadline, this.#owner.settings.idleMs);
  }

  /** Nothing of it was sent, and it has no place here. */
  #refuseUnsent(stream: Http2Stream): void {
    stream.unprocessed = true;
    stream.isSurplus = true;
    stream.fail(OUTCOME.upstream_reset);
  }

  onSettingsAck(): void {
    // Ours hold from the beginning: what the peer sends before it knows them is within them.
  }

  onPing(bytes: Buffer, from: number): void {
    if (!this.#spend(PING_FRAME)) return;
    this.#signals.pingAck(bytes, from);
    this.#mark();
  }

  onPingAck(): void {
    // A byte has come: that is all that was asked for.
  }

  onGoaway(lastStreamId: number): void {
    this.#pass();
    this.#leavePool();
    for (const stream of [...this.#carried]) {
      if (stream.id !== 0 && stream.id <= lastStreamId) continue;
      stream.unprocessed = true;
      this.#begun.delete(stream.id);
      stream.protocol.state = STREAM_CLOSED;
      stream.fail(OUTCOME.upstream_reset);
    }
    if (this.#carried.size === 0) this.destroy();
  }

  onWindowUpdate(streamId: number, increment: number): void {
    if (!this.#spend(WINDOW_UPDATE_FRAME)) return;
    if (streamId === 0) {
      if (!this.#flow.allow(increment)) return this.#end(codes.FLOW_CONTROL_ERROR, 'window of the connection too large');
      return this.#pump();
    }
    const stream = this.#begun.get(streamId);
    const verdict = stream?.protocol.judge(WINDOW_UPDATE) ?? this.#ids.judge(streamId, WINDOW_UPDATE);
    if (verdict !== TAKE || stream === undefined) return this.#react(stream, verdict, WINDOW_UPDATE);
    if (!stream.protocol.allow(increment)) return this.#refuse(stream, 'window too large', codes.FLOW_CONTROL_ERROR);
    if (this.#waiting.has(stream)) this.#pump();
  }

  onIgnored(): void {
    this.#spend(WASTED_FRAME);
  }

  onStreamError(streamId: number, code: number, reason: string): void {
    const stream = this.#begun.get(streamId);
    if (stream !== undefined) this.#refuse(stream, reason, code);
    else if (streamId > this.#ids.last) this.#end(code, reason);
    else this.#spend(WASTED_FRAME);
  }

  #react(stream: Http2Stream | undefined, verdict: Verdict, type: number): void {
    if (verdict === IGNORE) {
      if (type !== WINDOW_UPDATE && type !== RST_STREAM) this.#spend(WASTED_FRAME);
    } else if ((verdict & CONNECTION_SCOPE) !== 0 || stream === undefined)
      this.#end(codeOf(verdict), 'frame that its stream has no place for');
    else this.#refuse(stream, 'frame that its stream has no place for', codeOf(verdict));
  }

  #spend(kind: Abuse): boolean {
    const fits = this.#abuse.spend(kind, this.#owner.deadlines.atMs);
    if (!fits) this.#end(codes.ENHANCE_YOUR_CALM, ABUSE_REASONS[kind]);
    return fits;
  }

  // Ends.

  /** Its response is malformed; the others go on. */
  #refuse(stream: Http2Stream, reason: string, code: number = codes.PROTOCOL_ERROR): void {
    if (stream.head.refusal === '') stream.head.refusal = reason;
    if (stream.isWhole) return this.#end(code, reason);
    this.#giveUp(stream, OUTCOME.upstream_malformed, code);
  }

  #giveUp(stream: Http2Stream, outcome: Outcome, code: number = codes.CANCEL): void {
    if (stream.isOver) return;
    if (stream.id !== 0 && stream.protocol.state !== STREAM_CLOSED) this.reset(stream, code);
    stream.fail(outcome);
  }

  /** The peer has broken a rule that concerns all streams. */
  #end(code: number, reason: string): void {
    if (this.#phase === CLOSED) return;
    const isGreeting = this.#phase === GREETING;
    for (const { head } of this.#carried) if (head.refusal === '') head.refusal = isGreeting ? `no HTTP/2: ${reason}` : reason;
    this.#signals.goaway(code);
    this.#failAll(OUTCOME.upstream_malformed);
  }

  #failAll(outcome: Outcome): void {
    if (this.#phase === CLOSED) return;
    const failed = this.#phase < OPEN && outcome === OUTCOME.upstream_reset ? OUTCOME.connect_refused : outcome;
    this.#pass();
    this.#close();
    for (const stream of [...this.#carried]) if (!stream.isWhole) stream.fail(failed);
  }

  #leavePool(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.#owner.onRetired(this);
  }

  #close(): void {
    this.#leavePool();
    if (this.open) this.#output.flush();
    this.#phase = CLOSED;
    this.#reader.stop();
    this.#deadline.disarm();
    this.#output.close();
    this.#waiting.clear();
    this.#stream.destroy();
    this.#owner.onClosed(this);
  }

  #mark(): void {
    if (this.#marked) return;
    this.#marked = true;
    atTurn(this);
  }

  /** Streams that wait send on, a frame of each in turn. */
  #pump(): void {
    let moves = this.#waiting.size > 0;
    while (moves) {
      moves = false;
      for (const stream of this.#waiting) {
        if (stream.pump()) moves = true;
        if (stream.unsent === 0) this.#waiting.delete(stream);
      }
    }
  }
}
