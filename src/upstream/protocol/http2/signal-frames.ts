// Frames that carry nothing of a message: what one side of a connection tells the other about it.

import {
  GOAWAY_FRAME,
  PING_FRAME,
  RESET_FRAME,
  SETTINGS_ACK_FRAME,
  WINDOW_UPDATE_FRAME,
  writeGoaway,
  writePing,
  writePingAck,
  writePreface,
  writeReset,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from '../../../http2/frame-writer.ts';
import { SETTINGS_ENABLE_PUSH, SETTINGS_INITIAL_WINDOW_SIZE, SETTINGS_MAX_HEADER_LIST_SIZE } from '../../../http2/peer-settings.ts';
import type { FrameOutput } from './frame-output.ts';

/** What one stream may have in our memory: a response of 64 KiB comes without a word from us. */
export const STREAM_WINDOW = 131_072;
/** It is given back as soon as content has come, so that no stream waits for another; it bounds what is on its way. */
export const CONNECTION_WINDOW = 4 * 1024 * 1024;

const PREFACE_BYTES = 128;
const PING_OCTETS = Buffer.from('sluiceup', 'latin1');

export class SignalFrames {
  readonly #output: FrameOutput;

  constructor(output: FrameOutput) {
    this.#output = output;
  }

  /** @param increment of the window of the connection */
  preface(headerBytes: number, increment: number): void {
    const at = this.#output.reserve(PREFACE_BYTES);
    const { bytes } = this.#output;
    const settings = writeSettings(bytes, writePreface(bytes, at), [
      [SETTINGS_ENABLE_PUSH, 0],
      [SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW],
      [SETTINGS_MAX_HEADER_LIST_SIZE, headerBytes],
    ]);
    this.#output.wrote(writeWindowUpdate(bytes, settings, 0, increment));
  }

  settingsAck(): void {
    const at = this.#output.reserve(SETTINGS_ACK_FRAME);
    this.#output.wrote(writeSettingsAck(this.#output.bytes, at));
  }

  ping(): void {
    const at = this.#output.reserve(PING_FRAME);
    this.#output.wrote(writePing(this.#output.bytes, at, PING_OCTETS, 0));
  }

  pingAck(octets: Buffer, from: number): void {
    const at = this.#output.reserve(PING_FRAME);
    this.#output.wrote(writePingAck(this.#output.bytes, at, octets, from));
  }

  reset(streamId: number, code: number): void {
    const at = this.#output.reserve(RESET_FRAME);
    this.#output.wrote(writeReset(this.#output.bytes, at, streamId, code));
  }

  windowUpdate(streamId: number, increment: number): void {
    const at = this.#output.reserve(WINDOW_UPDATE_FRAME);
    this.#output.wrote(writeWindowUpdate(this.#output.bytes, at, streamId, increment));
  }

  /** The peer opens no streams, so that none of its was the last. */
  goaway(code: number): void {
    const at = this.#output.reserve(GOAWAY_FRAME);
    this.#output.wrote(writeGoaway(this.#output.bytes, at, 0, code));
  }
}
