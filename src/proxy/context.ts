// What all connections of one worker share. One per data-plane thread.

import type { Deadlines } from '../lib/deadlines.ts';
import type { Log } from '../lib/log.ts';
import { makePseudonym } from '../http/way.ts';
import { LogPace } from '../lib/log-pace.ts';
import { newKey } from '../lib/random.ts';
import type { AccessLog } from '../telemetry/access-log.ts';
import type { WorkerCounters } from '../telemetry/counters.ts';
import { RecentExchanges } from '../telemetry/recent-exchanges.ts';
import type { ServingState } from './serving-state.ts';
import { MirroredRequests } from './mirror/mirrored-requests.ts';
import { Turns } from './turns.ts';
import { Handshakes } from '../tls/handshakes.ts';

/** Of one worker, at once: 50 KiB each, and two thousand in a second where clients are 0.1 s away. */
const MAX_HANDSHAKES = 256;
/** Have sent their first message, some KiB, and wait for a turn: more than a worker begins in a second. */
const MAX_WAITING_HANDSHAKES = 2048;

export class ProxyContext {
  serving: ServingState;
  /** Whether client connections may be kept after a response. */
  allowsKeepAlive = true;
  /** Whether new requests are refused. */
  rejectsRequests = false;
  /** Whether new connections are refused. */
  rejectsConnections = false;
  accessLog: AccessLog | undefined = undefined;
  /** What the instance calls itself on the way of a request. */
  pseudonym = '';
  /** Its entry in Via of what has come by HTTP/1, and by HTTP/2. */
  via = '';
  viaHttp2 = '';
  /** Its field line where Via may not say it. */
  cdnLoop = '';
  readonly deadlines: Deadlines;
  readonly counters: WorkerCounters;
  readonly log: Log;
  readonly recent = new RecentExchanges();
  /** Of lines about responses that are malformed. */
  readonly malformed = new LogPace();
  /** Of lines about upstreams whose TLS is not accepted. */
  readonly untrusted = new LogPace();
  /** Of lines about connections that do not begin with a PROXY header as they must. */
  readonly unintroduced = new LogPace();
  /** Of lines about connections of HTTP/2 that are ended for what their clients did. */
  readonly http2Faults = new LogPace();
  readonly shadows: MirroredRequests;
  readonly turns = new Turns();
  readonly handshakes = new Handshakes({ maxUnderWay: MAX_HANDSHAKES, maxWaiting: MAX_WAITING_HANDSHAKES });

  #next: { readonly serving: ServingState; readonly isDue: () => boolean } | undefined = undefined;
  #draining = false;
  #cutsAtMs = 0;
  readonly #idPrefix = newKey().slice(0, 12);
  #ids = 0;

  constructor(serving: ServingState, deadlines: Deadlines, counters: WorkerCounters, log: Log) {
    this.serving = serving;
    this.deadlines = deadlines;
    this.counters = counters;
    this.log = log;
    this.shadows = new MirroredRequests(deadlines, (error) => this.failed(error));
    this.setPseudonym(makePseudonym(newKey()));
  }

  /** An error that is ours: counted and logged. The caller closes what it hit. */
  failed(error: unknown): void {
    this.counters.internalError();
    this.log.error({ err: error }, 'internal error in an exchange');
  }

  /** How long what opens now, and does not end by itself, may stay open; 0 = for as long as it likes. */
  get lateMs(): number {
    return this.#draining ? Math.max(1, this.#cutsAtMs - this.deadlines.atMs) : 0;
  }

  /** From here on no connection is kept. @param timeoutMs until those that are left are cut */
  drain(timeoutMs: number): void {
    this.#draining = true;
    this.#cutsAtMs = this.deadlines.refresh() + timeoutMs;
    this.allowsKeepAlive = false;
  }

  /**
   * Sheds load.
   * @param level 0 = none; 1 = connections are not kept, and no copies are made for shadows; 2 = new requests are refused; 3 = new connections, too
   */
  setOverloadLevel(level: number): void {
    this.allowsKeepAlive = level < 1 && !this.#draining;
    this.rejectsRequests = level >= 2;
    this.rejectsConnections = level >= 3;
    this.shadows.press(level);
  }

  /** All workers of an instance have one. */
  setPseudonym(pseudonym: string): void {
    this.pseudonym = pseudonym;
    this.via = '1.1 ' + pseudonym;
    this.viaHttp2 = '2 ' + pseudonym;
    this.cdnLoop = 'cdn-loop: ' + pseudonym + '\r\n';
  }

  /** From here on requests are served with this. */
  serve(serving: ServingState): void {
    this.serving = serving;
    this.#next = undefined;
  }

  /** From the moment on at which it is due requests are served with this. */
  serveNext(serving: ServingState, isDue: () => boolean): void {
    this.#next = { serving, isDue };
  }

  /** What a request is served with that begins now. */
  get servingNow(): ServingState {
    const next = this.#next;
    if (next !== undefined && next.isDue()) this.serve(next.serving);
    return this.serving;
  }

  /** Unique over all workers and restarts; not secret. */
  newRequestId(): string {
    this.#ids++;
    return this.#idPrefix + this.#ids.toString(36);
  }
}
