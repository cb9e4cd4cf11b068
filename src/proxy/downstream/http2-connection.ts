// One connection of HTTP/2 of a client: its frames, its streams, its windows, and when it ends. What becomes of a request its stream sees to, and
// what is written its output. No stream ever stops the others: nothing but a client that takes nothing stops the reading.
// Long because frames, limits and the two steps of leaving are one state.
//
//   OPEN --its listener leaves, or it has served enough: GOAWAY without a limit, PING--> LEAVING
//   LEAVING --the PING is back, or LEAVE_MS: GOAWAY with the last stream--> LAST --no stream is left--> CLOSED
//   Any --an error: GOAWAY with its code; no stream is left and it was idle; the client has gone--> CLOSED

import { ABUSE_REASONS, AbuseBudget } from '../../http2/abuse-budget.ts';
import * as abuse from '../../http2/abuse-budget.ts';
import type { Abuse } from '../../http2/abuse-budget.ts';
import { REQUEST_RULES, TRAILER_RULES } from '../../http2/block-rules.ts';
import { DecodedFields } from '../../http2/decoded-fields.ts';
import {
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  INTERNAL_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
} from '../../http2/error-codes.ts';
import { FlowControl } from '../../http2/flow-control.ts';
import { FrameReader } from '../../http2/frame-reader.ts';
import type { FrameVisitor } from '../../http2/frame-visitor.ts';
import * as writer from '../../http2/frame-writer.ts';
import { DATA, HEADERS, MAX_31_BITS, MIN_MAX_FRAME_SIZE, RST_STREAM, WINDOW_UPDATE } from '../../http2/frames.ts';
import { HeaderDecoder } from '../../http2/hpack/header-decoder.ts';
import { HeaderEncoder } from '../../http2/hpack/header-encoder.ts';
import {
  DEFAULT_WINDOW,
  PeerSettings,
  SETTINGS_ENABLE_CONNECT_PROTOCOL,
  SETTINGS_MAX_CONCURRENT_STREAMS,
  SETTINGS_MAX_HEADER_LIST_SIZE,
  SETTINGS_NO_RFC7540_PRIORITIES,
} from '../../http2/peer-settings.ts';
import { readRequestHead } from '../../http2/read-request-head.ts';
import { judgeTrailers } from '../../http2/read-trailers.ts';
import { StreamIds } from '../../http2/stream-ids.ts';
import { CLOSED as STREAM_IS_CLOSED, CONNECTION_SCOPE, IGNORE, TAKE, codeOf } from '../../http2/stream-state.ts';
import type { Verdict } from '../../http2/stream-state.ts';
import { BODY_NONE } from '../../http/body-kind.ts';
import { REFUSAL_OUTCOMES, REFUSE_BAD_REQUEST } from '../../http/refusal.ts';
import { WEBSOCKET, giveKey } from '../../http1/upgrade.ts';
import { Deadline } from '../../lib/deadlines.ts';
import type { DeadlineOwner } from '../../lib/deadlines.ts';
import type { ByteStream, StreamOwner } from '../../net/byte-stream.ts';
import type { ConnectionEnds } from '../../net/connection-ends.ts';
import { HTTP2_FAULT } from '../../telemetry/http2-faults.ts';
import type { Http2FaultCode } from '../../telemetry/http2-faults.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Introduction } from '../../upstream/introduction.ts';
import { refusalFields, refusalText } from '../steps/local-reply.ts';
import { observeRefusal } from '../steps/observe.ts';
import type { ClientConnection, ConnectionOwner } from './client-connection.ts';
import { Http2Output } from './http2-output.ts';
import type { OutputOwner } from './http2-output.ts';
import { Http2Stream } from './http2-stream.ts';
import type { StreamCarrier } from './http2-stream.ts';
import { introduce } from './introduce.ts';
import { Leaving } from './leaving.ts';
import type { RequestSink } from './request-sink.ts';
import type { Security } from './security.ts';

/** What a client may have on its way of all requests together. It hears of what was taken at once: the windows of streams bound what is kept. */
const CONNECTION_WINDOW = 1024 * 1024;
/** Of a stream whose content is taken as fast as it comes, and how many of a connection may have one: the others have the first window. */
const LARGE_WINDOW = 1024 * 1024;
const MAX_LARGE_WINDOWS = 4;
/** Octets that a client has yet to take: it is not read before it has taken some, for it would only ask for more. */
const MAX_UNTAKEN = 512 * 1024;
/** Blocks of fields are read up to here, however small the limit of a head is: a larger head than that gets a response. */
const MIN_BLOCK_BYTES = 65_536;
/** Streams that clients open at once before they know how many they may (RFC 9113, section 6.5.2). */
const UNTOLD_STREAMS = 100;
/** How long a client has to hear that it is to leave. */
const LEAVE_MS = 1000;
/** How long a client may take to close its side. */
const LINGER_MS = 2000;
const MAX_SPARE_STREAMS = 256;

const OPEN = 0;
const LEAVING = 1;
const LAST = 2;
const CLOSED = 3;

/** What its deadline is for. */
const NOTHING_WATCHED = 0;
const WATCHES_HEAD = 1;
const WATCHES_IDLE = 2;
const WATCHES_LEAVING = 3;

const HTTP_METHOD = /^[A-Z]{3,16} /;
const NOTHING = Buffer.alloc(0);
const LEAVE_PING = Buffer.from('leaving.', 'latin1');

/** By code of RFC 9113, section 7. */
const FAULTS: readonly Http2FaultCode[] = [
  'protocol',
  'protocol',
  'internal',
  'flow_control',
  'protocol',
  'stream_closed',
  'frame_size',
  'protocol',
  'protocol',
  'compression',
  'protocol',
  'field_block',
];
const ABUSE_FAULTS: readonly Http2FaultCode[] = [
  'reset_streams',
  'settings_flood',
  'ping_flood',
  'window_update_flood',
  'empty_data_flood',
  'useless_frames',
];

/** Decoding is synchronous, so that one serves all connections of a thread. */
const fields = new DecodedFields();
const spareStreams: Http2Stream[] = [];

export class Http2Connection implements ClientConnection, StreamOwner, FrameVisitor, StreamCarrier, OutputOwner, DeadlineOwner {
  readonly owner: ConnectionOwner;
  readonly peer: string;
  readonly security: Security | undefined;
  requests = 0;
  forwarded = '';
  named: ConnectionEnds | undefined = undefined;
  readonly output: Http2Output;
  readonly encoder = new HeaderEncoder(false);
  readonly flow = new FlowControl();
  readonly maxFrameBytes = MIN_MAX_FRAME_SIZE;

  readonly #stream: ByteStream;
  readonly #reader: FrameReader;
  readonly #decoder = new HeaderDecoder(4096);
  readonly #settings = new PeerSettings(false);
  readonly #ids: StreamIds;
  readonly #budget: AbuseBudget;
  readonly #deadline = new Deadline(this);
  readonly #streams = new Map<number, Http2Stream>();
  /** Ended since the last flush: the client cannot know of it yet. */
  #ended: Http2Stream[] = [];
  /** Their heads have come in this read; their content may follow in it. */
  #unbegun: Http2Stream[] = [];
  /** They have content that could not go. */
  #waiting: Http2Stream[] = [];
  readonly #maxStreams: number;
  #phase = OPEN;
  #watched = NOTHING_WATCHED;
  #paused = false;
  /** The client has heard of our settings. */
  #settled = false;
  /** Streams that were refused before. */
  #refused = 0;
  #largeWindows = 0;
  #lastTaken = MAX_31_BITS;
  /** It has said that it opens no further stream. */
  #clientLeaves = false;
  #introduction: Introduction | undefined = undefined;
  #leaving: Leaving | undefined = undefined;

  constructor(owner: ConnectionOwner, stream: ByteStream, peer: string, security: Security | undefined) {
    this.owner = owner;
    this.peer = peer;
    this.security = security;
    this.#stream = stream;
    this.output = new Http2Output(stream, this);
    const { settings, context } = owner;
    const blockBytes = Math.max(MIN_BLOCK_BYTES, settings.headerBytes * 2);
    this.#reader = new FrameReader(this, { frameBytes: MIN_MAX_FRAME_SIZE, blockBytes }, true);
    this.#maxStreams = settings.streams;
    this.#ids = new StreamIds(true, settings.streams);
    this.#budget = new AbuseBudget(context.deadlines.refresh());
    this.flow.beginWindows(DEFAULT_WINDOW, DEFAULT_WINDOW);
    this.#watch();
  }

  get busy(): boolean {
    return this.#streams.size > 0 || !this.#reader.idle;
  }

  get introduction(): Introduction {
    return (this.#introduction ??= introduce(this.named ?? this.#stream.ends, this.peer));
  }

  // Its socket.

  onRead(bytes: Buffer, length: number): boolean {
    if (this.#phase === CLOSED) return true;
    try {
      this.#read(bytes, length);
    } catch (error) {
      this.onFault(error);
    }
    return true;
  }

  #read(bytes: Buffer, length: number): void {
    this.owner.context.deadlines.refresh();
    if (!this.#reader.hasBegun) {
      if (isHttp1(bytes, length)) return this.#refuseHttp1();
      this.#writeFirst();
    }
    const code = this.#reader.read(bytes, 0, length);
    if (code !== NO_ERROR) this.#fail(code, FAULTS[code] ?? 'protocol', this.#reader.reason);
    if ((this.#phase as number) === CLOSED) return;
    for (const stream of this.#unbegun) if (!stream.begun && stream.exchange !== undefined) stream.start(NOTHING, 0, 0, false);
    if (this.#unbegun.length > 0) this.#unbegun.length = 0;
    if ((this.#phase as number) === CLOSED) return;
    if (this.output.pending > MAX_UNTAKEN && !this.#paused) {
      this.#paused = true;
      this.#stream.pause();
    }
    this.#watch();
  }

  /** A client that ends its side takes no part in what windows and settings say. */
  onEnd(): void {
    this.onGone();
  }

  onDrain(): void {
    this.output.takeBack();
    if (this.#paused && this.output.pending <= MAX_UNTAKEN) {
      this.#paused = false;
      this.#stream.resume();
    }
    this.#sendWaiting();
  }

  onGone(): void {
    if (this.#leaving !== undefined) return this.#leaving.destroy();
    if (this.#phase === CLOSED) return;
    this.#close();
    this.#stream.destroy();
    this.owner.onConnectionClosed(this);
  }

  onFault(error: unknown): void {
    this.owner.context.failed(error);
    if (this.#phase !== CLOSED) this.#fail(INTERNAL_ERROR, 'internal', 'internal error');
  }

  // Its output.

  onFlush(): void {
    if (this.#ended.length === 0) return;
    for (const stream of this.#ended) {
      stream.forget();
      if (spareStreams.length < MAX_SPARE_STREAMS) spareStreams.push(stream);
    }
    this.#ended.length = 0;
  }

  onFlushed(): void {
    if (this.#waiting.length > 0 && !this.#stream.needsDrain) this.#sendWaiting();
  }

  awaitRoom(stream: Http2Stream): void {
    stream.waits = true;
    this.#waiting.push(stream);
  }

  #sendWaiting(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const stream of waiting) if (stream.waits) stream.onRoom();
  }

  // What the client sends.

  onHeaders(streamId: number, bytes: Buffer, from: number, to: number, ends: boolean): void {
    const stream = this.#streams.get(streamId);
    const verdict = stream === undefined ? this.#ids.judge(streamId, HEADERS) : stream.judge(HEADERS);
    fields.begin(stream === undefined ? REQUEST_RULES : TRAILER_RULES, this.owner.settings);
    if (!this.#decoder.decode(bytes, from, to, fields)) return this.#fail(COMPRESSION_ERROR, 'compression', this.#decoder.fault);
    if (verdict !== TAKE) this.#react(streamId, verdict);
    else if (stream === undefined) this.#open(streamId, ends);
    else this.#takeTrailers(stream, ends);
  }

  #open(streamId: number, ends: boolean): void {
    const { owner } = this;
    this.#ids.opened(streamId);
    if (this.#phase === LAST || this.#streams.size + this.#ended.length >= this.#maxStreams) return this.#refuse(streamId);
    const exchange = owner.exchanges.take();
    const code = readRequestHead(fields, exchange.head, ends);
    exchange.head.scheme = this.security === undefined ? 'http' : 'https';
    const stream = spareStreams.pop() ?? new Http2Stream(this);
    stream.open(this, streamId, exchange, ends, this.#settings.initialWindowSize, DEFAULT_WINDOW);
    this.#streams.set(streamId, stream);
    owner.onStreamOpened();
    if (code !== 0) return this.#refuseHead(stream, exchange, code, ends);
    if (exchange.head.upgrade === WEBSOCKET) giveKey(exchange.head);
    this.requests++;
    owner.counters.requested();
    this.#budget.worked();
    this.#watch();
    if (ends || exchange.head.body === BODY_NONE) stream.start(NOTHING, 0, 0, false);
    else this.#unbegun.push(stream);
    const most = owner.settings.requestsPerConnection;
    if (most > 0 && this.requests >= most) this.retire();
  }

  #takeTrailers(stream: Http2Stream, ends: boolean): void {
    if (judgeTrailers(fields, ends) !== '' || !stream.takeContent(0, ends)) return this.#resetBad(stream, PROTOCOL_ERROR);
    stream.takeTrailers(fields.block);
  }

  /** It was not processed, and the client may ask again elsewhere. */
  #refuse(streamId: number): void {
    this.#writeReset(streamId, REFUSED_STREAM);
    this.#ids.noteReset(streamId);
    if (this.#phase === LAST) return;
    this.owner.counters.http2Fault(HTTP2_FAULT.refused_stream);
    // Who has not heard of our limit keeps to that of RFC 9113.
    if (this.#settled || ++this.#refused > UNTOLD_STREAMS) this.#spend(abuse.BAD_STREAM);
  }

  /** A response of ours to a head that cannot be passed on. */
  #refuseHead(stream: Http2Stream, exchange: RequestSink, code: number, ends: boolean): void {
    const { owner } = this;
    const isMalformed = code === REFUSE_BAD_REQUEST;
    // The rest of what is malformed is not waited for (RFC 9113, section 8.1.1).
    if (isMalformed) stream.endCode = PROTOCOL_ERROR;
    const outcome = OUTCOME[REFUSAL_OUTCOMES[code] ?? 'bad_request'];
    owner.counters.refused(outcome.index);
    observeRefusal(stream, owner.context, { outcome, text: `${fields.method} ${fields.path} `, reason: exchange.head.refusal });
    stream.sendReply(outcome.status, refusalFields(outcome), outcome.text + '\n');
    stream.end();
    if (!isMalformed) return;
    owner.counters.http2Fault(HTTP2_FAULT.malformed_stream);
    if (ends) this.#writeReset(stream.id, PROTOCOL_ERROR);
    this.#spend(abuse.BAD_STREAM);
  }

  onData(streamId: number, bytes: Buffer, from: number, to: number, flow: number, ends: boolean): void {
    const stream = this.#streams.get(streamId);
    if (!this.flow.received(flow)) return this.#fail(FLOW_CONTROL_ERROR, 'flow_control', 'window of the connection');
    const increment = this.flow.used(flow);
    if (increment > 0) this.#writeWindowUpdate(0, increment);
    if (to > from || ends) this.#budget.worked();
    else if (!this.#spend(abuse.EMPTY_DATA)) return;
    const verdict = stream === undefined ? this.#ids.judge(streamId, DATA) : stream.judge(DATA);
    if (verdict !== TAKE || stream === undefined) return this.#react(streamId, verdict);
    if (!stream.received(flow)) return this.#resetBad(stream, FLOW_CONTROL_ERROR);
    if (!stream.takeContent(to - from, ends)) return this.#resetBad(stream, PROTOCOL_ERROR);
    stream.take(bytes, from, to, flow, ends);
  }

  onReset(streamId: number): void {
    const stream = this.#streams.get(streamId);
    const verdict = stream === undefined ? this.#ids.judge(streamId, RST_STREAM) : stream.judge(RST_STREAM);
    if (verdict !== TAKE || stream === undefined) return this.#react(streamId, verdict);
    if (!this.#spend(abuse.BAD_STREAM)) return;
    stream.giveUp();
  }

  onSettings(bytes: Buffer, from: number, to: number): void {
    if (!this.#spend(abuse.SETTINGS_FRAME)) return;
    const settings = this.#settings;
    const before = settings.initialWindowSize;
    const code = settings.take(bytes, from, to);
    if (code !== NO_ERROR) return this.#fail(code, FAULTS[code] ?? 'protocol', settings.reason);
    this.encoder.resize(settings.headerTableSize);
    const more = settings.initialWindowSize - before;
    if (more !== 0) {
      for (const stream of this.#streams.values()) {
        if (!stream.allow(more)) return this.#fail(FLOW_CONTROL_ERROR, 'flow_control', 'window of a stream');
      }
    }
    const at = this.output.reserve(writer.SETTINGS_ACK_FRAME);
    this.output.wrote(writer.writeSettingsAck(this.output.bytes, at));
    if (more > 0) this.#sendWaiting();
  }

  onSettingsAck(): void {
    if (this.#settled) this.#spend(abuse.WASTED_FRAME);
    this.#settled = true;
  }

  onPing(bytes: Buffer, from: number): void {
    if (!this.#spend(abuse.PING_FRAME)) return;
    const at = this.output.reserve(writer.PING_FRAME);
    this.output.wrote(writer.writePingAck(this.output.bytes, at, bytes, from));
  }

  onPingAck(): void {
    if (this.#phase === LEAVING) this.#takeNoMore();
    else this.#spend(abuse.WASTED_FRAME);
  }

  /** The client opens no further stream. */
  onGoaway(): void {
    this.#clientLeaves = true;
    if (this.#spend(abuse.WASTED_FRAME) && this.#streams.size === 0) this.#goaway(NO_ERROR);
  }

  onWindowUpdate(streamId: number, increment: number): void {
    if (!this.#spend(abuse.WINDOW_UPDATE_FRAME)) return;
    if (streamId === 0) {
      if (!this.flow.allow(increment)) return this.#fail(FLOW_CONTROL_ERROR, 'flow_control', 'window of the connection');
      return this.#sendWaiting();
    }
    const stream = this.#streams.get(streamId);
    const verdict = stream === undefined ? this.#ids.judge(streamId, WINDOW_UPDATE) : stream.judge(WINDOW_UPDATE);
    if (verdict !== TAKE || stream === undefined) return this.#react(streamId, verdict);
    if (!stream.allow(increment)) return this.#resetBad(stream, FLOW_CONTROL_ERROR);
    if (stream.waits) stream.onRoom();
  }

  onIgnored(): void {
    this.#spend(abuse.WASTED_FRAME);
  }

  onStreamError(streamId: number, code: number, reason: string): void {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#resetBad(stream, code);
    else if (this.#ids.stateOf(streamId) !== STREAM_IS_CLOSED) this.#fail(code, FAULTS[code] ?? 'protocol', reason);
    else this.#spend(abuse.WASTED_FRAME);
  }

  #react(streamId: number, verdict: Verdict): void {
    if (verdict === IGNORE) {
      this.#spend(abuse.WASTED_FRAME);
      return;
    }
    const code = codeOf(verdict);
    if ((verdict & CONNECTION_SCOPE) !== 0) return this.#fail(code, FAULTS[code] ?? 'protocol', 'frame in a wrong state');
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#resetBad(stream, code);
  }

  // What its streams ask for.

  allow(stream: Http2Stream, octets: number): void {
    let increment = stream.used(octets);
    if (increment === 0) return;
    // What takes half of a window at a time takes more.
    if (!stream.isLarge && this.#largeWindows < MAX_LARGE_WINDOWS) {
      stream.isLarge = true;
      this.#largeWindows++;
      increment += stream.enlarge(LARGE_WINDOW);
    }
    this.#writeWindowUpdate(stream.id, increment);
  }

  worked(): void {
    this.#budget.worked();
  }

  reset(stream: Http2Stream, code: number): void {
    if (!stream.hasEnded) this.#ids.noteReset(stream.id);
    this.#writeReset(stream.id, code);
    stream.onResetSent();
  }

  onStreamEnded(stream: Http2Stream): void {
    if (!this.#streams.delete(stream.id)) return;
    if (stream.isLarge) this.#largeWindows--;
    this.owner.onStreamClosed();
    if (this.#phase === CLOSED) return;
    if (!stream.wasReset) this.#budget.finished();
    this.#ended.push(stream);
    this.output.mark();
    if (this.#streams.size > 0) return;
    this.#decoder.relax();
    const { closing, context } = this.owner;
    if (this.#phase === OPEN && (closing || !context.allowsKeepAlive)) this.retire();
    if (this.#phase === LAST || this.#clientLeaves) this.#goaway(NO_ERROR);
    else this.#watch();
  }

  // Time.

  onDeadline(): void {
    const watched = this.#watched;
    this.#watched = NOTHING_WATCHED;
    if (watched === WATCHES_LEAVING) return this.#takeNoMore();
    if (watched === WATCHES_HEAD && (this.#reader.hasBegun || this.#streams.size > 0)) {
      this.owner.counters.refused(OUTCOME.request_timeout.index);
      return this.#fail(PROTOCOL_ERROR, 'timeout', 'head not complete in time');
    }
    if (this.#streams.size === 0) this.#goaway(NO_ERROR);
  }

  #watch(): void {
    if (this.#watched === WATCHES_LEAVING || this.#phase >= LEAVING) return;
    const { settings, context } = this.owner;
    const isIdle = this.#streams.size === 0;
    const wanted =
      this.#reader.collects || (isIdle && (this.requests === 0 || !this.#reader.idle))
        ? WATCHES_HEAD
        : isIdle
          ? WATCHES_IDLE
          : NOTHING_WATCHED;
    if (wanted === this.#watched) return;
    this.#watched = wanted;
    if (wanted === NOTHING_WATCHED) this.#deadline.disarm();
    else context.deadlines.arm(this.#deadline, wanted === WATCHES_HEAD ? settings.headerTimeoutMs : settings.idleTimeoutMs);
  }

  // Its end.

  retire(): void {
    if (this.#phase !== OPEN) return;
    this.#phase = LEAVING;
    this.#writeGoaway(MAX_31_BITS, NO_ERROR);
    const at = this.output.reserve(writer.PING_FRAME);
    this.output.wrote(writer.writePing(this.output.bytes, at, LEAVE_PING, 0));
    this.#watched = WATCHES_LEAVING;
    this.owner.context.deadlines.arm(this.#deadline, LEAVE_MS);
  }

  linger(): void {
    this.retire();
  }

  leave(withinMs: number): void {
    for (const stream of this.#streams.values()) stream.longLived?.leave(withinMs);
  }

  #takeNoMore(): void {
    if (this.#phase !== LEAVING) return;
    this.#phase = LAST;
    this.#lastTaken = this.#ids.last;
    this.#watched = NOTHING_WATCHED;
    this.#deadline.disarm();
    if (this.#streams.size === 0) return this.#goaway(NO_ERROR);
    this.#writeGoaway(this.#ids.last, NO_ERROR);
  }

  /** Who speaks HTTP/1 is told so in its words. */
  #refuseHttp1(): void {
    const { owner } = this;
    const outcome = OUTCOME.version_not_supported;
    owner.counters.refused(outcome.index);
    this.#close();
    observeRefusal(this, owner.context, { outcome, text: '', reason: 'the listener speaks HTTP/2 alone' });
    this.#stream.writeText(refusalText(outcome), 'utf8');
    this.#leaveBy();
  }

  #spend(kind: Abuse): boolean {
    if (this.#budget.spend(kind, this.owner.context.deadlines.atMs)) return true;
    this.#fail(ENHANCE_YOUR_CALM, ABUSE_FAULTS[kind]!, ABUSE_REASONS[kind]);
    return false;
  }

  /** A stream ends for what the client did on it. */
  #resetBad(stream: Http2Stream, code: number): void {
    this.owner.counters.http2Fault(HTTP2_FAULT.malformed_stream);
    if (!stream.hasEnded) this.#ids.noteReset(stream.id);
    this.#writeReset(stream.id, code);
    stream.giveUp();
    this.#spend(abuse.BAD_STREAM);
  }

  #fail(code: number, fault: Http2FaultCode, reason: string): void {
    if (this.#phase === CLOSED) return;
    const { counters, context, settings } = this.owner;
    counters.http2Fault(HTTP2_FAULT[fault]);
    const silent = context.http2Faults.take(context.deadlines.atMs);
    const line = { listener: settings.name, client: this.peer, fault, reason };
    if (silent >= 0)
      context.log.info(silent === 0 ? line : { ...line, more: silent }, 'a connection of HTTP/2 is ended for what its client did');
    this.#goaway(code);
  }

  /** The last word: what is written leaves, and what the client still sends is thrown away. */
  #goaway(code: number): void {
    if (this.#phase === CLOSED) return;
    this.#writeGoaway(Math.min(this.#lastTaken, this.#ids.last), code);
    this.output.flush();
    this.#close();
    this.#leaveBy();
  }

  #leaveBy(): void {
    const { deadlines } = this.owner.context;
    this.#leaving = new Leaving(this.#stream, { deadlines, lingerMs: LINGER_MS, onGone: () => this.owner.onConnectionClosed(this) });
    this.#leaving.begin('end');
  }

  /** No stream is served any more. */
  #close(): void {
    this.#phase = CLOSED;
    this.#reader.stop();
    this.#deadline.disarm();
    this.output.close();
    this.#introduction?.end();
    this.#unbegun.length = 0;
    this.#waiting = [];
    for (const stream of [...this.#streams.values()]) stream.giveUp();
  }

  #writeFirst(): void {
    const { settings } = this.owner;
    const { output } = this;
    const at = output.reserve(128);
    output.wrote(
      writer.writeSettings(output.bytes, at, [
        [SETTINGS_MAX_CONCURRENT_STREAMS, settings.streams],
        [SETTINGS_MAX_HEADER_LIST_SIZE, settings.headerBytes],
        [SETTINGS_ENABLE_CONNECT_PROTOCOL, 1],
        [SETTINGS_NO_RFC7540_PRIORITIES, 1],
      ]),
    );
    this.#writeWindowUpdate(0, this.flow.enlarge(CONNECTION_WINDOW));
  }

  #writeReset(streamId: number, code: number): void {
    const { output } = this;
    const at = output.reserve(writer.RESET_FRAME);
    output.wrote(writer.writeReset(output.bytes, at, streamId, code));
  }

  #writeWindowUpdate(streamId: number, increment: number): void {
    const { output } = this;
    const at = output.reserve(writer.WINDOW_UPDATE_FRAME);
    output.wrote(writer.writeWindowUpdate(output.bytes, at, streamId, increment));
  }

  #writeGoaway(lastStreamId: number, code: number): void {
    const { output } = this;
    const at = output.reserve(writer.GOAWAY_FRAME);
    output.wrote(writer.writeGoaway(output.bytes, at, lastStreamId, code));
  }
}

/** Whether a request begins so, other than the one that no request is. */
function isHttp1(bytes: Buffer, length: number): boolean {
  const first = bytes.toString('latin1', 0, Math.min(length, 17));
  return HTTP_METHOD.test(first) && !first.startsWith('PRI ');
}
