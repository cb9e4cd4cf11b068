// What a rollback undoes: the latest change of traffic that is no rollback itself, with all steps of the ramp that it is a part of. Pure.

import type { RevisionSummary } from '../api/revisions.ts';
import { isMap } from '../lib/plain.ts';
import type { Weights } from './weights.ts';

/** A revision that was made by a restore. */
export interface Restored {
  /** What it went back to. */
  readonly to: number;
  /** Only in these pools; undefined = everywhere. */
  readonly pools: readonly string[] | undefined;
}

export interface History {
  /** Newest first, without gaps. */
  readonly revisions: readonly RevisionSummary[];
  /** By the revision that it made. */
  readonly restored: ReadonlyMap<number, Restored>;
  /** The split of a pool as it is now; undefined when there is no such pool. */
  readonly weightsOf: (pool: string) => Weights | undefined;
  /** Only the latest step. */
  readonly isStep: boolean;
}

export type Undo =
  /**
   * `changes`: newest first. `pools`: those that alone are concerned; undefined: it is more than the traffic of pools. `left`: older changes
   * of traffic that stay in force, of the day before it, newest first.
   */
  | {
      readonly kind: 'undo';
      readonly changes: readonly RevisionSummary[];
      readonly before: RevisionSummary;
      readonly pools: readonly string[] | undefined;
      readonly left: readonly RevisionSummary[];
    }
  /** `by`: the latest rollback that is in force; `changes`: what it undid, newest first. */
  | {
      readonly kind: 'undone';
      readonly changes: readonly RevisionSummary[];
      readonly by: RevisionSummary;
      readonly left: readonly RevisionSummary[];
    }
  /** Nothing of it is among the revisions. */
  | { readonly kind: 'none' };

/** What decides which version responds: weights, overrides, which versions, endpoints and routes there are, and what drains. */
const TRAFFIC =
  /^routes(?:$|[ .[])|^pools(?:$|(?:\.[^.[\]"]+|\["[^"]*"\])(?:$|\.(?:split|overrides|mirrors|versions|affinity|fallback|drain)(?:$|[ .[])))/;
const POOL = /^pools(?:\.([^.[\]"]+)|\["([^"]*)"\])/;
/** What a restore of pools alone gives back. */
const SHIFTS =
  /^\.(?:split|overrides|mirrors|affinity)(?:$|[.[])|^\.versions(?:\.[^.[\]"]+|\["[^"]*"\])(?:\.endpoints\["[^"]*"\])?\.(?:drain|salt)$/;
const WEIGHT = /^\.split(?:\.([^.[\]"]+)|\["([^"]*)"\])?$/;
/** Steps of one ramp are not further apart. */
const MAX_GAP_MS = 24 * 60 * 60 * 1000;

/** Whether a difference at this path moves requests from one version to another. */
export function touchesTraffic(path: string): boolean {
  return TRAFFIC.test(path);
}

export function findUndo(history: History): Undo {
  const undone = new Undone(history);
  const changes = history.revisions.filter((each) => !history.restored.has(each.revision) && !isPassedOver(each) && isTraffic(each));
  const latest = history.isStep ? changes.find((each) => undone.by(each) === undefined) : changes[0];
  if (latest === undefined) return undoneOf(changes, undone);
  const ramp = history.isStep ? [latest] : rampTo(latest, history, undone);
  if (ramp.every((each) => undone.by(each) !== undefined)) return undoneOf(changes, undone);
  const first = ramp.at(-1) ?? latest;
  const before = history.revisions[history.revisions.indexOf(first) + 1];
  if (before === undefined) return { kind: 'none' };
  return { kind: 'undo', changes: ramp, before, pools: poolsOf(latest), left: leftBefore(first, changes, undone) };
}

/** Several rollbacks may have gone back step by step: the latest of them, and what it alone took back. */
function undoneOf(changes: readonly RevisionSummary[], undone: Undone): Undo {
  const [by] = changes.flatMap((each) => undone.by(each) ?? []).sort((one, other) => other.revision - one.revision);
  if (by === undefined) return { kind: 'none' };
  const taken = changes.filter((each) => undone.by(each) === by);
  const [oldest] = taken.slice(-1);
  return { kind: 'undone', changes: taken, by, left: oldest === undefined ? [] : leftBefore(oldest, changes, undone) };
}

function leftBefore(first: RevisionSummary, changes: readonly RevisionSummary[], undone: Undone): readonly RevisionSummary[] {
  return changes.filter((each) => {
    return each.revision < first.revision && first.atMs - each.atMs <= MAX_GAP_MS && undone.by(each) === undefined;
  });
}

/** Which rollback took a change back, if one did. */
class Undone {
  readonly #history: History;
  /** Found once each: there may be as many rollbacks as changes. */
  readonly #known = new Map<number, RevisionSummary | undefined>();

  constructor(history: History) {
    this.#history = history;
  }

  by(change: RevisionSummary): RevisionSummary | undefined {
    if (!this.#known.has(change.revision)) this.#known.set(change.revision, this.#find(change));
    return this.#known.get(change.revision);
  }

  /** A restore gives what was in force at the revision that it goes back to; the one that first left the change out has undone it. */
  #find(change: RevisionSummary): RevisionSummary | undefined {
    const inForceAt = new Map([[change.revision, true]]);
    let isInForce = true;
    let by: RevisionSummary | undefined;
    for (const each of this.#history.revisions.toReversed()) {
      if (each.revision <= change.revision) continue;
      const back = this.#history.restored.get(each.revision);
      if (back !== undefined && (back.pools === undefined || isWithin(change, back.pools))) {
        const wasInForce = isInForce;
        isInForce = inForceAt.get(back.to) ?? false;
        if (wasInForce && !isInForce) by = each;
      }
      inForceAt.set(each.revision, isInForce);
    }
    return isInForce ? undefined : by;
  }
}

function isWithin(change: RevisionSummary, pools: readonly string[]): boolean {
  return poolsOf(change)?.every((pool) => pools.includes(pool)) === true;
}

function isTraffic({ differences }: RevisionSummary): boolean {
  return differences.some(({ path }) => touchesTraffic(path));
}

/** The pools that a change is about; undefined when it is about more than what shifts traffic in them. */
export function poolsOf({ differences }: RevisionSummary): readonly string[] | undefined {
  const pools = new Set<string>();
  for (const { path } of differences) {
    if (!touchesTraffic(path)) continue;
    const [start, plain, quoted] = POOL.exec(path) ?? [];
    if (start === undefined || !SHIFTS.test(path.slice(start.length))) return undefined;
    pools.add(plain ?? quoted ?? '');
  }
  return [...pools];
}

/** A drill has put back what it changed, and a preview moves nobody who does not ask for it. */
function isPassedOver({ cause }: RevisionSummary): boolean {
  return cause === 'drill' || cause === 'preview';
}

/** Id of the rollout that made a change; undefined where a person or a program did. */
function rolloutOf({ cause, reason }: RevisionSummary): string | undefined {
  return cause === 'rollout' ? /^rollout ([^:]+):/.exec(reason)?.[1] : undefined;
}

/** The change and those before it of the same rollout, or that moved the same split in the same direction; newest first. */
function rampTo(latest: RevisionSummary, history: History, undone: Undone): readonly RevisionSummary[] {
  const { revisions, restored, weightsOf } = history;
  const rollout = rolloutOf(latest);
  if (rollout !== undefined) return revisions.filter((each) => each.revision <= latest.revision && rolloutOf(each) === rollout);
  const [pool, ...others] = poolsOf(latest) ?? [];
  const now = pool === undefined || others.length > 0 ? undefined : weightsOf(pool);
  if (pool === undefined || now === undefined || !isOfSplit(latest, pool)) return [latest];
  const ramp: RevisionSummary[] = [];
  const direction = new Map<string, number>();
  let weights = now;
  for (const each of revisions) {
    const before = weightsBefore(each, pool, weights);
    if (before === undefined) break;
    const by = undone.by(each);
    // What was taken back before the latest step, and what took it back, leave the ramp as it was.
    const isOut = restored.has(each.revision) || isPassedOver(each) || (by !== undefined && by.revision < latest.revision);
    if (!isOut && each.revision <= latest.revision && isOfSplit(each, pool)) {
      const gap = (ramp.at(-1) ?? each).atMs - each.atMs;
      if (gap > MAX_GAP_MS || !goesOn(direction, before, weights)) break;
      ramp.push(each);
    } else if (!isOut && each.revision < latest.revision && concerns(each, pool)) break;
    weights = before;
  }
  return ramp.length === 0 ? [latest] : ramp;
}

function concerns({ differences }: RevisionSummary, pool: string): boolean {
  return differences.some(({ path }) => {
    const [start, plain, quoted] = POOL.exec(path) ?? [];
    return start !== undefined && (plain ?? quoted) === pool && touchesTraffic(path);
  });
}

/** Whether it moved the split of this pool, and no other traffic. */
function isOfSplit(change: RevisionSummary, pool: string): boolean {
  const traffic = change.differences.filter(({ path }) => touchesTraffic(path));
  return traffic.length > 0 && traffic.every(({ path }) => weightAt(path, pool) !== undefined);
}

/** The version of whose weight the path is; undefined when it is no weight of this pool. */
function weightAt(path: string, pool: string): string | undefined {
  const [start, plain, quoted] = POOL.exec(path) ?? [];
  if (start === undefined || (plain ?? quoted) !== pool) return undefined;
  const [, version, other] = WEIGHT.exec(path.slice(start.length)) ?? [];
  return version ?? other;
}

/** The weights before a change; undefined when the pool was not there. */
function weightsBefore({ differences }: RevisionSummary, pool: string, after: Weights): Weights | undefined {
  const weights: Record<string, number> = { ...after };
  for (const { path, before } of differences) {
    if (path === 'pools' || (POOL.exec(path)?.[0] === path && concerns({ differences } as RevisionSummary, pool))) return undefined;
    const version = weightAt(path, pool);
    if (version !== undefined) weights[version] = Number(before ?? 0);
  }
  return weights;
}

/** Whether no version changes its direction: growing, or giving. */
function goesOn(direction: Map<string, number>, before: Weights, after: Weights): boolean {
  const [was, is] = [sharesOf(before), sharesOf(after)];
  for (const name of new Set([...was.keys(), ...is.keys()])) {
    const step = (is.get(name) ?? 0) - (was.get(name) ?? 0);
    if (Math.abs(step) < 1e-9) continue;
    if ((direction.get(name) ?? step) * step < 0) return false;
    direction.set(name, step);
  }
  return true;
}

function sharesOf(weights: Weights): ReadonlyMap<string, number> {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  return new Map(Object.entries(weights).map(([name, weight]) => [name, total === 0 ? 0 : weight / total]));
}

/** What a line of the journal says of a restore; undefined when it is about something else. */
export function restoredOf(detail: Readonly<Record<string, unknown>>): Restored | undefined {
  const { change } = detail;
  if (!isMap(change) || change['kind'] !== 'restore' || typeof change['revision'] !== 'number') return undefined;
  const { pools } = change;
  return { to: change['revision'], pools: Array.isArray(pools) ? pools.map(String) : undefined };
}
