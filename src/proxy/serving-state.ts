// What a worker serves with at one moment: a Table, and beside it the living state and counters it is served with.
// Immutable; swapped as a whole by one assignment, and held by an exchange from its first step to its last.

import { wallMs } from '../lib/clock.ts';
import { newKey, randomFraction } from '../lib/random.ts';
import type { MirrorChance } from '../routing/mirror.ts';
import type { Sessions } from '../routing/sessions.ts';
import type { Slots } from '../routing/slots.ts';
import type { SplitStream } from '../routing/split-stream.ts';
import type { PoolState } from '../routing/pool-state.ts';
import type { Table } from '../routing/table.ts';
import type { RouteCounters } from '../telemetry/counters.ts';
import type { EvidenceWriter } from '../telemetry/evidence-writer.ts';
import type { MirrorRuntime } from '../upstream/mirror-runtime.ts';
import type { MirrorTarget } from '../upstream/mirror-target.ts';
import type { VersionRuntime } from '../upstream/version-runtime.ts';

/** The living side of one mirror of a Table. */
export class ServedMirror implements MirrorChance {
  readonly live: MirrorRuntime;
  /** In the order of the target's versions in the Table. */
  readonly shadows: readonly (MirrorTarget | undefined)[];
  /** Where second copies go, in the order of the versions of the mirror's own pool; undefined where none are made. */
  readonly secondaries: { readonly live: MirrorRuntime; readonly shadows: readonly (MirrorTarget | undefined)[] } | undefined;
  readonly #sampled: Slots | undefined;
  readonly #split: SplitStream;

  /** @param sampled undefined where the mirror copies all requests or none */
  constructor(live: MirrorRuntime, sampled: Slots | undefined, split: SplitStream) {
    this.live = live;
    this.shadows = live.shadows;
    this.secondaries = live.secondaries && { live: live.secondaries, shadows: live.secondaries.shadows };
    this.#sampled = sampled;
    this.#split = split;
  }

  isNextSampled(): boolean {
    return this.#sampled !== undefined && this.#sampled.next();
  }

  nextVersion(): number {
    return this.#split.next();
  }
}

/** The living side of one pool of a Table: versions stand in the Table's order. */
export class ServedPool implements PoolState {
  readonly versions: readonly VersionRuntime[];
  readonly sessions: Sessions | undefined;
  /** In the order of the pool's mirrors. */
  readonly mirrors: readonly ServedMirror[];
  /** Set while a rollout of the pool counts. */
  readonly evidence: EvidenceWriter | undefined;
  readonly #split: SplitStream;

  constructor(living: Pick<ServedPool, 'versions' | 'mirrors' | 'sessions' | 'evidence'>, split: SplitStream) {
    this.versions = living.versions;
    this.mirrors = living.mirrors;
    this.sessions = living.sessions;
    this.evidence = living.evidence;
    this.#split = split;
  }

  /** The same with other evidence. */
  counting(evidence: EvidenceWriter | undefined): ServedPool {
    const { versions, mirrors, sessions } = this;
    return new ServedPool({ versions, mirrors, sessions, evidence }, this.#split);
  }

  ready(version: number): boolean {
    return this.versions[version]!.readyCount > 0;
  }

  rampShare(version: number): number {
    return this.versions[version]!.rampShare;
  }

  chance(): number {
    return randomFraction();
  }

  nextVersion(): number {
    return this.#split.next();
  }

  nextReadyVersion(): number {
    return this.#split.nextReady(this);
  }

  newKey(): string {
    return newKey();
  }

  wallSeconds(): number {
    return Math.floor(wallMs() / 1000) | 0;
  }
}

export interface ServingState {
  readonly table: Table;
  /** By pool index. */
  readonly pools: readonly ServedPool[];
  /** By route index, then version index + 1; position 0 counts responses without a version. */
  readonly routes: readonly (readonly RouteCounters[])[];
  /** By pool index, then as `routes`; of pools that CONNECT leads to. */
  readonly connects: readonly (readonly RouteCounters[] | undefined)[];
  /** Requests that no route matched. */
  readonly unrouted: RouteCounters;
}
