// One exchange on a connection of HTTP/2: its request leaves as windows allow, its response is gathered and passed on. Others go on while its
// client takes nothing: what comes meanwhile is kept, as much as its window lets in. Long because both directions share its end.
//
//   begin --> request: sent, or waiting for a window --> its end
//         \-> head, interim or final --> content, gathered from the frames of one read --> passed on --> its end
//
//   It is over when the sink has let go of it (`release`, `destroy`), or has heard of its failure.

import { BODY_LENGTH } from '../../../http/body-kind.ts';
import type { OutgoingRequest } from '../../../http/request.ts';
import { IncomingResponse } from '../../../http/response.ts';
import { ChunkedScanner } from '../../../http1/chunked-scanner.ts';
import { CANCEL } from '../../../http2/error-codes.ts';
import { KeptBytes } from '../../../http2/kept-bytes.ts';
import { Stream } from '../../../http2/stream.ts';
import { CLOSED } from '../../../http2/stream-state.ts';
import { latin1 } from '../../../lib/latin1.ts';
import type { ByteStream } from '../../../net/byte-stream.ts';
import type { Outcome } from '../../../telemetry/outcomes.ts';
import type { StreamRequest } from '../../stream-request.ts';
import { HEADROOM, READ_BYTES, giveBlock, takeBlock } from '../blocks.ts';
import type { LongLived, ResponseSink, UpstreamStream } from '../upstream-stream.ts';
import { RequestContent } from './request-content.ts';

/** Content up to this size is handed on as one string, too. */
const TEXT_BYTES = 16_384;
/** Interim (1xx) responses that are accepted before the final one. */
const MAX_INTERIM = 16;

const BLOCK_LENGTH = HEADROOM + READ_BYTES;
const NOTHING = Buffer.alloc(0);
/** No response of HTTP/2 is in chunks. */
const NO_CHUNKS = new ChunkedScanner(true);

/** The connection, as its streams know it. */
export interface StreamCarrier {
  readonly open: boolean;
  readonly leaves: boolean;
  readonly responses: number;
  readonly fault: string;
  begin(stream: Http2Stream, request: OutgoingRequest, authority: string, ends: boolean): void;
  /** Sends content, as far as windows allow; with `ends` it is the rest. Returns how much of it has left. */
  sendContent(stream: Http2Stream, bytes: Buffer, from: number, to: number, ends: boolean): number;
  /** The request is over. @param trailers a header block */
  endRequest(stream: Http2Stream, trailers: string): void;
  /** The stream waits for a window. */
  waitsForWindow(stream: Http2Stream): void;
  allow(stream: Http2Stream, octets: number): void;
  /** `goOn` follows, in another turn. */
  resumes(stream: Http2Stream): void;
  reset(stream: Http2Stream, code: number): void;
  /** Its exchange has let go of it. */
  left(stream: Http2Stream): void;
  onSinkFault(stream: Http2Stream, error: unknown): void;
}

export class Http2Stream implements UpstreamStream {
  /** What the protocol knows of it. */
  readonly protocol = new Stream();
  readonly head = new IncomingResponse();
  readonly scanner = NO_CHUNKS;
  memory: Buffer = NOTHING;
  text = '';
  textBody = 0;
  trailers = '';
  responding = false;
  unprocessed = false;
  /** Its connection has no place for it. */
  isSurplus = false;
  longLived: LongLived | undefined = undefined;
  /** It was made for this one, and has not begun. */
  request: StreamRequest | undefined;
  method = '';
  readonly #carrier: StreamCarrier;
  readonly #content = new RequestContent();
  #sink: ResponseSink | undefined = undefined;
  /** Its sink has let go of it, or has heard of its failure. */
  #over = false;
  #headTold = false;
  /** All of the response is here, and whether its sink knows. */
  #whole = false;
  #told = false;
  #interims = 0;
  /** The sink has yet to be told that all is sent. */
  #tellsSent = false;
  #paused = false;
  /** Content that is gathered ends here in this block. */
  #block: Buffer | undefined = undefined;
  #to = HEADROOM;
  /** Its sink still needs this one. */
  #borrowed: Buffer | undefined = undefined;
  #borrowedOctets = 0;
  /** Content that has come while the sink takes none. */
  #kept: KeptBytes | undefined = undefined;

  constructor(carrier: StreamCarrier, request: StreamRequest | undefined) {
    this.#carrier = carrier;
    this.request = request;
  }

  get connected(): boolean {
    return !this.#over && this.#carrier.open;
  }

  /** 0: it has not begun. */
  get id(): number {
    return this.protocol.id;
  }

  get idle(): boolean {
    return this.id === 0;
  }

  get sent(): boolean {
    return this.id !== 0;
  }

  get responses(): number {
    return this.#carrier.responses;
  }

  get leaves(): boolean {
    return this.isSurplus || this.#carrier.leaves;
  }

  get fault(): string {
    return this.#carrier.fault;
  }

  get unsent(): number {
    return this.#content.octets;
  }

  /** Whether the whole response is here: it needs its connection no more. */
  get isWhole(): boolean {
    return this.#whole;
  }

  get isOver(): boolean {
    return this.#over;
  }

  // What the exchange does.

  begin(sink: ResponseSink, request: OutgoingRequest, authority: string, text: string, bytes: Buffer | undefined): boolean {
    if (this.#over) return true;
    this.request = undefined;
    this.#sink = sink;
    this.method = request.method;
    this.#content.begin(request.body, request.contentLength);
    this.#carrier.begin(this, request, authority, this.#content.ended);
    if (text !== '') this.#send(Buffer.from(text, 'latin1'), true);
    if (bytes !== undefined) this.#send(bytes, false);
    return this.#content.octets === 0;
  }

  sendBytes(bytes: Buffer): boolean {
    return this.#send(bytes, true);
  }

  sendCopy(bytes: Buffer, from: number, to: number): boolean {
    return this.#send(bytes.subarray(from, to), false);
  }

  sendRead(bytes: Buffer, from: number, to: number): boolean {
    return this.#send(bytes.subarray(from, to), false);
  }

  sendEnd(trailers: string): void {
    if (this.#over || this.#content.ended) return;
    this.#content.ended = true;
    this.#content.trailers = trailers;
    if (this.#content.octets === 0) this.#carrier.endRequest(this, trailers);
  }

  tellDrained(): void {
    this.#tellsSent = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#giveBack();
    if (this.#kept !== undefined || (this.#whole && !this.#told)) this.#carrier.resumes(this);
  }

  release(): void {
    if (!this.#told || this.#content.octets > 0 || this.protocol.state !== CLOSED) return this.destroy();
    this.#giveBack();
    this.#leave();
  }

  openTunnel(): ByteStream {
    throw new Error('a stream of HTTP/2 is no tunnel');
  }

  destroy(): void {
    if (this.#over) return;
    if (this.id !== 0 && this.protocol.state !== CLOSED) this.#carrier.reset(this, CANCEL);
    this.#leave();
  }

  abort(): void {
    this.destroy();
  }

  // What its connection does.

  /** Sends one frame more of what waits; false: nothing could be sent, or is left to be. */
  pump(): boolean {
    const content = this.#content;
    const { first, at } = content;
    if (content.octets === 0) return false;
    const isRest = content.ended && content.trailers === '' && content.octets === first.length - at;
    const sent = this.#carrier.sendContent(this, first, at, first.length, isRest);
    content.sent(sent);
    if (content.octets > 0) return sent > 0;
    this.#carrierEnds(isRest);
    if (this.#tellsSent) {
      this.#tellsSent = false;
      this.#sink?.onUpstreamDrained(this);
    }
    return false;
  }

  /** The upstream takes no more of the request. */
  stopSending(): void {
    this.#content.clear();
    if (!this.#tellsSent) return;
    this.#tellsSent = false;
    this.#sink?.onUpstreamDrained(this);
  }

  /** An interim head is in `head`. False: there are too many. */
  takeInterim(): boolean {
    if (++this.#interims > MAX_INTERIM) return false;
    this.#sink?.onInterim(this);
    return true;
  }

  /** Content has come, which is passed on by `deliver`. */
  arrived(bytes: Buffer, from: number, to: number): void {
    if (from === to || this.#over) return;
    if (this.#paused || this.#kept !== undefined) {
      (this.#kept ??= new KeptBytes()).add(bytes, from, to);
      return;
    }
    this.#block ??= takeBlock();
    if (to - from > this.#block.length - this.#to) this.deliver(false);
    this.#to += bytes.copy((this.#block ??= takeBlock()), this.#to, from, to);
  }

  /** Passes on what was gathered. @param done the response is whole */
  deliver(done: boolean): void {
    if (done) this.#whole = true;
    if (this.#over || this.#paused || this.#kept !== undefined) return;
    const to = this.#to;
    const block = this.#block;
    this.#block = undefined;
    this.#to = HEADROOM;
    if (block === undefined && this.#headTold && !done) return;
    this.#tell(block ?? NOTHING, block === undefined ? 0 : HEADROOM, block === undefined ? 0 : to, done);
  }

  /** The sink takes more: what was kept is passed on. */
  goOn(): void {
    if (this.#over || this.#paused || this.#told) return;
    const kept = this.#kept;
    this.#kept = undefined;
    const length = kept?.length ?? 0;
    if (length > 0 || this.#whole) this.#tell(kept?.take() ?? NOTHING, 0, length, this.#whole);
  }

  fail(outcome: Outcome): void {
    if (this.#over) return;
    const sink = this.#sink ?? this.request;
    this.#leave();
    sink?.onUpstreamFailure(this, outcome);
  }

  #send(bytes: Buffer, isOurs: boolean): boolean {
    const content = this.#content;
    if (this.#over || content.ended) return true;
    const plain = content.unframe(bytes);
    if (plain.length > 0) this.#sendPlain(plain, isOurs);
    else if (content.ended && content.octets === 0) this.#carrierEnds(false);
    if (content.octets === 0) return true;
    this.#tellsSent = true;
    this.#carrier.waitsForWindow(this);
    return false;
  }

  #sendPlain(plain: Buffer, isOurs: boolean): void {
    const content = this.#content;
    const isRest = content.ended && content.trailers === '';
    const sent = content.octets > 0 ? 0 : this.#carrier.sendContent(this, plain, 0, plain.length, isRest);
    if (sent === plain.length) return this.#carrierEnds(isRest);
    const rest = plain.subarray(sent);
    content.add(isOurs ? rest : Buffer.from(rest));
  }

  /** All that there was of the content is sent. @param told the end with it */
  #carrierEnds(told: boolean): void {
    if (this.#content.ended && !told) this.#carrier.endRequest(this, this.#content.trailers);
  }

  #tell(memory: Buffer, from: number, to: number, done: boolean): void {
    const isFirst = !this.#headTold;
    this.#headTold = true;
    this.#told = done;
    this.memory = memory;
    this.text = isFirst && to - from <= TEXT_BYTES && this.head.body === BODY_LENGTH ? latin1(memory, from, to) : '';
    const sink = this.#sink;
    let more = true;
    try {
      if (sink !== undefined) more = isFirst ? sink.onResponse(this, from, to, done) : sink.onResponseBytes(this, from, to, done);
    } catch (error) {
      return this.#carrier.onSinkFault(this, error);
    }
    this.#borrowed = memory;
    this.#borrowedOctets = to - from;
    if (more) this.#giveBack();
    else if (!this.#over) this.#paused = true;
  }

  /** The sink needs nothing more of what it was told last: the upstream may send as much again. */
  #giveBack(): void {
    const memory = this.#borrowed;
    if (memory === undefined) return;
    const octets = this.#borrowedOctets;
    this.#borrowed = undefined;
    this.#borrowedOctets = 0;
    this.memory = NOTHING;
    if (memory.length === BLOCK_LENGTH) giveBlock(memory);
    if (octets > 0 && !this.#over && !this.#whole) this.#carrier.allow(this, octets);
  }

  #leave(): void {
    this.#over = true;
    this.#sink = undefined;
    this.request = undefined;
    this.longLived = undefined;
    this.text = '';
    this.#content.clear();
    this.#kept = undefined;
    if (this.#block !== undefined) giveBlock(this.#block);
    this.#block = undefined;
    this.#carrier.left(this);
  }
}
