// Reads the frames of one side of a connection (RFC 9113, sections 4 and 6) from whatever pieces its bytes come in. Content is passed on in place;
// of other frames what has come is kept until they are whole. What is wrong with a frame itself is found here, what is wrong in the state of its
// stream is not.
//
//   PREFACE --> HEAD --> CONTENT ----> HEAD       DATA, with PAD_LENGTH before its content and SKIPPED behind it where it is padded
//                  \---> PAYLOAD ----> HEAD       frames that are read
//                   \--> SKIPPED ----> HEAD       frames that are not
//
// Long because these phases, and what of them is left when the bytes end, are one machine.

import { ENHANCE_YOUR_CALM, FRAME_SIZE_ERROR, NO_ERROR, PROTOCOL_ERROR } from './error-codes.ts';
import { frameFault } from './frame-faults.ts';
import type { FrameVisitor } from './frame-visitor.ts';
import {
  ACK,
  CLIENT_PREFACE,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  FRAME_HEAD,
  GOAWAY,
  HAS_PRIORITY,
  HEADERS,
  MAX_31_BITS,
  PADDED,
  PING,
  PRIORITY,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frames.ts';
import { KeptBytes } from './kept-bytes.ts';

export interface FrameLimits {
  /** Our SETTINGS_MAX_FRAME_SIZE. */
  readonly frameBytes: number;
  /** A block of fields, as it comes. */
  readonly blockBytes: number;
}

/** CONTINUATION frames of a block. Those who send full frames need one for each 16 KiB. */
const MAX_CONTINUATIONS = 16;

/** Of the old priority scheme, in HEADERS and PRIORITY. */
const PRIORITY_BYTES = 5;

const PREFACE = 0;
const HEAD = 1;
const PAYLOAD = 2;
const PAD_LENGTH = 3;
const CONTENT = 4;
const SKIPPED = 5;
const STOPPED = 6;

export class FrameReader {
  /** Why the connection is to end, once `read` has said so. */
  reason = '';
  readonly #visitor: FrameVisitor;
  readonly #limits: FrameLimits;
  #phase: number;
  /** Octets of the preface or of a frame's head that have come. */
  #octets = 0;
  #length = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** Octets of the content or of what is skipped that are to come. */
  #left = 0;
  #padding = 0;
  /** What padding counts for flow control, until the first piece of the content is passed on. */
  #flow = 0;
  #settled = false;
  #kept: KeptBytes | undefined = undefined;
  /** The stream of the block of fields whose end is to come; 0: there is none. */
  #blockStream = 0;
  #blockEnds = false;
  #block: KeptBytes | undefined = undefined;
  #continuations = 0;

  /** @param hasPreface the peer is a client, and begins with its preface */
  constructor(visitor: FrameVisitor, limits: FrameLimits, hasPreface: boolean) {
    this.#visitor = visitor;
    this.#limits = limits;
    this.#phase = hasPreface ? PREFACE : HEAD;
  }

  /** Whether nothing of a frame is waiting for its end. */
  get idle(): boolean {
    return this.#phase === HEAD && this.#octets === 0 && this.#blockStream === 0;
  }

  /** Whether anything has come. */
  get hasBegun(): boolean {
    return this.#phase !== PREFACE || this.#octets > 0;
  }

  /** Whether a block of fields waits for its end. */
  get collects(): boolean {
    return this.#blockStream !== 0 || (this.#phase === PAYLOAD && this.#type === HEADERS);
  }

  /** Reads on, from `from` to `to`. Returns NO_ERROR, or the code with which the connection is to end: then nothing more is read. */
  read(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && this.#phase !== STOPPED) {
      at = this.#step(bytes, at, to);
      if (at < 0) {
        this.#phase = STOPPED;
        return -at;
      }
    }
    return NO_ERROR;
  }

  /** Nothing more is read, also not of what is being read just now. */
  stop(): void {
    this.#phase = STOPPED;
    this.#kept = undefined;
    this.#block = undefined;
  }

  // The methods below return how far they have read, or minus the code of an error.
  #step(bytes: Buffer, at: number, to: number): number {
    switch (this.#phase) {
      case HEAD:
        return this.#readHead(bytes, at, to);
      case CONTENT:
        return this.#readContent(bytes, at, to);
      case PAYLOAD:
        return this.#readPayload(bytes, at, to);
      case PAD_LENGTH:
        return this.#readPadLength(bytes, at);
      case SKIPPED:
        return this.#skip(at, to);
      default:
        return this.#readPreface(bytes, at, to);
    }
  }

  #readPreface(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && this.#octets < CLIENT_PREFACE.length) {
      if (bytes[at++] !== CLIENT_PREFACE[this.#octets++]) return this.#fail(PROTOCOL_ERROR, 'no preface');
    }
    if (this.#octets === CLIENT_PREFACE.length) {
      this.#octets = 0;
      this.#phase = HEAD;
    }
    return at;
  }

  #readHead(bytes: Buffer, from: number, to: number): number {
    if (this.#octets > 0 || to - from < FRAME_HEAD) return this.#readHeadPiece(bytes, from, to);
    this.#length = (bytes[from]! << 16) | (bytes[from + 1]! << 8) | bytes[from + 2]!;
    this.#type = bytes[from + 3]!;
    this.#flags = bytes[from + 4]!;
    this.#streamId = number31(bytes, from + 5);
    return this.#begin(bytes, from + FRAME_HEAD);
  }

  #readHeadPiece(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && this.#octets < FRAME_HEAD) {
      const octet = bytes[at++]!;
      const place = this.#octets++;
      if (place < 3) this.#length = ((place === 0 ? 0 : this.#length) << 8) | octet;
      else if (place === 3) this.#type = octet;
      else if (place === 4) this.#flags = octet;
      else this.#streamId = ((place === 5 ? 0 : this.#streamId) << 8) | octet;
    }
    if (this.#octets < FRAME_HEAD) return at;
    this.#octets = 0;
    this.#streamId &= MAX_31_BITS;
    return this.#begin(bytes, at);
  }

  /** The head is read; its payload begins at `at`. */
  #begin(bytes: Buffer, at: number): number {
    const failed = this.#judge();
    if (failed < 0) return failed;
    if (this.#type === DATA) return this.#beginContent(bytes, at);
    if (this.#type > CONTINUATION || (this.#type === PRIORITY && this.#length !== PRIORITY_BYTES)) return this.#beginIgnored(at);
    if (this.#length === 0) return this.#take(bytes, at, at) || at;
    this.#phase = PAYLOAD;
    return at;
  }

  #judge(): number {
    const type = this.#type;
    if (this.#length > this.#limits.frameBytes) return this.#fail(FRAME_SIZE_ERROR, 'frame too large');
    if (this.#blockStream !== 0 || type === CONTINUATION) return this.#judgeInBlock();
    if (!this.#settled) {
      if (type !== SETTINGS || (this.#flags & ACK) !== 0) return this.#fail(PROTOCOL_ERROR, 'first frame other than SETTINGS');
      this.#settled = true;
    }
    const fault = frameFault(type, this.#flags, this.#streamId, this.#length);
    if (fault !== undefined) return this.#fail(fault.code, fault.reason);
    return type === HEADERS && this.#length > this.#limits.blockBytes ? this.#fail(ENHANCE_YOUR_CALM, 'block of fields too large') : 0;
  }

  // RFC 9113, section 4.3: nothing else may come in between.
  #judgeInBlock(): number {
    if (this.#type !== CONTINUATION || this.#streamId !== this.#blockStream || this.#blockStream === 0) {
      return this.#fail(PROTOCOL_ERROR, this.#blockStream === 0 ? 'CONTINUATION of nothing' : 'frame inside a block of fields');
    }
    if (++this.#continuations > MAX_CONTINUATIONS) return this.#fail(ENHANCE_YOUR_CALM, 'too many CONTINUATION frames');
    const isLarge = this.#block!.length + this.#length > this.#limits.blockBytes;
    return isLarge ? this.#fail(ENHANCE_YOUR_CALM, 'block of fields too large') : 0;
  }

  #beginIgnored(at: number): number {
    if (this.#type === PRIORITY) this.#visitor.onStreamError(this.#streamId, FRAME_SIZE_ERROR, 'frame of a wrong size');
    else this.#visitor.onIgnored(this.#streamId, this.#type);
    this.#left = this.#length;
    return this.#next(SKIPPED, at);
  }

  #beginContent(bytes: Buffer, at: number): number {
    this.#left = this.#length;
    this.#padding = 0;
    this.#flow = 0;
    if ((this.#flags & PADDED) !== 0) return this.#next(PAD_LENGTH, at);
    return this.#length === 0 ? this.#readContent(bytes, at, at) : this.#next(CONTENT, at);
  }

  #readPadLength(bytes: Buffer, at: number): number {
    this.#padding = bytes[at]!;
    this.#flow = 1 + this.#padding;
    this.#left = this.#length - this.#flow;
    if (this.#left < 0) return this.#fail(PROTOCOL_ERROR, 'more padding than frame');
    return this.#left === 0 ? this.#readContent(bytes, at + 1, at + 1) : this.#next(CONTENT, at + 1);
  }

  #readContent(bytes: Buffer, from: number, to: number): number {
    const end = Math.min(to, from + this.#left);
    this.#left -= end - from;
    const ends = this.#left === 0 && (this.#flags & END_STREAM) !== 0;
    const flow = end - from + this.#flow;
    this.#flow = 0;
    // Before the visitor is called: it may stop the reader.
    if (this.#left === 0) {
      this.#left = this.#padding;
      this.#next(SKIPPED, end);
    }
    this.#visitor.onData(this.#streamId, bytes, from, end, flow, ends);
    return end;
  }

  #skip(from: number, to: number): number {
    const end = Math.min(to, from + this.#left);
    this.#left -= end - from;
    return this.#next(SKIPPED, end);
  }

  /** Goes on at `at` with this phase, where anything is left of it. */
  #next(phase: number, at: number): number {
    if (this.#phase !== STOPPED) this.#phase = phase === SKIPPED && this.#left === 0 ? HEAD : phase;
    return at;
  }

  #readPayload(bytes: Buffer, from: number, to: number): number {
    const kept = this.#kept?.length ?? 0;
    const end = Math.min(to, from + this.#length - kept);
    if (kept === 0 && end - from === this.#length) return this.#take(bytes, from, end) || end;
    this.#kept ??= new KeptBytes();
    this.#kept.add(bytes, from, end);
    if (this.#kept.length < this.#length) return end;
    const whole = this.#kept.take();
    this.#kept = undefined;
    return this.#take(whole, 0, this.#length) || end;
  }

  /** The payload is whole. Returns 0, or minus the code of an error. */
  #take(bytes: Buffer, from: number, to: number): number {
    this.#phase = HEAD;
    const visitor = this.#visitor;
    switch (this.#type) {
      case HEADERS:
        return this.#takeFields(bytes, from, to);
      case CONTINUATION:
        return this.#takeMoreFields(bytes, from, to);
      case PRIORITY:
        if (number31(bytes, from) === this.#streamId) return this.#failByDependency();
        visitor.onIgnored(this.#streamId, PRIORITY);
        return 0;
      case RST_STREAM:
        visitor.onReset(this.#streamId, bytes.readUInt32BE(from));
        return 0;
      case SETTINGS:
        if ((this.#flags & ACK) !== 0) visitor.onSettingsAck();
        else visitor.onSettings(bytes, from, to);
        return 0;
      case PING:
        if ((this.#flags & ACK) !== 0) visitor.onPingAck(bytes, from);
        else visitor.onPing(bytes, from);
        return 0;
      case GOAWAY:
        visitor.onGoaway(number31(bytes, from), bytes.readUInt32BE(from + 4));
        return 0;
      case WINDOW_UPDATE:
        return this.#takeIncrement(number31(bytes, from));
      default:
        return 0;
    }
  }

  #takeIncrement(increment: number): number {
    if (increment > 0) this.#visitor.onWindowUpdate(this.#streamId, increment);
    else if (this.#streamId === 0) return this.#fail(PROTOCOL_ERROR, 'window update by nothing');
    else this.#visitor.onStreamError(this.#streamId, PROTOCOL_ERROR, 'window update by nothing');
    return 0;
  }

  #takeFields(bytes: Buffer, from: number, to: number): number {
    const flags = this.#flags;
    const padding = (flags & PADDED) === 0 ? 0 : bytes[from]!;
    let start = (flags & PADDED) === 0 ? from : from + 1;
    if ((flags & HAS_PRIORITY) !== 0) {
      if (number31(bytes, start) === this.#streamId) return this.#failByDependency();
      start += PRIORITY_BYTES;
    }
    const end = to - padding;
    if (end < start) return this.#fail(PROTOCOL_ERROR, 'more padding than frame');
    const ends = (flags & END_STREAM) !== 0;
    if ((flags & END_HEADERS) !== 0) {
      this.#visitor.onHeaders(this.#streamId, bytes, start, end, ends);
      return 0;
    }
    this.#blockStream = this.#streamId;
    this.#blockEnds = ends;
    this.#continuations = 0;
    this.#block = new KeptBytes();
    this.#block.add(bytes, start, end);
    return 0;
  }

  #takeMoreFields(bytes: Buffer, from: number, to: number): number {
    const block = this.#block!;
    block.add(bytes, from, to);
    if ((this.#flags & END_HEADERS) === 0) return 0;
    const { length } = block;
    this.#blockStream = 0;
    this.#block = undefined;
    this.#visitor.onHeaders(this.#streamId, block.take(), 0, length, this.#blockEnds);
    return 0;
  }

  // RFC 7540, section 5.3.1. RFC 9113 has no use for dependencies, so that only those who look for loops send such a one.
  #failByDependency(): number {
    return this.#fail(PROTOCOL_ERROR, 'stream depends on itself');
  }

  #fail(code: number, reason: string): number {
    this.reason = reason;
    return -code;
  }
}

function number31(bytes: Buffer, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) & MAX_31_BITS;
}
