// Which requests of a pool are copied for a mirror, and to which version. Pure: what is sampled by chance comes from streams that are
// passed in. A user is copied always or never; a greater share only adds users.

import { hashString, mix, toFraction } from '../lib/hash.ts';
import { SHADOW_FIELD } from '../http/forwarding-fields.ts';
import { findLine } from '../http/header-block.ts';
import { isSafe } from '../http/method.ts';
import type { MirrorConfig, MirrorMatch, PoolConfig } from '../config/model.ts';
import { readKey } from './affinity.ts';
import { compileChanges } from './compile-changes.ts';
import { rankByKey } from './rank-by-key.ts';
import type { RoutableRequest } from './request.ts';
import type { MirrorTable, PoolTable } from './table.ts';
import { MirrorConditions } from './mirror-conditions.ts';
import { KEY_SEED } from './rank-by-key.ts';

/** Chance of a mirror in one worker; what it draws from outlives Tables. */
export interface MirrorChance {
  /** Whether the next request is among its share. */
  isNextSampled(): boolean;
  /** Index of the version that the next copy goes to, as the shadow's pool splits; -1 when all weights are 0. */
  nextVersion(): number;
}

const MIRROR_SEED = 0x31_7707;

/** @param find pools of the Table by name */
export function compileMirrors(config: PoolConfig, find: (name: string) => PoolTable): readonly MirrorTable[] | undefined {
  if (config.mirrors.length === 0) return undefined;
  return config.mirrors.map((mirror, index) => compileMirror(config.name, mirror, index, find(mirror.pool ?? config.name)));
}

function compileMirror(owner: string, config: MirrorConfig, index: number, pool: PoolTable): MirrorTable {
  const version = pool.versions.find(({ name }) => name === config.version);
  if (version === undefined && config.version !== undefined) throw new Error(`pool ${pool.name} has no version ${config.version}`);
  return {
    index,
    name: config.name,
    pool,
    version,
    share: config.percent / 100,
    bySession: config.sample === 'session',
    seed: hashString(config.name, hashString(owner, MIRROR_SEED)),
    safeOnly: config.sideEffects === 'forbid',
    conditions: isEmpty(config.match) ? undefined : new MirrorConditions(config.match),
    finishesAborted: config.onAbort === 'finish',
    timeoutMs: config.timeoutMs,
    requestHeaders: compileChanges(config.requestHeaders),
    rewriteHost: config.rewrite.host,
    config,
  };
}

/** Whether the request was copied for a mirror itself, here or at another proxy: it is not copied again. */
export function isShadow(request: RoutableRequest): boolean {
  return findLine(request.block, SHADOW_FIELD, 0) >= 0;
}

/** Key of the user for mirrors of `pool`, or the empty string. @param chosen the key with which a version was chosen, if any */
export function mirrorKey(pool: PoolTable, request: RoutableRequest, client: string, chosen: string): string {
  // An override, or a route's version, is chosen without asking for the key.
  return chosen !== '' || pool.affinity === undefined ? chosen : readKey(pool.affinity, request, client);
}

/** Whether the request is copied. */
export function isSampled(mirror: MirrorTable, request: RoutableRequest, key: string, chance: MirrorChance): boolean {
  if (mirror.safeOnly && !isSafe(request.method)) return false;
  if (mirror.conditions !== undefined && !mirror.conditions.fits(request)) return false;
  if (mirror.bySession && key !== '') return fractionOf(key, mirror.seed) < mirror.share;
  return mirror.share === 1 || (mirror.share > 0 && chance.isNextSampled());
}

/** Index of the version that gets the copy, or -1 where every weight is 0. */
export function chooseTargetVersion({ pool, version }: MirrorTable, key: string, chance: MirrorChance): number {
  if (version !== undefined) return version.index;
  return key === '' ? chance.nextVersion() : rankByKey(pool, key, undefined);
}

/** As of affinity, with a seed of its own: which users are copied says nothing about their version, nor about other mirrors. */
function fractionOf(key: string, seed: number): number {
  return toFraction(mix(Math.imul(hashString(key, KEY_SEED), 0x9e3779b1) ^ seed));
}

function isEmpty({ methods, paths, headers }: MirrorMatch): boolean {
  return methods.length + paths.length + headers.length === 0;
}
