// Changes a choice after it was made: a version that is only starting gives part of its share away, and where none is ready a request
// may wait for one.

import { hashString, toFraction } from '../lib/hash.ts';
import { rankByKey } from './rank-by-key.ts';
import { pickReadyByWeight } from './split.ts';
import type { Sessions } from './sessions.ts';
import { REASON_FALLBACK, REASON_REMEMBERED, REASON_OVERRIDE, REASON_ROUTE, REASON_SLOW_START } from './choice.ts';
import type { Choice } from './choice.ts';
import type { PoolState } from './pool-state.ts';
import type { PoolTable } from './table.ts';

const STARTING_SEED = 0x57a47;

/**
 * Leaves a request to the chosen version with the chance that its slow start allows, beside the warmest of the others: those that start
 * together keep their shares. The same key comes to it once, and stays.
 */
export function spareStarting(pool: PoolTable, state: PoolState, out: Choice): void {
  const rampShare = state.rampShare(out.version!.index);
  if (rampShare >= 1 || out.reason === REASON_OVERRIDE || out.reason === REASON_REMEMBERED) return;
  const fraction = out.key === '' ? state.chance() : toFraction(hashString(out.key, STARTING_SEED));
  if (fraction < rampShare / furthestOf(pool, state)) return;
  const further = new Further(state, rampShare);
  const other = out.key === '' ? pickReadyByWeight(pool, state.chance(), further) : rankByKey(pool, out.key, further);
  if (other < 0) return;
  out.version = pool.versions[other];
  out.reason = REASON_SLOW_START;
  out.drawn = -1;
}

/**
 * Whether a request that was drawn for `version` counts in a comparison with `other`, which is only starting and gives part of its share away:
 * as many are left out of both, so that of those that count each has the part that its weight says.
 */
export function countsBeside(other: number, pool: PoolTable, state: PoolState, { key }: Choice): boolean {
  const rampShare = state.rampShare(other);
  if (rampShare >= 1) return true;
  const fraction = key === '' ? state.chance() : toFraction(hashString(key, STARTING_SEED));
  return fraction < rampShare / furthestOf(pool, state);
}

/**
 * Takes a request from a version that must get nothing more, whatever the weights say, to the one that has to take its place, if that is ready.
 * Who asked for a version outright still gets it.
 */
export function leaveVersion(pool: PoolTable, from: number, to: number, state: PoolState, out: Choice): void {
  if (out.reason === REASON_ROUTE || out.reason === REASON_OVERRIDE || !state.ready(to)) return;
  if (out.version === undefined ? out.drawn !== from : out.version.index !== from) return;
  out.version = pool.versions[to];
  out.reason = REASON_FALLBACK;
}

/** The greatest rampShare of a version that could respond instead. */
function furthestOf(pool: PoolTable, state: PoolState): number {
  const { weights } = pool;
  let furthest = 0;
  for (let version = 0; version < weights.length; version++) {
    if ((weights[version] as number) > 0 && state.ready(version)) furthest = Math.max(furthest, state.rampShare(version));
  }
  return furthest;
}

/** The state of a pool in which every version is ready. */
export class WhenReady implements PoolState {
  protected readonly state: PoolState;

  constructor(state: PoolState) {
    this.state = state;
  }

  ready(_version: number): boolean {
    return true;
  }

  rampShare(version: number): number {
    return this.state.rampShare(version);
  }

  chance(): number {
    return this.state.chance();
  }

  nextVersion(): number {
    return this.state.nextVersion();
  }

  nextReadyVersion(): number {
    return this.state.nextReadyVersion();
  }

  newKey(): string {
    return this.state.newKey();
  }

  get sessions(): Sessions | undefined {
    return this.state.sessions;
  }

  wallSeconds(): number {
    return this.state.wallSeconds();
  }
}

/** The state of a pool in which only versions that are further in their start are ready. */
class Further extends WhenReady {
  readonly #rampShare: number;

  constructor(state: PoolState, rampShare: number) {
    super(state);
    this.#rampShare = rampShare;
  }

  override ready(version: number): boolean {
    return this.state.ready(version) && this.state.rampShare(version) > this.#rampShare;
  }
}
