// Says what another Table would mean for the users of a pool, and for requests that were served lately. Pure and deterministic; shares are
// expected values, so that nothing here is drawn.
//
// Users. Weighted rendezvous hashing gives each user one exponential variate per version; the version of the lowest variate divided by
// weight wins. Under the weights a and b the same version i wins with the probability 1 / sum over j of max(a[j] / a[i], b[j] / b[i]):
// exactly the share that stays, at the cost of a few divisions instead of thousands of sample keys. A version with another salt has another
// variate: for it the two sides add up (and it stays itself only by chance, an integral over the ratio of its two variates).

import { AFFINITY_CLIENT_IP } from './affinity.ts';
import {
  difference,
  ExpectedVersions,
  nameOf,
  takingOf,
  sharesOf,
  type VersionShares,
  type Taking,
  type SeenRequest,
  type Side,
} from './expected-versions.ts';
import type { PoolTable } from './table.ts';

export interface Impact {
  /** Pools with a user that another version would serve, in the order of the config. */
  readonly pools: readonly PoolImpact[];
  readonly requests: RequestImpact;
}

interface PoolImpact {
  readonly pool: string;
  /** Share of users, or without affinity of requests, that another version would serve: 0 to 1. */
  readonly users: number;
}

interface RequestImpact {
  /** Recent requests that were decided again. */
  readonly compared: number;
  /** How many of them another version would serve: an expected number, in steps of 0.1. */
  readonly otherwise: number;
  /** The same as a part of what they stand for, 0 to 1; undefined when none was compared. */
  readonly share: number | undefined;
}

/** @param isTouched whether the change concerns a pool at all: the users of others stay where they are */
export function foreseeImpact(
  before: Side,
  after: Side,
  requests: readonly SeenRequest[],
  isTouched: (pool: string) => boolean = () => true,
): Impact {
  return { pools: foreseeUsers(before, after, isTouched), requests: foreseeRequests(before, after, requests) };
}

function foreseeUsers(before: Side, after: Side, isTouched: (pool: string) => boolean): readonly PoolImpact[] {
  const pools = new Map(after.table.pools.map((pool) => [pool.name, pool]));
  return before.table.pools.flatMap((one) => {
    const other = isTouched(one.name) ? pools.get(one.name) : undefined;
    if (other === undefined || keepsUsers(one, other, after)) return [];
    const parts = takingOf(other, after);
    const present = presentUsers(one, before);
    const moved =
      present === undefined ? movedUsers(takingOf(one, before), parts, sameKeys(one, other)) : difference(present, sharesOf(parts));
    const users = round(moved, 1e4);
    return users === 0 ? [] : [{ pool: one.name, users }];
  });
}

/** Whether all users keep the version that they have, because the pool holds them and none of their versions goes. */
function keepsUsers(one: PoolTable, other: PoolTable, after: Side): boolean {
  if (one.sessions === undefined || other.sessions === undefined || after.memory?.find(one.name) === undefined) return false;
  if (sameKeys(one, other) !== 'yes') return false;
  const ready = new Set(other.versions.filter(({ index }) => after.ready(other, index)).map(({ name }) => name));
  return one.versions.every(({ name, index }) => one.weights[index] === 0 || ready.has(name));
}

/** Where users are held they need not have what the weights say; at least those too many for the new weights move. */
function presentUsers(pool: PoolTable, before: Side): VersionShares | undefined {
  const users = pool.sessions === undefined ? undefined : before.users?.(pool.name);
  const total = [...(users?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  if (users === undefined || total === 0) return undefined;
  return new Map([...users].map(([version, count]) => [nameOf(pool, version), count / total]));
}

/** `yes` keys rank alike on both sides; `other` they are others, so that nothing is known of them; `none` there are none on either side. */
function sameKeys({ affinity: one }: PoolTable, { affinity: other }: PoolTable): 'yes' | 'other' | 'none' {
  if (one === undefined && other === undefined) return 'none';
  if (one?.kind !== other?.kind) return 'other';
  return one?.kind === AFFINITY_CLIENT_IP || one?.name === other?.name ? 'yes' : 'other';
}

function movedUsers(one: Taking, other: Taking, keys: ReturnType<typeof sameKeys>): number {
  if (one.total === 0 || other.total === 0) return one.total === other.total ? 0 : 1;
  if (keys === 'none') return difference(sharesOf(one), sharesOf(other));
  return 1 - (keys === 'yes' ? stayingUsers(one, other) : meetingUsers(sharesOf(one), sharesOf(other)));
}

function stayingUsers(one: Taking, other: Taking): number {
  const names = [...new Set([...one.weights.keys(), ...other.weights.keys()])];
  const rivals = names.map((name): Rival => {
    const [before, after] = [one.weights.get(name) ?? 0, other.weights.get(name) ?? 0];
    return { name, before, after, isNew: before > 0 && after > 0 && one.seeds.get(name) !== other.seeds.get(name) };
  });
  return rivals.reduce((sum, rival) => {
    const { name, before, after } = rival;
    if (before === 0 || after === 0 || one.silent.has(name) !== other.silent.has(name)) return sum;
    return sum + (rival.isNew ? stayingByChance(rival, rivals) : 1 / sumOf(rivals, (each) => stayingRate(each, rival)));
  }, 0);
}

interface Rival {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  /** Whether its variates of before and after are two. */
  readonly isNew: boolean;
}

function stayingRate({ before, after, isNew }: Rival, { before: a, after: b }: Rival): number {
  return isNew ? before / a + after / b : Math.max(before / a, after / b);
}

/**
 * The chance that a version with two variates, x and xt, has the lowest both times: the integral over t of 1 / g(t)^2, where g sums up, over
 * all versions, the greater of c / a and t d / b, or both of them where there are two. Between the points at which a greater one changes it
 * is a line, whose integral is known.
 */
function stayingByChance({ before: a, after: b }: Rival, rivals: readonly Rival[]): number {
  const turns = rivals.flatMap(({ before, after, isNew }) => (isNew || after === 0 ? [] : [before / a / (after / b)]));
  const ends = [...new Set([0, ...turns])].toSorted((one, other) => one - other);
  return sumOf(ends, (from, index) => {
    const to = ends[index + 1] ?? Infinity;
    const inner = to === Infinity ? from + 1 : (from + to) / 2;
    const grows = ({ before, after, isNew }: Rival): boolean => isNew || (inner * after) / b > before / a;
    const stays = ({ before, after, isNew }: Rival): boolean => isNew || (inner * after) / b <= before / a;
    const base = sumOf(rivals, (each) => (stays(each) ? each.before / a : 0));
    const slope = sumOf(rivals, (each) => (grows(each) ? each.after / b : 0));
    return (1 / (base + slope * from) - (to === Infinity ? 0 : 1 / (base + slope * to))) / slope;
  });
}

function sumOf<T>(list: readonly T[], of: (each: T, index: number) => number): number {
  return list.reduce((sum, each, index) => sum + of(each, index), 0);
}

/** The chance that two who know nothing of each other choose alike. */
function meetingUsers(one: VersionShares, other: VersionShares): number {
  return [...one].reduce((sum, [name, share]) => sum + share * (other.get(name) ?? 0), 0);
}

function foreseeRequests(before: Side, after: Side, requests: readonly SeenRequest[]): RequestImpact {
  const [one, other] = [new ExpectedVersions(before), new ExpectedVersions(after)];
  let total = 0;
  let moved = 0;
  for (const seen of requests) {
    total += seen.standsFor;
    moved += seen.standsFor * difference(one.of(seen), other.of(seen));
  }
  const share = total === 0 ? undefined : moved / total;
  return {
    compared: requests.length,
    otherwise: share === undefined ? 0 : round(share * requests.length, 10),
    share: share === undefined ? undefined : round(share, 1e4),
  };
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
