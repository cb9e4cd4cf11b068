// A response of server-sent events (the HTML standard, section 9.2): it is open for as long as both sides like, and its client comes again by
// itself. So it counts neither in what limits requests nor in latencies, may be quiet for as long as a tunnel, and ends when what it leads to is
// drained: between two events, where one ends soon. It never changes a byte.

import { findField } from '../http/header-block.ts';
import { BODY_CHUNKED, BODY_LENGTH } from '../http/body-kind.ts';
import { ChunkedDecoder } from '../http1/chunked-decoder.ts';
import type { IncomingResponse } from '../http/response.ts';
import { Deadline } from '../lib/deadlines.ts';
import type { DeadlineOwner } from '../lib/deadlines.ts';
import { latin1 } from '../lib/latin1.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import { NOT_READY_DRAINING } from '../upstream/endpoint.ts';
import type { LongLived, UpstreamStream } from '../upstream/protocol/upstream-stream.ts';
import type { EventStream } from './event-stream.ts';
import type { ExchangeControl } from './exchange-control.ts';
import { CLOSE_MS, LATE_MS, leaveMomentMs } from './leave-moment.ts';

const MEDIA_TYPE = /^text\/event-stream(?:[ \t;]|$)/i;
/** An empty line ends an event; lines end with LF, CR or both. */
const END_OF_EVENT = /(?:\n\n|\r\r|\n\r\n?)$/;
const MAX_END = 3;

/** Whether a response with more to come is one. With a length it ends by itself. */
export function isEventStream({ status, body, block }: IncomingResponse): boolean {
  return status === 200 && body !== BODY_LENGTH && MEDIA_TYPE.test(findField(block, 'content-type') ?? '');
}

/** Of one exchange, from the head of its response to its end. */
export class ServerSentEvents implements EventStream, LongLived, DeadlineOwner {
  isCut = false;
  readonly #exchange: ExchangeControl;
  readonly #deadline = new Deadline(this);
  /** It ends with the event under way. */
  #leaves = false;
  readonly #decoder = new ChunkedDecoder();
  /** The last bytes of events that were passed on. */
  #tail = '';
  #betweenEvents = true;

  constructor(exchange: ExchangeControl) {
    this.#exchange = exchange;
  }

  /** Its head is about to be sent. */
  open(): void {
    const { state, context } = this.#exchange;
    const { attempt, downstream } = state;
    const version = attempt.version!;
    attempt.connection!.longLived = this;
    downstream!.longLived = this;
    attempt.slotFree = true;
    version.releaseSlot();
    version.counters.eventStreamOpened();
    const isDraining = (attempt.endpoint!.notReadyReasons & NOT_READY_DRAINING) !== 0;
    if (isDraining || context.lateMs > 0) this.leave(context.lateMs || LATE_MS);
  }

  passed({ head, scanner, memory }: UpstreamStream, from: number, to: number): boolean {
    if (from === to) return true;
    const isChunked = head.body === BODY_CHUNKED;
    const data = isChunked ? this.#decoder.take(memory, from, to) : memory.subarray(from, to);
    this.#tail = (this.#tail + latin1(data, Math.max(0, data.length - MAX_END), data.length)).slice(-MAX_END);
    this.#betweenEvents = (!isChunked || scanner.betweenChunks) && END_OF_EVENT.test(this.#tail);
    return !this.#leaves || !this.#betweenEvents || !this.#end();
  }

  flushed(): void {
    if (this.#leaves && this.#betweenEvents) this.#end();
  }

  clientGone(): void {
    this.isCut = true;
    this.#exchange.state.outcome = OUTCOME.ok;
    this.#exchange.state.detail = 'event stream ended: ' + (this.#leaves ? 'drain' : 'client');
  }

  quiet(): void {
    if (!this.#end('idle')) this.#exchange.abort(OUTCOME.upstream_stalled);
  }

  close(): void {
    const { attempt, downstream } = this.#exchange.state;
    this.#deadline.disarm();
    downstream!.longLived = undefined;
    attempt.connection!.longLived = undefined;
    attempt.version!.counters.eventStreamEnded(this.#leaves);
  }

  leave(withinMs: number): void {
    if (this.#leaves) return;
    this.#exchange.context.deadlines.arm(this.#deadline, leaveMomentMs(withinMs));
  }

  stay(): void {
    this.#deadline.disarm();
    this.#leaves = false;
  }

  cut(): void {
    this.#leaves = true;
    if (!this.#end()) this.#exchange.abort(OUTCOME.drain_timeout);
  }

  onDeadline(): void {
    if (this.#leaves) return this.cut();
    this.#leaves = true;
    if (this.#betweenEvents && this.#end()) return;
    this.#exchange.context.deadlines.arm(this.#deadline, CLOSE_MS);
  }

  /** Ends it where it stands, as if it were whole. False: it cannot be ended here. */
  #end(why = 'drain'): boolean {
    const { state } = this.#exchange;
    const connection = state.attempt.connection!;
    if (state.unflushed || !state.downstream!.endBody(connection)) return false;
    this.isCut = true;
    state.detail = 'event stream ended: ' + why;
    connection.destroy();
    this.#exchange.responseEnded();
    return true;
  }
}
