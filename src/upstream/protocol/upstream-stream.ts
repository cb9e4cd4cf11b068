// One exchange with an upstream, as the exchange sees it: it sends a request and receives the response, whatever connection carries it.
// A connection of HTTP/1 carries one at a time and is its own stream. The endpoint is told apart (`StreamRequest`).

import type { ChunkedScanner } from '../../http1/chunked-scanner.ts';
import type { OutgoingRequest } from '../../http/request.ts';
import type { IncomingResponse } from '../../http/response.ts';
import type { ByteStream } from '../../net/byte-stream.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';

/** What does not end by itself, a tunnel or a stream of events: it is told what becomes of its endpoint. */
export interface LongLived {
  /** Its endpoint is drained: it is to end within this time; 0 = there is no deadline. */
  leave(withinMs: number): void;
  /** The drain was called off. */
  stay(): void;
  /** The time is over: it ends at once. */
  cut(): void;
}

/** A connection of which nobody reads a byte before it is another's, as the one that it was made for sees it. */
export interface RawStream {
  /** Why it could not be made, for operators; empty where the outcome says it all. */
  readonly fault: string;
  /** What has its bytes. */
  longLived: LongLived | undefined;
  /** Hands over its bytes, in both directions; set `longLived` then. */
  openTunnel(): ByteStream;
  /** Ends it at once; the one that it was made for hears nothing more. */
  destroy(): void;
  /** The same by a reset, so that the endpoint cannot take what it has received for all there is. */
  abort(): void;
}

/** The exchange's side of a stream. Offsets are into `stream.memory`. */
export interface ResponseSink {
  /** An interim (1xx) head; it is in `stream.head`. */
  onInterim(stream: UpstreamStream): void;
  /**
   * The final head is in `stream.head`; body bytes that came with it lie in `from` to `to`, and when they are few
   * the same bytes also end `stream.text` (from `stream.textBody`). `done`: the whole response is here.
   * False pauses reading until `resume`.
   */
  onResponse(stream: UpstreamStream, from: number, to: number, done: boolean): boolean;
  /** More body bytes, as framed. False pauses reading until `resume`. */
  onResponseBytes(stream: UpstreamStream, from: number, to: number, done: boolean): boolean;
  /** All that was sent has left for the kernel, after a send that returned false. */
  onUpstreamDrained(stream: UpstreamStream): void;
  /**
   * A 101 is in `stream.head`; what came behind it lies in `from` to `to` of its memory. It calls `openTunnel` where the protocol is changed.
   * Returns why the response is malformed; empty: it is not.
   */
  onSwitch(stream: UpstreamStream, from: number, to: number): string;
  /** The stream has failed and is closed already. */
  onUpstreamFailure(stream: UpstreamStream, outcome: Outcome): void;
}

export interface UpstreamStream {
  readonly head: IncomingResponse;
  readonly memory: Buffer;
  /** The read that held the head, decoded, when it was small; else empty. */
  readonly text: string;
  readonly textBody: number;
  /** Follows chunked responses; knows where their trailer section begins. */
  readonly scanner: ChunkedScanner;
  /** Header block behind the body of a response that is over, where its kind does not hold them (BODY_STREAM). */
  readonly trailers: string;
  /** Responses read on its connection so far. */
  readonly responses: number;
  /** Whether a byte of the current response has been read. */
  readonly responding: boolean;
  /** Whether a byte of the current request was given to the kernel. */
  readonly sent: boolean;
  /** Whether it has failed, and the upstream has not looked at its request: any may be sent again then. */
  readonly unprocessed: boolean;
  /** Whether its connection takes no further stream. */
  readonly leaves: boolean;
  /** Why it could not be made, for operators; empty where the outcome says it all. */
  readonly fault: string;
  /** Whether its connection is open. */
  readonly connected: boolean;
  /** Whether nothing has begun on it. */
  readonly idle: boolean;
  /** What it carries that does not end by itself. */
  longLived: LongLived | undefined;
  /** Bytes that the kernel has yet to take. */
  readonly unsent: number;
  /**
   * Begins an exchange, whose request it need not keep: sends the head, and behind it what there is of the body, framed as `request.body` says like
   * all that follows: `text` (latin1), and bytes that may change once this returns. False: wait for `onUpstreamDrained` before more.
   */
  begin(sink: ResponseSink, request: OutgoingRequest, authority: string, text: string, bytes: Buffer | undefined): boolean;
  /** Sends bytes, which must not change until they are drained. False: wait for `onUpstreamDrained` before more. */
  sendBytes(bytes: Buffer): boolean;
  /** Sends bytes that may change once this returns. False: wait for `onUpstreamDrained` before more. */
  sendCopy(bytes: Buffer, from: number, to: number): boolean;
  /**
   * Sends bytes of a read that is being passed on, and which the next read overwrites: without a copy where they may be kept.
   * False: wait for `onUpstreamDrained` before more.
   */
  sendRead(bytes: Buffer, from: number, to: number): boolean;
  /** The body is over, of a request whose kind does not tell it (BODY_STREAM). @param trailers a header block */
  sendEnd(trailers: string): void;
  /** `onUpstreamDrained` follows when all that was sent has left, however little it is. */
  tellDrained(): void;
  resume(): void;
  /** Gives it back after its response has ended and its bytes are no longer needed; others may use its connection when that is safe. */
  release(): void;
  /**
   * Called in `onSwitch`: hands over its bytes, in both directions, until it is destroyed; set `longLived` then. Its memory is another's once
   * `onSwitch` returns.
   */
  openTunnel(): ByteStream;
  /** Ends it at once; its sink hears nothing more. */
  destroy(): void;
  /** The same by a reset, so that the endpoint cannot take what it has received for all there is. */
  abort(): void;
}
