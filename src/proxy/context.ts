// What all connections of one worker share. One per data-plane thread.

import type { Deadlines } from '../lib/deadlines.ts';
import type { Log } from '../lib/log.ts';
import { newKey } from '../lib/random.ts';
import type { AccessLog } from '../telemetry/access-log.ts';
import type { WorkerCounters } from '../telemetry/counters.ts';
import { RecentExchanges } from '../telemetry/recent-exchanges.ts';
import { Exchange } from './exchange.ts';
import type { ServingState } from './serving-state.ts';
import { MirroredRequests } from './mirror/mirrored-requests.ts';

/** Exchanges that are kept for the next request instead of being collected. */
const SPARE_EXCHANGES = 256;

export class ProxyContext {
  serving: ServingState;
  /** Whether client connections may be kept after an answer. */
  allowsKeepAlive = true;
  /** Whether new requests are refused. */
  rejectsRequests = false;
  /** Whether new connections are. */
  rejectsConnections = false;
  accessLog: AccessLog | undefined = undefined;
  readonly deadlines: Deadlines;
  readonly counters: WorkerCounters;
  readonly log: Log;
  readonly recent = new RecentExchanges();
  readonly shadows: MirroredRequests;

  #draining = false;
  readonly #spare: Exchange[] = [];
  readonly #idPrefix = newKey().slice(0, 12);
  #ids = 0;

  constructor(serving: ServingState, deadlines: Deadlines, counters: WorkerCounters, log: Log) {
    this.serving = serving;
    this.deadlines = deadlines;
    this.counters = counters;
    this.log = log;
    this.shadows = new MirroredRequests(deadlines, (error) => this.failed(error));
  }

  /** An error that is ours: counted and logged, with what it hit closed by the caller. */
  failed(error: unknown): void {
    this.counters.internalError();
    this.log.error({ err: error }, 'internal error in an exchange');
  }

  /** From here on no connection is kept. */
  drain(): void {
    this.#draining = true;
    this.allowsKeepAlive = false;
  }

  /** Sheds load. @param level 0 = none; 1 = connections are not kept, and no copies are made for shadows; 2 = new requests are refused; 3 = new connections, too */
  setOverloadLevel(level: number): void {
    this.allowsKeepAlive = level < 1 && !this.#draining;
    this.rejectsRequests = level >= 2;
    this.rejectsConnections = level >= 3;
    this.shadows.press(level);
  }

  /** From here on requests are served with this. Spare exchanges would hold on to what was served before. */
  serve(serving: ServingState): void {
    this.serving = serving;
    this.#spare.length = 0;
  }

  takeExchange(): Exchange {
    return this.#spare.pop() ?? new Exchange(this);
  }

  putExchange(exchange: Exchange): void {
    if (this.#spare.length < SPARE_EXCHANGES) this.#spare.push(exchange);
  }

  /** Unique over all workers and restarts; not secret. */
  newRequestId(): string {
    this.#ids++;
    return this.#idPrefix + this.#ids.toString(36);
  }
}
