// What counts for one rollout: its segments with the memory that workers write to, the bounds that they are told, the halt. It decides nothing.

import type { PoolConfig } from '../config/model.ts';
import type { SegmentEvidence } from '../rollout/model.ts';
import type { Arming, Trip } from '../rollout/tripwire.ts';
import type { GuardedUnits } from '../rollout/user-windows.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import {
  BASELINE,
  CANARY,
  CLIENT_ERRORS,
  createCounts,
  ERRORS,
  EVENTS,
  GAVE_UP,
  MAX_EVENTS,
  partsFor,
  SEGMENTS,
  SLOW_P99,
} from '../telemetry/evidence-layout.ts';
import type { Arm } from '../telemetry/evidence-layout.ts';
import { createSignals, SignalsReader, SignalsWriter } from '../telemetry/evidence-signals.ts';
import type { SlowBounds } from '../telemetry/evidence-signals.ts';
import { plus, sumArm, sumGuarded } from '../telemetry/evidence-sums.ts';
import type { ArmSums, GuardedSums } from '../telemetry/evidence-sums.ts';
import { createUsers, EvidenceUsers, NO_USER } from '../telemetry/evidence-users.ts';
import { createSizes, SizeBounds } from '../telemetry/body-sizes.ts';
import { createTop, topShare } from '../telemetry/evidence-top.ts';
import type { TopCell } from '../telemetry/evidence-top.ts';
import { createValues } from '../telemetry/evidence-values.ts';
import { EvidenceWriter } from '../telemetry/evidence-writer.ts';
import type { CountedPair, CountedRollout, Exposure, RolloutCounts, TopShares } from './ports.ts';
import { RolloutTrips } from './rollout-trips.ts';
import type { TripPlace } from './rollout-trips.ts';
import { SlowWindow } from './slow-window.ts';
import { ValueSums } from './value-sums.ts';
import type { ValuePair } from './value-sums.ts';

interface Segment {
  /** As the rollout has it; several have it where somebody else changed the weights meanwhile. */
  readonly number: number;
  readonly share: number;
  /** All segments of a buffer are in a row. */
  readonly counts: SharedArrayBuffer;
  readonly cells: Float64Array;
}

export interface RolloutCountsDeps {
  readonly counters: Pick<CounterRegistry, 'blocks' | 'workers'>;
  /** 0 <= x < 1; not to be guessed. */
  readonly chance: () => number;
  /** The workers have yet to hear of something. */
  readonly onChange: () => void;
}

export class Counts implements RolloutCounts {
  readonly #pair: CountedPair;
  readonly #deps: RolloutCountsDeps;
  readonly #signals = createSignals();
  readonly #told: SignalsWriter;
  readonly #users: SharedArrayBuffer;
  readonly #slow: SlowWindow;
  readonly #trips: RolloutTrips;
  readonly #top: SharedArrayBuffer;
  readonly #sizes: SharedArrayBuffer | undefined;
  readonly #sizeBounds: SizeBounds | undefined;
  readonly #valueMemory: SharedArrayBuffer | undefined;
  readonly #values: ValueSums;
  readonly #segments: Segment[] = [];
  #number: number;
  #closed = false;

  /** Throws when it is given more events than there is room for: the config has fewer. */
  constructor(pair: CountedPair, deps: RolloutCountsDeps) {
    if (pair.events.length > MAX_EVENTS) throw new Error(`a rollout counts ${MAX_EVENTS} events at most, got ${pair.events.length}`);
    this.#pair = pair;
    this.#deps = deps;
    this.#number = pair.segment;
    this.#told = new SignalsWriter(this.#signals, pair.ceilingMs);
    this.#trips = new RolloutTrips(this.#told.trips);
    this.#users = createUsers(Math.floor(deps.chance() * 2 ** 32) | 0);
    this.#slow = new SlowWindow(deps.counters, pair);
    const { workers } = deps.counters;
    this.#top = createTop(workers);
    this.#sizes = pair.events.some(({ kind }) => kind === 'small-bodies') ? createSizes(workers) : undefined;
    this.#sizeBounds = this.#sizes && new SizeBounds(this.#sizes);
    this.#valueMemory = pair.values.some(({ source }) => source.kind === 'response-header') ? createValues(workers) : undefined;
    const sent = this.#valueMemory && { memory: this.#valueMemory, workers };
    this.#values = new ValueSums(pair.values, new EvidenceUsers(this.#users), sent);
    this.publishBounds();
  }

  get halted(): boolean {
    return this.#told.trips.halted;
  }

  get saturated(): boolean {
    return this.#told.saturated;
  }

  segment(number: number): void {
    this.#number = number;
    this.#deps.onChange();
  }

  /** For workers that serve this pool; undefined when it is closed, and where only one of the two versions has a share, so that nothing is left to chance. */
  plan({ versions, split }: PoolConfig): CountedRollout | undefined {
    if (this.#closed) return undefined;
    const { pool, baseline, canary, latencyRatio: ratio, events } = this.#pair;
    if (![baseline, canary].every((name) => versions.some((version) => version.name === name))) return undefined;
    const weight = weightIn(split, canary);
    const share = weight / (weight + weightIn(split, baseline));
    if (!(share > 0 && share < 1)) return undefined;
    const segment = this.#segmentOf(share);
    this.#trips.move(this.#place());
    const { counts } = this.#segments[segment]!;
    const values = { memory: this.#valueMemory, sources: this.#pair.values.map(({ source }) => source) };
    return {
      pool,
      baseline,
      canary,
      segment,
      share,
      ratio,
      counts,
      users: this.#users,
      signals: this.#signals,
      events,
      top: this.#top,
      sizes: this.#sizes,
      values,
    };
  }

  read(): readonly SegmentEvidence[] {
    // First: what is counted from here on is news again.
    this.#told.clearNews();
    this.#values.drain(this.#segments.length - 1);
    const places = Map.groupBy(this.#segments.keys(), (at) => {
      const { number, share } = this.#segments[at]!;
      return `${number} ${share}`;
    });
    return this.#trips.looking(this.#place(), () => [...places.values()].map((each) => this.#total(each)));
  }

  exposed(): Exposure {
    const sums = this.#segments.map((_, at) => this.#sums(at, CANARY));
    return { requests: sumOf(sums, 'requests'), users: sumOf(sums, 'met') };
  }

  get lostValues(): { unreadable: number; lost: number } {
    return { unreadable: this.#values.unreadable, lost: this.#values.lost };
  }

  guarded(): GuardedUnits {
    return { baseline: this.#guarded(BASELINE), canary: this.#guarded(CANARY) };
  }

  topShares(): TopShares {
    const of = (cell: TopCell): number | undefined => topShare(this.#top, this.#deps.counters.workers, cell);
    return { errors: of(ERRORS), latency: of(SLOW_P99), 'gave-up': of(GAVE_UP), 'client-errors': of(CLIENT_ERRORS) };
  }

  nextWindow(): void {
    this.#told.nextWindow();
  }

  publishBounds(): SlowBounds | undefined {
    const bounds = this.#slow.end();
    if (bounds !== undefined) this.#told.publish(bounds);
    return bounds;
  }

  learnSizes(passedMs: number): void {
    this.#sizeBounds?.pass(passedMs);
  }

  halt(): void {
    this.#trips.halt();
  }

  lift(): void {
    this.#trips.lift();
  }

  get tripped(): Trip | undefined {
    return this.#trips.tripped;
  }

  arm(arming: Arming | undefined): boolean {
    return this.#trips.arm(arming, this.#place());
  }

  tell(event: string, key: string, value: number | undefined): boolean {
    const user = new EvidenceUsers(this.#users).lookUp(key);
    const segment = this.#segments.length - 1;
    if (user === NO_USER || segment < 0) return false;
    const isWorth = value !== undefined && this.#values.tell(event, { user, value, segment });
    return this.#tellEvent(event, user, segment) || isWorth;
  }

  #tellEvent(event: string, user: number, segment: number): boolean {
    const position = this.#pair.events.findIndex((source) => source.kind === 'told' && source.event === event);
    if (position < 0) return false;
    const writer = this.#ownWriter(segment);
    for (const arm of [BASELINE, CANARY] as const) {
      const row = writer.rowOfKept(arm, user);
      if (row < 0) continue;
      writer.good(row, user, EVENTS + position);
      return true;
    }
    return false;
  }

  close(): void {
    this.#closed = true;
    this.#deps.onChange();
  }

  /** Where the workers count, or are about to. */
  #place(): TripPlace | undefined {
    const at = this.#segments.length - 1;
    return at < 0 ? undefined : { at, ...this.#segments[at]! };
  }

  /** A refused change may come back to the weights before it: the same share of the same step is the same segment, unless another came between. */
  #segmentOf(share: number): number {
    const last = this.#segments.at(-1);
    if (last?.number === this.#number && last.share === share) return this.#segments.length - 1;
    const isFull = this.#segments.length % SEGMENTS === 0;
    const counts = isFull ? createCounts(this.#deps.counters.workers) : last!.counts;
    const cells = isFull ? new Float64Array(counts) : last!.cells;
    this.#segments.push({ number: this.#number, share, counts, cells });
    return this.#segments.length - 1;
  }

  /** Of places with the same number and share. */
  #total(places: readonly number[]): SegmentEvidence {
    const { number, share } = this.#segments[places[0]!]!;
    const total = (arm: Arm): ArmSums & { readonly values: readonly ValuePair[] } => {
      const values = places.map((at) => this.#values.of(at, arm));
      const addUp = (position: number, of: 0 | 1): number => values.reduce((sum, each) => sum + each[position]![of], 0);
      const pairs = this.#pair.values.map((_, position): ValuePair => [addUp(position, 0), addUp(position, 1)]);
      return { ...places.map((at) => this.#sums(at, arm)).reduce(plus), values: pairs };
    };
    return { segment: number, share, baseline: total(BASELINE), canary: total(CANARY) };
  }

  #sums(at: number, arm: Arm): ArmSums {
    return sumArm(this.#segments[at]!.cells, partsFor(this.#deps.counters.workers), at % SEGMENTS, arm);
  }

  #guarded(arm: Arm): GuardedSums {
    const writers = partsFor(this.#deps.counters.workers);
    const each = this.#segments.map(({ cells }, at) => sumGuarded(cells, writers, at % SEGMENTS, arm));
    return { units: each.reduce((sum, { units }) => sum + units, 0), failed: each.reduce((sum, { failed }) => sum + failed, 0) };
  }

  /** What arrives here is counted in a part of its own. */
  #ownWriter(segment: number): EvidenceWriter {
    return new EvidenceWriter({
      ...{ baseline: -1, canary: -1, fields: [], routes: [], news: { raise: () => undefined } },
      ...{ top: { add: () => undefined }, valueFields: [], values: undefined, redirects: [], emptyBodies: [] },
      ...{ smallBodies: [], sizes: undefined },
      cells: this.#segments[segment]!.cells,
      worker: this.#deps.counters.workers,
      segment,
      users: new EvidenceUsers(this.#users),
      signals: new SignalsReader(this.#signals, 1),
    });
  }
}

function weightIn(split: PoolConfig['split'], version: string): number {
  return Object.hasOwn(split, version) ? (split[version] ?? 0) : 0;
}

function sumOf(sums: readonly ArmSums[], field: 'requests' | 'met'): number {
  return sums.reduce((total, each) => total + each[field], 0);
}
