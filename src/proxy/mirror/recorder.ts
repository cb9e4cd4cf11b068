// Records what primary, candidate and secondary responded to one request, and hands it over to be compared when all have ended. What was given
// up for reasons of our own is left out: it says nothing about anybody's responses.

import type { IncomingResponse } from '../../http/response.ts';
import type { MirrorTable } from '../../routing/table.ts';
import { MIRRORED } from '../../telemetry/mirror-outcomes.ts';
import type { MirrorOutcome } from '../../telemetry/mirror-outcomes.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { OutcomeCode } from '../../telemetry/outcomes.ts';
import type { Attempted, RecordedExchange } from '../../compare/mirrored-exchange.ts';
import { ResponseRecord } from './response-record.ts';
import type { RecordBounds, RecordMemory } from './response-record.ts';
import type { CopiedRequest, CopyRole, PrimaryEnd, Side, ResponseTap } from './response-tap.ts';

export interface RecorderDeps {
  readonly mirror: MirrorTable;
  /** Label of the version that gets the copy. */
  readonly version: string;
  readonly copied: CopiedRequest;
  /** When the request came: wall time in milliseconds. */
  readonly atMs: number;
  readonly wantsSecondary: boolean;
  readonly bounds: RecordBounds;
  readonly memory: RecordMemory;
  /** Told once, unless nothing can be compared; `undefined`: there was no room for the responses. */
  readonly onRecorded: (recorded: RecordedExchange | undefined) => void;
}

/** The primary's own failures; how else an exchange ends without a response says nothing of an upstream. */
const FAILURES: ReadonlySet<string> = new Set<OutcomeCode>([
  'connect_refused',
  'connect_timeout',
  'connect_tls',
  'response_timeout',
  'upstream_stalled',
  'upstream_reset',
  'upstream_malformed',
  'upstream_header_too_large',
]);

export class Recorder implements ResponseTap {
  readonly wantsSecondary: boolean;
  readonly #deps: RecorderDeps;
  readonly #records: Readonly<Record<Side, ResponseRecord>>;
  readonly #ends: { primary: Attempted | undefined; candidate: Attempted | undefined; secondary: Attempted | undefined };
  #open: number;
  #isWorthless = false;
  #isFull = false;

  constructor(deps: RecorderDeps) {
    const { bounds, memory } = deps;
    this.wantsSecondary = deps.wantsSecondary;
    this.#deps = deps;
    this.#records = {
      primary: new ResponseRecord(bounds, memory),
      candidate: new ResponseRecord(bounds, memory),
      secondary: new ResponseRecord(bounds, memory),
    };
    this.#ends = { primary: undefined, candidate: undefined, secondary: undefined };
    this.#open = deps.wantsSecondary ? 3 : 2;
  }

  onHead(side: Side, head: IncomingResponse, latencyMs: number): void {
    if (!this.#isSpoiled) this.#records[side].begin(head, latencyMs);
  }

  onBody(side: Side, bytes: Buffer, from: number, to: number): void {
    if (this.#isSpoiled) return;
    this.#records[side].add(bytes, from, to);
    if (this.#deps.memory.isFull) this.#spoil();
  }

  onPrimaryEnd({ outcome, version }: PrimaryEnd): void {
    // The response of another version that stepped in is not compared.
    const isOthers = version !== this.#deps.copied.version;
    if (outcome === OUTCOME.ok && !isOthers) this.#ends.primary = { outcome: 'ok', response: this.#records.primary.response() };
    else if (FAILURES.has(outcome.code) && !isOthers) this.#ends.primary = failed(outcome.code as OutcomeCode);
    else this.#isWorthless = true;
    this.#ended();
  }

  onCopyEnd(side: CopyRole, outcome: MirrorOutcome): void {
    const record = this.#records[side];
    const isResponded = outcome.kind === 'responded' || (outcome === MIRRORED.response_too_large && record.status > 0);
    if (isResponded && !this.#isSpoiled) this.#ends[side] = { outcome: 'ok', response: record.response() };
    else if (outcome.kind === 'failed') this.#ends[side] = failed(outcome.code as OutcomeCode);
    this.#ended();
  }

  get #isSpoiled(): boolean {
    return this.#isWorthless || this.#isFull;
  }

  #spoil(): void {
    this.#isFull = true;
    this.#ends.primary = undefined;
    this.#ends.candidate = undefined;
    this.#ends.secondary = undefined;
    this.#release();
  }

  #release(): void {
    for (const record of Object.values(this.#records)) record.release();
  }

  #ended(): void {
    if (this.#isWorthless) this.#release();
    if (--this.#open > 0) return;
    const { primary, candidate, secondary } = this.#ends;
    const { mirror, copied, version, atMs, onRecorded } = this.#deps;
    if (this.#isFull) onRecorded(undefined);
    else if (primary !== undefined && !this.#isWorthless) {
      const exchange = { route: copied.route, target: copied.target, atMs, primary, candidate, secondary };
      onRecorded({ pool: copied.pool.name, mirror: mirror.name, version, exchange });
    }
    this.#release();
  }
}

function failed(code: OutcomeCode): Attempted {
  return { outcome: code as Exclude<OutcomeCode, 'ok'> };
}
