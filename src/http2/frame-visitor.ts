// Whom a reader of frames tells what it has read: the connection. A call happens in the order of the frames, inside `FrameReader.read`; buffers
// hold what they hold until it returns.

export interface FrameVisitor {
  /**
   * Content of a stream, from `from` to `to`: a DATA frame comes in as many pieces as it was read in.
   * @param flow octets that count for flow control: the content, and padding, which the reader has taken off
   * @param ends the stream ends with this piece
   */
  onData(streamId: number, bytes: Buffer, from: number, to: number, flow: number, ends: boolean): void;
  /** A whole block of fields, from `from` to `to`, whatever frames it came in. It must go through HPACK even when the stream is refused. */
  onHeaders(streamId: number, bytes: Buffer, from: number, to: number, ends: boolean): void;
  onReset(streamId: number, code: number): void;
  /** Entries of six octets from `from` to `to`, for `PeerSettings`. */
  onSettings(bytes: Buffer, from: number, to: number): void;
  onSettingsAck(): void;
  /** Eight octets from `from` on, to be sent back. */
  onPing(bytes: Buffer, from: number): void;
  /** The eight octets of a PING of ours. */
  onPingAck(bytes: Buffer, from: number): void;
  onGoaway(lastStreamId: number, code: number): void;
  /** `streamId` 0 is the connection. `increment` is not 0. */
  onWindowUpdate(streamId: number, increment: number): void;
  /** A frame that is read for nothing but its cost: PRIORITY, and types that we do not know. */
  onIgnored(streamId: number, type: number): void;
  /** A stream alone is to be reset for what a frame on it holds. Where it is idle, that is an error of the connection. */
  onStreamError(streamId: number, code: number, reason: string): void;
}
