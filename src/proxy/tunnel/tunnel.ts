// Two connections after a change of protocol: bytes pass in both directions as they come, each as fast as the other side takes them, until
// one side goes, nothing moves for too long, or what it leads to is drained. It outlives Tables. Where it is WebSocket, an end of ours begins
// with close frames between two frames of the peers, so that a client knows that it may come again at once.
//
//   OPEN --peer ends its side--> OPEN, the other side is ended --both have--> finished
//    |  --a side is gone-------------------------------------------------------^
//    |  --idle, drained: close frames, both sides ended--> CLOSING --both have ended, or CLOSE_MS--> finished

import { Deadline } from '../../lib/deadlines.ts';
import type { DeadlineOwner, Deadlines } from '../../lib/deadlines.ts';
import type { ByteStream } from '../../net/byte-stream.ts';
import { TUNNEL_END } from '../../telemetry/tunnel-ends.ts';
import type { TunnelEnd } from '../../telemetry/tunnel-ends.ts';
import type { VersionCounters } from '../../telemetry/counters.ts';
import type { LongLived } from '../../upstream/protocol/upstream-stream.ts';
import { CLOSE_MS, leaveMomentMs } from '../leave-moment.ts';
import { CLOSE_GOING_AWAY, CLOSE_SERVICE_RESTART, FrameFollower, closeFrame } from './frames.ts';
import { TunnelSide } from './tunnel-side.ts';
import type { TunnelOwner } from './tunnel-side.ts';

/** Parts of the idle time, so that one timer serves without a look at the clock for each piece. */
const PARTS_OF_IDLE = 8;

export interface TunnelDeps {
  readonly client: ByteStream;
  readonly upstream: ByteStream;
  readonly isWebSocket: boolean;
  /** Without a byte in either direction; 0 = no limit. */
  readonly idleMs: number;
  readonly deadlines: Deadlines;
  readonly counters: VersionCounters;
  /** Told once. */
  readonly onFinished: (tunnel: Tunnel, end: TunnelEnd) => void;
  readonly onFault: (error: unknown) => void;
}

export class Tunnel implements TunnelOwner, LongLived, DeadlineOwner {
  readonly client: TunnelSide;
  readonly upstream: TunnelSide;
  readonly #deps: TunnelDeps;
  readonly #deadline = new Deadline(this);
  /** When it ends because of a drain. */
  readonly #leaving = new Deadline(this);
  #closing = false;
  /** One side takes nothing more; what it has sent may still be read. */
  #isRefused = false;
  /** Of the close frames of ours. */
  #code = CLOSE_SERVICE_RESTART;
  #finished = false;
  #end: TunnelEnd = TUNNEL_END.client;
  /** The first to send a close frame. */
  #saidClose: TunnelSide | undefined = undefined;
  #quietParts = 0;
  /** Bytes that the upstream had yet to take, at the last look. */
  #unsent = 0;

  constructor(deps: TunnelDeps) {
    this.#deps = deps;
    const { client, upstream, isWebSocket } = deps;
    this.client = new TunnelSide(this, client, isWebSocket ? new FrameFollower('client') : undefined);
    this.upstream = new TunnelSide(this, upstream, isWebSocket ? new FrameFollower('server') : undefined);
    this.client.drained = this.upstream;
    this.upstream.drained = this.client;
  }

  /** From here on it hears of both streams. */
  open(): void {
    const { client, upstream } = this.#deps;
    client.owner = this.client;
    upstream.owner = this.upstream;
    client.keepHalfOpen();
    upstream.keepHalfOpen();
    this.#deps.deadlines.arm(this.#deadline, this.#idlePartMs);
  }

  /** We have ended it: what the peers do now is how they take that. */
  get isClosing(): boolean {
    return this.#closing;
  }

  pass(side: TunnelSide, bytes: Buffer, length: number): boolean {
    if (this.#finished) return true;
    const { counters } = this.#deps;
    this.#quietParts = 0;
    if (this.#closing) return this.#passLast(side, bytes, length);
    side.bytes += length;
    if (side === this.client) counters.tunnelReceived(length);
    else counters.tunnelSent(length);
    const { frames } = side;
    if (frames !== undefined) {
      frames.follow(bytes, 0, length);
      if (frames.closed) this.#saidClose ??= side;
    }
    return this.#otherOf(side).write(bytes, 0, length);
  }

  onSideEnded(side: TunnelSide): void {
    if (this.#finished) return;
    const other = this.#otherOf(side);
    // Who was asked to close may be the first to do so.
    if (!this.#closing && !other.ended) this.#end = endOf(this.#saidClose ?? side, this.client);
    // After a reset an end of ours would say that this is all there was: how the other side is closed is the owner's.
    if (side.wasReset) return this.#finishWhenTaken();
    if (!side.cutsAtBoundary || side.gone) other.end();
    if (side.gone || (side.ended && other.ended)) this.#finishWhenTaken();
  }

  onRefused(side: TunnelSide): void {
    if (this.#finished || this.#closing) return;
    this.#end = endOf(this.#saidClose ?? side, this.client);
    this.#isRefused = true;
    this.#deps.deadlines.arm(this.#deadline, CLOSE_MS);
  }

  onFault(error: unknown): void {
    this.#deps.onFault(error);
    this.#end = TUNNEL_END.internal;
    this.#finish();
  }

  leave(withinMs: number): void {
    if (this.#finished || this.#closing) return;
    this.#deps.deadlines.arm(this.#leaving, leaveMomentMs(withinMs));
  }

  stay(): void {
    this.#leaving.disarm();
  }

  cut(): void {
    if (this.#finished) return;
    this.#close(TUNNEL_END.drain, CLOSE_SERVICE_RESTART);
    this.#finish();
  }

  onDeadline(deadline: Deadline): void {
    if (deadline === this.#leaving) this.#close(TUNNEL_END.drain, CLOSE_SERVICE_RESTART);
    else if (this.#closing || this.#isRefused) this.#finishWhenTaken();
    else if (++this.#quietParts < PARTS_OF_IDLE) this.#watchIdle();
    else this.#close(TUNNEL_END.idle, CLOSE_GOING_AWAY);
  }

  #watchIdle(): void {
    this.#deps.deadlines.armQuietly(this.#deadline, this.#idlePartMs);
  }

  /** 0 = it is never idle for too long. */
  get #idlePartMs(): number {
    return Math.ceil(this.#deps.idleMs / PARTS_OF_IDLE);
  }

  #otherOf(side: TunnelSide): TunnelSide {
    return side === this.client ? this.upstream : this.client;
  }

  /** Nothing more is passed on but the rest of frames under way. */
  #close(end: TunnelEnd, code: number): void {
    if (this.#closing || this.#finished) return;
    this.#end = end;
    this.#awaitPeers();
    this.#closeBehind(this.upstream, code);
    this.#closeBehind(this.client, code);
  }

  #awaitPeers(): void {
    this.#closing = true;
    this.#leaving.disarm();
    this.#deps.deadlines.arm(this.#deadline, CLOSE_MS);
  }

  /** Ends the direction in which `side` sends, with a close frame where that can be read as one. */
  #closeBehind(side: TunnelSide, code: number): void {
    const { frames } = side;
    this.#code = code;
    if (frames !== undefined && !frames.lost && !side.ended) {
      side.cutsAtBoundary = !frames.atBoundary;
      if (side.cutsAtBoundary) return side.resume();
      if (!frames.closed) this.#sayClose(side);
    }
    this.#otherOf(side).end();
    // What it still sends is thrown away.
    side.resume();
  }

  #sayClose(side: TunnelSide): void {
    this.#otherOf(side).writeText(closeFrame(this.#code, side === this.client ? 'client' : 'server'));
  }

  #passLast(side: TunnelSide, bytes: Buffer, length: number): boolean {
    if (!side.cutsAtBoundary) return true;
    const other = this.#otherOf(side);
    const frames = side.frames!;
    const to = frames.followToBoundary(bytes, 0, length);
    side.bytes += to;
    const more = other.write(bytes, 0, to);
    if (!frames.atBoundary) return more;
    side.cutsAtBoundary = false;
    if (!frames.closed) this.#sayClose(side);
    other.end();
    return true;
  }

  /** What the client has yet to take its connection sees to; that of the upstream is waited for while it takes something. */
  #finishWhenTaken(): void {
    const { unsentBytes } = this.upstream.stream;
    const moves = unsentBytes > 0 && (this.#unsent === 0 || unsentBytes < this.#unsent) && !this.upstream.gone;
    this.#unsent = unsentBytes;
    if (!moves) return this.#finish();
    this.upstream.end();
    this.#awaitPeers();
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#deadline.disarm();
    this.#leaving.disarm();
    this.#deps.onFinished(this, this.#end);
  }
}

function endOf(side: TunnelSide, client: TunnelSide): TunnelEnd {
  return side === client ? TUNNEL_END.client : TUNNEL_END.upstream;
}
