// An owner of a stream that remembers.

import type { ConnectingOwner } from '../../../src/net/byte-stream.ts';

/** Keeps what it hears. */
export class Recorder implements ConnectingOwner {
  readonly events: string[] = [];
  text = '';
  /** What `onRead` returns. */
  wantsMore = true;
  /** The largest read. */
  most = 0;

  onRead(bytes: Buffer, length: number): boolean {
    this.text += bytes.toString('latin1', 0, length);
    this.most = Math.max(this.most, length);
    return this.wantsMore;
  }
  onEnd(): void {
    this.events.push('end');
  }
  onDrain(): void {
    this.events.push('drain');
  }
  onGone(): void {
    this.events.push('gone');
  }
  onConnected(): void {
    this.events.push('connected');
  }
  onError(error: NodeJS.ErrnoException): void {
    this.events.push(error.code ?? error.message);
  }
}
