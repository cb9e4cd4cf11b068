// What is wrong with a frame by its head alone (RFC 9113, section 6): where it may stand, and its size.

import { ENHANCE_YOUR_CALM, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from './error-codes.ts';
import {
  ACK,
  CONTINUATION,
  DATA,
  GOAWAY,
  HAS_PRIORITY,
  HEADERS,
  PADDED,
  PING,
  PRIORITY,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frames.ts';

/** An error of the connection. */
export interface FrameFault {
  readonly code: number;
  readonly reason: string;
}

/** Entries of one SETTINGS frame; there are nine settings. */
const MAX_SETTINGS = 32;

const WRONG_SIZE: FrameFault = { code: FRAME_SIZE_ERROR, reason: 'frame of a wrong size' };
const NO_STREAM: FrameFault = { code: PROTOCOL_ERROR, reason: 'frame without a stream' };
const ON_STREAM: FrameFault = { code: PROTOCOL_ERROR, reason: 'frame of the connection on a stream' };
const PUSHED: FrameFault = { code: PROTOCOL_ERROR, reason: 'push' };
const MANY_SETTINGS: FrameFault = { code: ENHANCE_YOUR_CALM, reason: 'too many settings' };

/** Undefined: nothing is wrong. The size of PRIORITY concerns its stream alone, and is not judged here. */
export function frameFault(type: number, flags: number, streamId: number, length: number): FrameFault | undefined {
  switch (type) {
    case DATA:
      return onStream(streamId, (flags & PADDED) === 0 || length > 0);
    case HEADERS:
      return onStream(streamId, length >= ((flags & PADDED) === 0 ? 0 : 1) + ((flags & HAS_PRIORITY) === 0 ? 0 : 5));
    case PRIORITY:
    case CONTINUATION:
      return onStream(streamId, true);
    case RST_STREAM:
      return onStream(streamId, length === 4);
    case SETTINGS:
      return onConnection(streamId, length % 6 === 0 && ((flags & ACK) === 0 || length === 0)) ?? settingsFault(length);
    case PUSH_PROMISE:
      return PUSHED;
    case PING:
      return onConnection(streamId, length === 8);
    case GOAWAY:
      return onConnection(streamId, length >= 8);
    case WINDOW_UPDATE:
      return length === 4 ? undefined : WRONG_SIZE;
    default:
      return undefined;
  }
}

function onStream(streamId: number, isSized: boolean): FrameFault | undefined {
  if (streamId === 0) return NO_STREAM;
  return isSized ? undefined : WRONG_SIZE;
}

function onConnection(streamId: number, isSized: boolean): FrameFault | undefined {
  if (streamId !== 0) return ON_STREAM;
  return isSized ? undefined : WRONG_SIZE;
}

function settingsFault(length: number): FrameFault | undefined {
  return length > MAX_SETTINGS * 6 ? MANY_SETTINGS : undefined;
}
