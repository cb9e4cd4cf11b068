// The last exchanges of one kind, in a ring of fixed size. What it keeps are copies of bounded length: text that was cut out of what a
// socket gave would hold on to all of that. Taking none costs an exchange one addition and one comparison.

import { ownText } from '../lib/own-text.ts';
import { Observation } from './observation.ts';

export interface ExchangeRingOptions {
  readonly size: number;
  /** Under load one exchange is kept in this time. */
  readonly everyMs: number;
  /** Kept at once after a quiet time. */
  readonly burst: number;
}

const TARGET_BYTES = 2048;
const FIELDS_BYTES = 4096;
const METHOD_BYTES = 32;
const NAME_BYTES = 300;

export class ExchangeRing {
  readonly #options: ExchangeRingOptions;
  readonly #kept: Observation[] = [];
  /** When each ended, by the worker's clock. */
  readonly #endedMs: Float64Array;
  /** Where the next one goes, and the oldest lies once the ring is full. */
  #next = 0;
  /** Not before this time another one is kept (GCRA, the generic cell rate algorithm of ITU-T I.371). */
  #dueMs = -Infinity;
  /** Exchanges since the last that was kept. */
  #passed = 0;

  constructor(options: ExchangeRingOptions) {
    this.#options = options;
    this.#endedMs = new Float64Array(options.size);
  }

  /** Counts an exchange that ended at `nowMs`. True: it is to be kept. */
  offer(nowMs: number): boolean {
    this.#passed++;
    return nowMs >= this.#dueMs;
  }

  /** Keeps a copy of the exchange that was met last. */
  keep(observation: Observation, nowMs: number): void {
    const { size, everyMs, burst } = this.#options;
    this.#dueMs = Math.max(this.#dueMs, nowMs - (burst - 1) * everyMs) + everyMs;
    this.#endedMs[this.#next] = nowMs;
    this.#kept[this.#next] = copyOf(observation, this.#passed);
    this.#next = (this.#next + 1) % size;
    this.#passed = 0;
  }

  /** From when on it remembers; -Infinity while it has not forgotten any. */
  get sinceMs(): number {
    return this.#kept.length < this.#options.size ? -Infinity : this.#endedMs[this.#next]!;
  }

  /** All that is kept. Those that ended before `sinceMs`, which may never go back, stand for none from now on. */
  list(sinceMs: number): readonly Observation[] {
    for (let i = 0; i < this.#kept.length; i++) if (this.#endedMs[i]! < sinceMs) this.#kept[i]!.standsFor = 0;
    return this.#kept;
  }
}

function copyOf(from: Observation, standsFor: number): Observation {
  const { fields } = from;
  // A cut block ends with a whole line.
  const fieldsEnd = fields.length <= FIELDS_BYTES ? fields.length : fields.lastIndexOf('\n', FIELDS_BYTES - 1) + 1;
  const to = new Observation();
  to.protocol = from.protocol;
  to.isHttp2 = from.isHttp2;
  to.listener = from.listener;
  to.route = from.route;
  to.pool = from.pool;
  to.version = from.version;
  to.deploy = from.deploy;
  to.endpoint = from.endpoint;
  to.method = ownText(from.method, METHOD_BYTES);
  to.authority = ownText(from.authority, NAME_BYTES);
  to.target = ownText(from.target, TARGET_BYTES);
  to.client = ownText(from.client, NAME_BYTES);
  to.requestId = ownText(from.requestId, NAME_BYTES);
  to.status = from.status;
  to.outcome = from.outcome;
  to.detail = ownText(from.detail, NAME_BYTES);
  to.reason = from.reason;
  to.attempts = from.attempts;
  to.startedAtMs = from.startedAtMs;
  to.durationMs = from.durationMs;
  to.firstByteMs = from.firstByteMs;
  to.bytesIn = from.bytesIn;
  to.bytesOut = from.bytesOut;
  to.serverName = ownText(from.serverName, NAME_BYTES);
  to.tls = ownText(from.tls, TARGET_BYTES);
  to.override = from.override;
  to.keyed = from.keyed;
  to.keyField = from.keyField;
  to.fields = ownText(fields, fieldsEnd);
  to.isCut = from.isCut || fieldsEnd < fields.length || from.target.length > TARGET_BYTES;
  to.standsFor = standsFor;
  return to;
}
