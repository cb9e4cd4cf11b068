// What a peer has said of itself (RFC 9113, section 6.5.2, and RFC 8441, section 3), and what it may not say.

import { FLOW_CONTROL_ERROR, NO_ERROR, PROTOCOL_ERROR } from './error-codes.ts';
import { MAX_31_BITS, MIN_MAX_FRAME_SIZE } from './frames.ts';

export const SETTINGS_HEADER_TABLE_SIZE = 0x1;
export const SETTINGS_ENABLE_PUSH = 0x2;
export const SETTINGS_MAX_CONCURRENT_STREAMS = 0x3;
export const SETTINGS_INITIAL_WINDOW_SIZE = 0x4;
export const SETTINGS_MAX_FRAME_SIZE = 0x5;
export const SETTINGS_MAX_HEADER_LIST_SIZE = 0x6;
export const SETTINGS_ENABLE_CONNECT_PROTOCOL = 0x8;
/** RFC 9218, section 2.1. */
export const SETTINGS_NO_RFC7540_PRIORITIES = 0x9;

const DEFAULT_TABLE_SIZE = 4096;
export const DEFAULT_WINDOW = 65_535;
const MAX_MAX_FRAME_SIZE = 0xff_ffff;
const UNLIMITED = 0xffff_ffff;

export class PeerSettings {
  headerTableSize = DEFAULT_TABLE_SIZE;
  maxConcurrentStreams = UNLIMITED;
  initialWindowSize = DEFAULT_WINDOW;
  maxFrameSize = MIN_MAX_FRAME_SIZE;
  maxHeaderListSize = UNLIMITED;
  enableConnectProtocol = false;
  /** Why the last frame was refused. */
  reason = '';
  readonly #isServer: boolean;

  /** @param isServer the peer is a server */
  constructor(isServer: boolean) {
    this.#isServer = isServer;
  }

  /** Takes the entries of a SETTINGS frame, from `from` to `to`. Returns NO_ERROR, or the code with which the connection is to end. */
  take(bytes: Buffer, from: number, to: number): number {
    for (let at = from; at < to; at += 6) {
      const code = this.#set(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
      if (code !== NO_ERROR) return code;
    }
    return NO_ERROR;
  }

  #set(id: number, value: number): number {
    switch (id) {
      case SETTINGS_HEADER_TABLE_SIZE:
        this.headerTableSize = value;
        return NO_ERROR;
      case SETTINGS_ENABLE_PUSH:
        // We never push, and a server may not allow it.
        return value > (this.#isServer ? 0 : 1) ? this.#fail(PROTOCOL_ERROR, 'bad ENABLE_PUSH') : NO_ERROR;
      case SETTINGS_MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value;
        return NO_ERROR;
      case SETTINGS_INITIAL_WINDOW_SIZE:
        if (value > MAX_31_BITS) return this.#fail(FLOW_CONTROL_ERROR, 'bad INITIAL_WINDOW_SIZE');
        this.initialWindowSize = value;
        return NO_ERROR;
      case SETTINGS_MAX_FRAME_SIZE:
        if (value < MIN_MAX_FRAME_SIZE || value > MAX_MAX_FRAME_SIZE) return this.#fail(PROTOCOL_ERROR, 'bad MAX_FRAME_SIZE');
        this.maxFrameSize = value;
        return NO_ERROR;
      case SETTINGS_MAX_HEADER_LIST_SIZE:
        this.maxHeaderListSize = value;
        return NO_ERROR;
      case SETTINGS_ENABLE_CONNECT_PROTOCOL:
        // RFC 8441, section 3: what was allowed stays so.
        if (value > 1 || (value === 0 && this.enableConnectProtocol)) return this.#fail(PROTOCOL_ERROR, 'bad ENABLE_CONNECT_PROTOCOL');
        this.enableConnectProtocol = value === 1;
        return NO_ERROR;
      case SETTINGS_NO_RFC7540_PRIORITIES:
        return value > 1 ? this.#fail(PROTOCOL_ERROR, 'bad NO_RFC7540_PRIORITIES') : NO_ERROR;
      default:
        return NO_ERROR;
    }
  }

  #fail(code: number, reason: string): number {
    this.reason = reason;
    return code;
  }
}
