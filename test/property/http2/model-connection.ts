// A connection of a server as small as one can be over the room: it keeps what comes on each stream, and reacts to errors as their scope asks.
// What this accepts nghttp2 is to accept as the same. It allows no more than the first windows: all that it reads was sent before it could be heard.

import type { FrameVisitor } from '../../../src/http2/frame-visitor.ts';
import { IncomingRequest } from '../../../src/http/request.ts';
import { REQUEST_RULES, TRAILER_RULES } from '../../../src/http2/block-rules.ts';
import { DecodedFields } from '../../../src/http2/decoded-fields.ts';
import * as codes from '../../../src/http2/error-codes.ts';
import { FlowControl } from '../../../src/http2/flow-control.ts';
import { FrameReader } from '../../../src/http2/frame-reader.ts';
import { DATA, HEADERS, RST_STREAM, WINDOW_UPDATE } from '../../../src/http2/frames.ts';
import { HeaderDecoder } from '../../../src/http2/hpack/header-decoder.ts';
import { DEFAULT_WINDOW, PeerSettings } from '../../../src/http2/peer-settings.ts';
import { readRequestHead } from '../../../src/http2/read-request-head.ts';
import { judgeTrailers } from '../../../src/http2/read-trailers.ts';
import { Stream } from '../../../src/http2/stream.ts';
import { StreamIds } from '../../../src/http2/stream-ids.ts';
import { CLOSED, CONNECTION_SCOPE, IGNORE, OPEN, TAKE, codeOf } from '../../../src/http2/stream-state.ts';
import type { Verdict } from '../../../src/http2/stream-state.ts';

const LIMITS = { headerBytes: 60_000, headerCount: 900, requestLineBytes: 60_000 };
const CONCURRENT = 100;

class ModelStream extends Stream {
  readonly request = new IncomingRequest();
  content = '';
  trailers: string | undefined = undefined;
  /** The client has reset it. */
  givenUp = false;
}

export class ModelConnection implements FrameVisitor {
  /** All that ever began. */
  readonly streams = new Map<number, ModelStream>();
  readonly resets = new Map<number, number>();
  /** With which the connection has ended; -1: it has not. */
  goaway = -1;
  reason = '';
  /** The client begins no further stream. */
  leaves = false;
  strayAcks = 0;
  readonly #open = new Map<number, ModelStream>();
  readonly #reader = new FrameReader(this, { frameBytes: 16_384, blockBytes: 65_536 }, true);
  readonly #decoder = new HeaderDecoder(4096);
  readonly #fields = new DecodedFields();
  readonly #settings = new PeerSettings(false);
  readonly #flow = new FlowControl();
  readonly #ids = new StreamIds(true, CONCURRENT);

  constructor() {
    this.#flow.beginWindows(DEFAULT_WINDOW, DEFAULT_WINDOW);
  }

  /** Reads on; false: the connection has ended. */
  read(bytes: Buffer, from = 0, to = bytes.length): boolean {
    const code = this.#reader.read(bytes, from, to);
    if (code !== codes.NO_ERROR) this.#end(code, this.#reader.reason);
    return this.goaway < 0;
  }

  /** Whether nothing of a frame is missing. */
  get idle(): boolean {
    return this.#reader.idle;
  }

  onHeaders(streamId: number, bytes: Buffer, from: number, to: number, ends: boolean): void {
    const known = this.#open.get(streamId);
    const verdict = known?.judge(HEADERS) ?? this.#ids.judge(streamId, HEADERS);
    const isFirst = known === undefined;
    this.#fields.begin(isFirst ? REQUEST_RULES : TRAILER_RULES, LIMITS);
    if (!this.#decoder.decode(bytes, from, to, this.#fields)) return this.#end(codes.COMPRESSION_ERROR, this.#decoder.fault);
    if (verdict !== TAKE) return this.#react(streamId, verdict);
    if (isFirst) this.#begin(streamId, ends);
    else this.#takeTrailers(known, ends);
  }

  #begin(streamId: number, ends: boolean): void {
    const stream = new ModelStream();
    this.#ids.opened(streamId);
    stream.begin(streamId, OPEN, this.#settings.initialWindowSize, DEFAULT_WINDOW);
    this.#open.set(streamId, stream);
    if (readRequestHead(this.#fields, stream.request, ends) !== 0) return this.#reset(streamId, codes.PROTOCOL_ERROR);
    this.streams.set(streamId, stream);
    stream.hasHead = true;
    stream.contentLeft = stream.request.contentLength;
    if (ends) stream.endRemote();
  }

  #takeTrailers(stream: ModelStream, ends: boolean): void {
    if (judgeTrailers(this.#fields, ends) !== '' || !stream.takeContent(0, ends)) return this.#reset(stream.id, codes.PROTOCOL_ERROR);
    stream.trailers = this.#fields.block;
    stream.endRemote();
  }

  onData(streamId: number, bytes: Buffer, from: number, to: number, flow: number, ends: boolean): void {
    const stream = this.#open.get(streamId);
    const verdict = stream?.judge(DATA) ?? this.#ids.judge(streamId, DATA);
    if (!this.#flow.received(flow)) return this.#end(codes.FLOW_CONTROL_ERROR, 'window of the connection');
    if (verdict !== TAKE || stream === undefined) return this.#react(streamId, verdict);
    if (!stream.received(flow)) return this.#reset(streamId, codes.FLOW_CONTROL_ERROR);
    if (!stream.takeContent(to - from, ends)) return this.#reset(streamId, codes.PROTOCOL_ERROR);
    stream.content += bytes.toString('latin1', from, to);
    if (ends) stream.endRemote();
  }

  onReset(streamId: number): void {
    const stream = this.#open.get(streamId);
    const verdict = stream?.judge(RST_STREAM) ?? this.#ids.judge(streamId, RST_STREAM);
    if (verdict !== TAKE || stream === undefined) return this.#react(streamId, verdict);
    stream.givenUp = true;
    stream.state = CLOSED;
    this.#open.delete(streamId);
  }

  onSettings(bytes: Buffer, from: number, to: number): void {
    const before = this.#settings.initialWindowSize;
    const code = this.#settings.take(bytes, from, to);
    if (code !== codes.NO_ERROR) return this.#end(code, this.#settings.reason);
    for (const stream of this.#open.values()) {
      if (!stream.allow(this.#settings.initialWindowSize - before)) return this.#end(codes.FLOW_CONTROL_ERROR, 'window of a stream');
    }
  }

  onWindowUpdate(streamId: number, increment: number): void {
    if (streamId === 0) {
      if (!this.#flow.allow(increment)) this.#end(codes.FLOW_CONTROL_ERROR, 'window of the connection');
      return;
    }
    const stream = this.#open.get(streamId);
    const verdict = stream?.judge(WINDOW_UPDATE) ?? this.#ids.judge(streamId, WINDOW_UPDATE);
    if (verdict !== TAKE || stream === undefined) return this.#react(streamId, verdict);
    if (!stream.allow(increment)) this.#reset(streamId, codes.FLOW_CONTROL_ERROR);
  }

  onStreamError(streamId: number, code: number, reason: string): void {
    if (this.#open.has(streamId)) this.#reset(streamId, code);
    else if (this.#ids.stateOf(streamId) !== CLOSED) this.#end(code, reason);
    else this.resets.set(streamId, code);
  }

  // Of what nobody has asked for. Node ends the connection for it, RFC 9113 says nothing about it.
  onSettingsAck(): void {
    this.strayAcks++;
  }

  onPing(): void {
    // Nobody is there to be told.
  }

  onPingAck(): void {
    this.strayAcks++;
  }

  onGoaway(): void {
    this.leaves = true;
  }

  onIgnored(): void {
    // Floods are not what this is about.
  }

  #react(streamId: number, verdict: Verdict): void {
    if (verdict === IGNORE) return;
    if ((verdict & CONNECTION_SCOPE) !== 0) this.#end(codeOf(verdict), 'frame in a wrong state');
    else this.#reset(streamId, codeOf(verdict));
  }

  #reset(streamId: number, code: number): void {
    this.resets.set(streamId, code);
    this.#ids.noteReset(streamId);
    this.#open.get(streamId)!.state = CLOSED;
    this.#open.delete(streamId);
  }

  #end(code: number, reason: string): void {
    this.goaway = code;
    this.reason = reason;
    this.#reader.stop();
  }
}
