// Writes frames (RFC 9113, section 6) into a given buffer, from an offset on; each function returns the offset behind what it has written. It
// decides nothing: sizes and states are settled before.

import {
  ACK,
  CLIENT_PREFACE,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  FRAME_HEAD,
  GOAWAY,
  HEADERS,
  PING,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frames.ts';

/** Octets of the frames that are always of one size. */
export const RESET_FRAME = FRAME_HEAD + 4;
export const WINDOW_UPDATE_FRAME = FRAME_HEAD + 4;
export const PING_FRAME = FRAME_HEAD + 8;
export const SETTINGS_ACK_FRAME = FRAME_HEAD;
export const GOAWAY_FRAME = FRAME_HEAD + 8;

export function writeFrameHead(into: Buffer, at: number, length: number, type: number, flags: number, streamId: number): number {
  into[at] = length >> 16;
  into[at + 1] = length >> 8;
  into[at + 2] = length;
  into[at + 3] = type;
  into[at + 4] = flags;
  return writeNumber(into, at + 5, streamId);
}

/** The head of a DATA frame; `length` octets of content are to follow. */
export function writeDataHead(into: Buffer, at: number, length: number, streamId: number, ends: boolean): number {
  return writeFrameHead(into, at, length, DATA, ends ? END_STREAM : 0, streamId);
}

/** Room that a block of fields, which an encoder writes behind it, needs before it. */
export const BEFORE_BLOCK = FRAME_HEAD;

/**
 * Makes frames of the block of fields that stands from `at + BEFORE_BLOCK` to `end`: HEADERS, and CONTINUATION where the block is larger than the
 * peer takes frames. Then the rest of the block moves on: `roomForFrames` says how much room there must be behind it.
 */
export function writeHeaders(into: Buffer, at: number, end: number, streamId: number, ends: boolean, maxFrameSize: number): number {
  const first = at + BEFORE_BLOCK;
  const flags = ends ? END_STREAM : 0;
  if (end - first <= maxFrameSize) {
    writeFrameHead(into, at, end - first, HEADERS, flags | END_HEADERS, streamId);
    return end;
  }
  writeFrameHead(into, at, maxFrameSize, HEADERS, flags, streamId);
  return splitBlock(into, first + maxFrameSize, end, streamId, maxFrameSize);
}

/** Octets that `writeHeaders` may need for frames beyond the first. */
export function roomForFrames(blockBytes: number, maxFrameSize: number): number {
  return FRAME_HEAD * Math.floor(blockBytes / maxFrameSize);
}

function splitBlock(into: Buffer, from: number, end: number, streamId: number, maxFrameSize: number): number {
  const frames = Math.ceil((end - from) / maxFrameSize);
  // From the last one on, so that nothing is written over before it has moved.
  for (let frame = frames - 1; frame >= 0; frame--) {
    const start = from + frame * maxFrameSize;
    const length = Math.min(maxFrameSize, end - start);
    const to = start + frame * FRAME_HEAD;
    into.copyWithin(to + FRAME_HEAD, start, start + length);
    writeFrameHead(into, to, length, CONTINUATION, frame === frames - 1 ? END_HEADERS : 0, streamId);
  }
  return end + frames * FRAME_HEAD;
}

/** @param settings pairs of identifier and value */
export function writeSettings(into: Buffer, at: number, settings: readonly (readonly [id: number, value: number])[]): number {
  let end = writeFrameHead(into, at, settings.length * 6, SETTINGS, 0, 0);
  for (const [id, value] of settings) {
    into[end] = id >> 8;
    into[end + 1] = id;
    end = writeNumber(into, end + 2, value);
  }
  return end;
}

export function writeSettingsAck(into: Buffer, at: number): number {
  return writeFrameHead(into, at, 0, SETTINGS, ACK, 0);
}

/** @param octets eight of them lie from `from` on */
export function writePing(into: Buffer, at: number, octets: Buffer, from: number): number {
  return writePingFrame(into, at, octets, from, 0);
}

/** Sends the octets of a PING back. */
export function writePingAck(into: Buffer, at: number, octets: Buffer, from: number): number {
  return writePingFrame(into, at, octets, from, ACK);
}

function writePingFrame(into: Buffer, at: number, octets: Buffer, from: number, flags: number): number {
  const start = writeFrameHead(into, at, 8, PING, flags, 0);
  octets.copy(into, start, from, from + 8);
  return start + 8;
}

export function writeReset(into: Buffer, at: number, streamId: number, code: number): number {
  return writeNumber(into, writeFrameHead(into, at, 4, RST_STREAM, 0, streamId), code);
}

/** @param streamId 0 for the connection */
export function writeWindowUpdate(into: Buffer, at: number, streamId: number, increment: number): number {
  return writeNumber(into, writeFrameHead(into, at, 4, WINDOW_UPDATE, 0, streamId), increment);
}

/** @param lastStreamId the last stream of the peer's that has been or may still be processed */
export function writeGoaway(into: Buffer, at: number, lastStreamId: number, code: number): number {
  const start = writeFrameHead(into, at, 8, GOAWAY, 0, 0);
  return writeNumber(into, writeNumber(into, start, lastStreamId), code);
}

/** What a client sends before its first frame. */
export function writePreface(into: Buffer, at: number): number {
  CLIENT_PREFACE.copy(into, at);
  return at + CLIENT_PREFACE.length;
}

function writeNumber(into: Buffer, at: number, value: number): number {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
  return at + 4;
}
