// One copy of a request on its way to a shadow, and the shadow's response, which is read and thrown away. Nobody waits for it: what it cannot
// take at once is kept up to a bound, beyond it the copy ends. It is reused for later copies. Long because every way in which a copy can end
// gives back the same few things.

import { BODY_LENGTH, BODY_NONE, BODY_STREAM } from '../../http/body-kind.ts';
import { OutgoingRequest } from '../../http/request.ts';
import { Deadline } from '../../lib/deadlines.ts';
import type { DeadlineOwner, Deadlines } from '../../lib/deadlines.ts';
import type { MirrorTable } from '../../routing/table.ts';
import { MIRRORED } from '../../telemetry/mirror-outcomes.ts';
import type { MirrorOutcome } from '../../telemetry/mirror-outcomes.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import type { UpstreamStream } from '../../upstream/protocol/upstream-stream.ts';
import type { StreamRequest } from '../../upstream/stream-request.ts';
import type { Endpoint } from '../../upstream/endpoint.ts';
import type { Introducer, Introduction } from '../../upstream/introduction.ts';
import type { MirrorRuntime } from '../../upstream/mirror-runtime.ts';
import type { MirrorTarget } from '../../upstream/mirror-target.ts';
import { BodyQueue } from './body-queue.ts';
import type { CopyRole, ResponseTap } from './response-tap.ts';

/** All copies of a worker, as one of them knows them. */
export interface MirroredRequestOwner {
  readonly deadlines: Deadlines;
  /** Together they keep more than they may. */
  readonly isFull: boolean;
  /** Told of errors that are ours. */
  readonly onFault: (error: unknown) => void;
  began(copy: MirroredRequest): void;
  ended(copy: MirroredRequest): void;
  /** @param bytes more, or fewer, that wait */
  waits(bytes: number): void;
  /** Takes a copy that nobody refers to any more. */
  put(copy: MirroredRequest): void;
  tellEnd(tap: ResponseTap, side: CopyRole, outcome: MirrorOutcome): void;
}

export class MirroredRequest implements StreamRequest, DeadlineOwner {
  /** The next copy of the same request. */
  next: MirroredRequest | undefined = undefined;
  readonly isRaw = false;
  readonly upgrades = false;
  /** Whether an exchange still refers to it. */
  attached = false;
  /** Begun, and not ended. */
  active = false;
  finishesAborted = false;
  side: CopyRole = 'candidate';
  tap: ResponseTap | undefined = undefined;
  /** Whose request it is; until it has started. */
  client: Introducer | undefined = undefined;

  readonly #owner: MirroredRequestOwner;
  readonly #deadline = new Deadline(this);
  readonly #queue = new BodyQueue();
  #live: MirrorRuntime | undefined = undefined;
  #shadow: MirrorTarget | undefined = undefined;
  #connection: UpstreamStream | undefined = undefined;
  #endpoint: Endpoint | undefined = undefined;
  readonly #request = new OutgoingRequest();
  #authority = '';
  /** A small body, or the beginning of a large one. */
  #text = '';
  /** The head has been sent, and what there was of the body with it. */
  #begun = false;
  #timeoutMs = 0;
  #startedMs = 0;
  #requestDone = false;
  #trailers = '';
  #responseBytes = 0;
  #status = 0;
  /** What the kernel of this machine has yet to take, without the queue. */
  #unsent = 0;
  /** As it is counted. */
  #waiting = 0;

  constructor(owner: MirroredRequestOwner) {
    this.#owner = owner;
  }

  /** Makes it ready for a copy of this request; `start` follows. @param block as the shadow gets it */
  prepare(mirror: MirrorTable, request: OutgoingRequest, block: string, authority: string, startedMs: number): void {
    this.finishesAborted = mirror.finishesAborted;
    this.#timeoutMs = mirror.timeoutMs;
    this.#request.copy(request, block);
    this.#authority = authority;
    this.#begun = false;
    this.#requestDone = false;
    this.#responseBytes = 0;
    this.#status = 0;
    this.#unsent = 0;
    this.#startedMs = startedMs;
  }

  /** The body's bytes from before the start: latin1 text, and bytes that never change. */
  queueBody(text: string, pieces: readonly Buffer[]): void {
    this.#text = text;
    for (const bytes of pieces) this.#queue.keep(bytes);
  }

  /** Begins. Returns why it was dropped instead, or undefined. @param avoid endpoint that is the last resort, by its key */
  start(live: MirrorRuntime, shadow: MirrorTarget, key: string, avoid: string | undefined): MirrorOutcome | undefined {
    this.#live = live;
    this.#shadow = shadow;
    const dropped = live.acquire(shadow, key, this, avoid);
    this.client = undefined;
    if (dropped === undefined) return undefined;
    this.#forget();
    return dropped;
  }

  get introduction(): Introduction {
    return this.client!.introduction;
  }

  /** More of the body; it lies in memory that the next read overwrites. */
  push(bytes: Buffer, from: number, to: number): void {
    if (!this.active) return;
    const connection = this.#connection!;
    if (this.#begun && this.#queue.bytes === 0 && connection.unsent === 0) {
      connection.sendCopy(bytes, from, to);
      this.#watch(connection);
    } else this.#queue.copy(bytes, from, to);
    this.#weigh();
  }

  /** The whole request is here: from now on it is the shadow's time that runs. @param trailers behind a body of BODY_STREAM */
  requestEnded(trailers: string): void {
    if (!this.active || this.#requestDone) return;
    this.#requestDone = true;
    this.#trailers = trailers;
    if (this.#begun && this.#queue.bytes === 0) this.#sendEnd(this.#connection!);
    if (this.tap !== undefined) this.#startedMs = this.#owner.deadlines.refresh();
    this.#owner.deadlines.arm(this.#deadline, this.#timeoutMs);
  }

  /** Ends it for want of memory, if it keeps anything. */
  freeMemory(): void {
    if (this.#waiting > 0) this.end(MIRRORED.memory);
  }

  /** Its exchange is over. @param aborted its client went away */
  detach(aborted: boolean): void {
    if (this.active && aborted && !this.finishesAborted) this.end(MIRRORED.aborted);
    else if (this.active && !this.#requestDone) this.end(MIRRORED.incomplete);
    this.attached = false;
    this.next = undefined;
    if (!this.active) this.#owner.put(this);
  }

  onConnecting(connection: UpstreamStream, endpoint: Endpoint): void {
    this.#begin(connection, endpoint);
    this.#weigh();
  }

  onConnected(connection: UpstreamStream, endpoint: Endpoint): void {
    if (!this.active) this.#begin(connection, endpoint);
    try {
      this.#send(connection);
    } catch (error) {
      this.fail(error);
    }
  }

  onInterim(): void {}

  /** A copy never asks for it. */
  onSwitch(): string {
    return 'switch of protocols that nobody asked for';
  }

  onResponse(connection: UpstreamStream, from: number, to: number, done: boolean): boolean {
    this.#status = connection.head.status;
    if (this.tap !== undefined) this.#tellHead(this.tap, connection);
    const { body, contentLength } = connection.head;
    if (body !== BODY_LENGTH || contentLength <= this.#live!.settings.responseBytes)
      return this.onResponseBytes(connection, from, to, done);
    this.end(MIRRORED.response_too_large);
    return false;
  }

  onResponseBytes(connection: UpstreamStream, from: number, to: number, done: boolean): boolean {
    this.#responseBytes += to - from;
    if (to > from) this.tap?.onBody(this.side, connection.memory, from, to);
    if (this.#responseBytes > this.#live!.settings.responseBytes) {
      this.end(MIRRORED.response_too_large);
      return false;
    }
    if (done) this.#finish(connection);
    return true;
  }

  onUpstreamDrained(connection: UpstreamStream): void {
    if (!this.active || connection !== this.#connection || connection.unsent > 0) return;
    try {
      this.#flush(connection);
      this.#weigh();
    } catch (error) {
      this.fail(error);
    }
  }

  onUpstreamFailure(connection: UpstreamStream, outcome: Outcome): void {
    const { responses, responding, unprocessed } = connection;
    const stale = outcome === OUTCOME.upstream_reset && (unprocessed || (responses > 0 && !responding));
    this.end(stale ? MIRRORED.stale : outcomeOf(outcome));
  }

  onDeadline(): void {
    this.end(MIRRORED.response_timeout);
  }

  /** An error that is ours. */
  fail(error: unknown): void {
    this.#owner.onFault(error);
    this.end(MIRRORED.internal);
  }

  /** Ends it at once, however far it has come. */
  end(outcome: MirrorOutcome): void {
    if (!this.active) return;
    const connection = this.#connection!;
    this.#leave(outcome);
    connection.destroy();
  }

  /** The response is complete. */
  #finish(connection: UpstreamStream): void {
    const isWhole = this.#requestDone && connection.unsent === 0 && this.#queue.bytes === 0;
    this.#leave(this.#status < 500 ? MIRRORED.ok : MIRRORED.upstream_error);
    if (isWhole) connection.release();
    else connection.destroy();
  }

  #tellHead(tap: ResponseTap, { head }: UpstreamStream): void {
    tap.onHead(this.side, head, this.#owner.deadlines.refresh() - this.#startedMs);
  }

  #begin(connection: UpstreamStream, endpoint: Endpoint): void {
    this.active = true;
    this.#connection = connection;
    this.#endpoint = endpoint;
    this.#shadow!.counters.began();
    this.#owner.began(this);
  }

  #send(connection: UpstreamStream): void {
    connection.begin(this, this.#request, this.#authority, this.#text, undefined);
    this.#begun = true;
    this.#text = '';
    this.#flush(connection);
    this.#weigh();
  }

  /** Everything that waits goes to the kernel, or as far as it takes it. */
  #flush(connection: UpstreamStream): void {
    for (const bytes of this.#queue.take()) connection.sendBytes(bytes);
    if (this.#requestDone) this.#sendEnd(connection);
    this.#watch(connection);
  }

  /** Of a body whose kind does not tell it; once. */
  #sendEnd(connection: UpstreamStream): void {
    if (this.#request.body !== BODY_STREAM) return;
    this.#request.body = BODY_NONE;
    connection.sendEnd(this.#trailers);
  }

  #watch(connection: UpstreamStream): void {
    this.#unsent = connection.unsent;
    if (this.#unsent > 0) connection.tellDrained();
  }

  /** Counts what waits; beyond its bounds the copy ends. */
  #weigh(): void {
    if (!this.active) return;
    this.#count(this.#unsent + this.#queue.queuedBytes);
    if (this.#unsent + this.#queue.bytes > this.#live!.settings.lagBytes) this.end(MIRRORED.lag);
    else if (this.#owner.isFull) this.end(MIRRORED.memory);
  }

  #count(waiting: number): void {
    if (waiting === this.#waiting) return;
    const more = waiting - this.#waiting;
    this.#waiting = waiting;
    this.#owner.waits(more);
    this.#shadow!.counters.waits(more);
  }

  #leave(outcome: MirrorOutcome): void {
    this.active = false;
    this.#deadline.disarm();
    this.#count(0);
    this.#shadow!.counters.ended(outcome.index);
    // What comes of our own slowness is nobody's failure.
    const told = this.#live!.leave(this.#endpoint!, outcome) ? MIRRORED.internal : outcome;
    const { tap, side } = this;
    this.#forget();
    this.#owner.ended(this);
    if (!this.attached) this.#owner.put(this);
    if (tap === undefined) return;
    // What the tap keeps must leave the thread soon, also one that rests.
    this.#owner.deadlines.refresh();
    this.#owner.tellEnd(tap, side, told);
  }

  #forget(): void {
    this.#live = undefined;
    this.#shadow = undefined;
    this.#connection = undefined;
    this.#endpoint = undefined;
    this.#request.reset();
    this.#authority = '';
    this.#text = '';
    this.#trailers = '';
    this.#queue.clear();
  }
}

function outcomeOf(outcome: Outcome): MirrorOutcome {
  switch (outcome) {
    case OUTCOME.connect_refused:
      return MIRRORED.connect_refused;
    case OUTCOME.connect_timeout:
      return MIRRORED.connect_timeout;
    case OUTCOME.connect_tls:
      return MIRRORED.connect_tls;
    case OUTCOME.upstream_malformed:
    case OUTCOME.upstream_header_too_large:
      return MIRRORED.upstream_malformed;
    case OUTCOME.drain_timeout:
      return MIRRORED.removed;
    case OUTCOME.overload:
      return MIRRORED.overload;
    case OUTCOME.internal:
      return MIRRORED.internal;
    default:
      return MIRRORED.upstream_reset;
  }
}
