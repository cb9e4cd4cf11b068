// Those who ask a version or a mirror for a stream, or a version for a connection of bytes, and how that may end.

import type { Outcome } from '../telemetry/outcomes.ts';
import type { Endpoint } from './endpoint.ts';
import type { Introducer } from './introduction.ts';
import type { RawStream, ResponseSink, UpstreamStream } from './protocol/upstream-stream.ts';

/** How `acquire` ended: `onConnected` was or will be called, or it never will. */
export const ACQUIRED = 0;
export const NO_ENDPOINT = 1;
export const OVERLOAD = 2;
export type Acquired = typeof ACQUIRED | typeof NO_ENDPOINT | typeof OVERLOAD;

/** Asked for its introduction where the endpoints take PROXY headers. */
export interface StreamRequest extends ResponseSink, Introducer {
  readonly isRaw: false;
  /** Whether it asks for a change of protocol: it gets a connection of its own. */
  readonly upgrades: boolean;
  /** A connection is being made for it; `onConnected` or `onUpstreamFailure` follows. */
  onConnecting(stream: UpstreamStream, endpoint: Endpoint): void;
  /** The stream may begin. */
  onConnected(stream: UpstreamStream, endpoint: Endpoint): void;
}

/** One that wants the bytes of a connection, whatever they are. */
export interface RawRequest extends Introducer {
  readonly isRaw: true;
  /** A connection is being made for it; `onRawConnected` or `onRawFailure` follows. */
  onRawConnecting(connection: RawStream, endpoint: Endpoint): void;
  /** It is open; its bytes are the caller's (`openTunnel`). */
  onRawConnected(connection: RawStream): void;
  /** It could not be made, and is closed already. */
  onRawFailure(connection: RawStream, outcome: Outcome): void;
}

/** One that may wait. */
interface Pending {
  /** All connections are in use: it is given one, or `onTurnedAway` follows. */
  onWaiting(): void;
  /** No endpoint is ready: the same follows, or the request withdraws when it has waited long enough. */
  onHeld(): void;
  /** It was held, and still no endpoint is ready. True: it has turned to another version. */
  onStillHeld(): boolean;
  /** Waiting has ended with nothing. */
  onTurnedAway(outcome: Outcome): void;
  readonly affinityKey: string;
  /** The endpoint that just failed it, or undefined. */
  readonly failedEndpoint: Endpoint | undefined;
  /** Whether another version is to take the place of this one, ready or not: asked of one that was held. */
  readonly leavesVersion: boolean;
  /** Whether it has been held for as long as it may be. */
  readonly holdOver: boolean;
}

/** One that may wait for its stream: `onConnecting`, `onConnected` or `onTurnedAway` follows. */
export interface PendingStream extends StreamRequest, Pending {
  /** Whether a connection that is open already will not do. */
  readonly wantsFresh: boolean;
}

/** One that may wait for its connection: `onRawConnecting` or `onTurnedAway` follows. */
export interface PendingRaw extends RawRequest, Pending {
  readonly wantsFresh: true;
}

export type PendingRequest = PendingStream | PendingRaw;
