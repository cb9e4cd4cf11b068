// Writes down what a frame reader tells.

import type { FrameVisitor } from '../../../src/http2/frame-visitor.ts';

export class RecordVisitor implements FrameVisitor {
  readonly told: unknown[][] = [];
  onTold: (() => void) | undefined = undefined;

  #tell(...what: unknown[]): void {
    this.told.push(what);
    this.onTold?.();
  }

  onData(streamId: number, bytes: Buffer, from: number, to: number, flow: number, ends: boolean): void {
    this.#tell('data', streamId, bytes.toString('latin1', from, to), flow, ends);
  }

  onHeaders(streamId: number, bytes: Buffer, from: number, to: number, ends: boolean): void {
    this.#tell('headers', streamId, bytes.toString('latin1', from, to), ends);
  }

  onReset(streamId: number, code: number): void {
    this.#tell('reset', streamId, code);
  }

  onSettings(bytes: Buffer, from: number, to: number): void {
    this.#tell('settings', bytes.toString('hex', from, to));
  }

  onSettingsAck(): void {
    this.#tell('settings ack');
  }

  onPing(bytes: Buffer, from: number): void {
    this.#tell('ping', bytes.toString('latin1', from, from + 8));
  }

  onPingAck(bytes: Buffer, from: number): void {
    this.#tell('ping ack', bytes.toString('latin1', from, from + 8));
  }

  onGoaway(lastStreamId: number, code: number): void {
    this.#tell('goaway', lastStreamId, code);
  }

  onWindowUpdate(streamId: number, increment: number): void {
    this.#tell('window update', streamId, increment);
  }

  onIgnored(streamId: number, type: number): void {
    this.#tell('ignored', streamId, type);
  }

  onStreamError(streamId: number, code: number, reason: string): void {
    this.#tell('stream error', streamId, code, reason);
  }
}
