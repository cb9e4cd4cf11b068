// What a worker serves with at one moment: a Table, and beside it the living state and counters it is served with.
// Immutable; swapped as a whole by one assignment, and held by an exchange from its first step to its last.

import { wallMs } from '../lib/clock.ts';
import { newKey, randomFraction } from '../lib/random.ts';
import type { LowDiscrepancySequence } from '../routing/sequence.ts';
import type { Sessions } from '../routing/sessions.ts';
import type { PoolState, Table } from '../routing/table.ts';
import type { RouteCounters } from '../telemetry/counters.ts';
import type { LiveVersion } from '../upstream/version.ts';

/** The living side of one pool of a Table: versions stand in the Table's order. */
export class Lease implements PoolState {
  readonly versions: readonly LiveVersion[];
  readonly sessions: Sessions | undefined;
  readonly #sequence: LowDiscrepancySequence;

  constructor(versions: readonly LiveVersion[], sequence: LowDiscrepancySequence, sessions: Sessions | undefined) {
    this.versions = versions;
    this.sessions = sessions;
    this.#sequence = sequence;
  }

  ready(version: number): boolean {
    return this.versions[version]!.readyCount > 0;
  }

  warmth(version: number): number {
    return this.versions[version]!.warmth;
  }

  chance(): number {
    return randomFraction();
  }

  nextFraction(): number {
    return this.#sequence.next();
  }

  newKey(): string {
    return newKey();
  }

  wallSeconds(): number {
    return Math.floor(wallMs() / 1000) | 0;
  }
}

export interface Serving {
  readonly table: Table;
  /** By pool index. */
  readonly leases: readonly Lease[];
  /** By route index, then version index + 1; position 0 counts answers without a version. */
  readonly routes: readonly (readonly RouteCounters[])[];
  /** Requests that no route matched. */
  readonly unrouted: RouteCounters;
}
