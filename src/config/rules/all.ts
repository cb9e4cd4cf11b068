// The list of rules. Each is independent of the others; what they find is sorted by place afterwards.

import type { Merged } from '../merge.ts';
import type { Config, PoolConfig } from '../model.ts';
import { formatPath } from '../path.ts';
import type { Problem } from '../problem.ts';
import { adminNeedsAuth, openFoldersHoldNoConfig } from './admin.ts';
import { expressionsOfPoolsCompile, expressionsOfRoutesCompile } from './expressions.ts';
import { headerChangesKeepFraming, headerNamesAreUnique, headersOfPoolsAreSeen, headersOfRoutesAreSeen } from './headers.ts';
import { gatewayFailuresDecide, healthKeysMeanSomething } from './health.ts';
import { connectsNamePools, listenersLeadSomewhere, proxiesAreTrusted, trustFitsListeners } from './listeners.ts';
import {
  comparisonsCanPass,
  comparisonsFitTheirMirrors,
  headersOfMirrorsKeepFraming,
  mirrorsLeadElsewhere,
  mirrorsLeadSomewhere,
  mirrorsMayCopy,
} from './mirrors.ts';
import {
  uniqueAddresses,
  uniqueAuthorities,
  uniqueEndpoints,
  uniqueListenerNames,
  uniqueNamesInPools,
  uniqueRouteNames,
  uniqueTokenNames,
} from './names.ts';
import { endpointsAreNoListeners, shadowsAreDifferent, versionsAreDifferent } from './own-addresses.ts';
import {
  passedLimitsMeanSomething,
  passedPoolsMeanSomething,
  passthroughLeadsElsewhere,
  passthroughNamesPools,
  passthroughStandsAlone,
  routesAreServed,
} from './passthrough.ts';
import { pathsCanMatch, pathsOfMirrorsCanMatch } from './paths.ts';
import { redirectsLeadElsewhere } from './redirects.ts';
import { EnoughFound, MAX_NOTICES, Review } from './review.ts';
import type { Rule } from './review.ts';
import {
  headersOfRolloutsKeepFraming,
  namesInRolloutsAreKnown,
  replacementsStandAlone,
  rolloutsCompareLatencyByOneRatio,
  rolloutsLookAtErrors,
  stepsOfRolloutsCanDecide,
  stepsOfRolloutsEnd,
  stepsOfRolloutsOutlastWarmup,
  weightsOfRolloutsGrow,
} from './rollouts.ts';
import {
  poolsAreUsed,
  prefixRewritesNeedPrefixes,
  rewritesNeedPools,
  routesAreReachable,
  routesNameListeners,
  routesNamePools,
  routesNameVersions,
} from './routes.ts';
import {
  canaryIsVersion,
  previewsHaveNoWeight,
  overridesNameVersions,
  splitIsNotAllZero,
  splitIsRequired,
  splitNamesVersions,
  splitPercentsAreAll,
} from './versions.ts';

/** These look at one pool after the other, and at nothing else but the addresses of this instance. */
const RULES_OF_POOLS: readonly Rule[] = [
  uniqueNamesInPools,
  uniqueEndpoints,
  splitNamesVersions,
  canaryIsVersion,
  previewsHaveNoWeight,
  splitIsRequired,
  splitIsNotAllZero,
  splitPercentsAreAll,
  overridesNameVersions,
  mirrorsLeadElsewhere,
  mirrorsMayCopy,
  pathsOfMirrorsCanMatch,
  headersOfMirrorsKeepFraming,
  comparisonsFitTheirMirrors,
  comparisonsCanPass,
  headersOfPoolsAreSeen,
  healthKeysMeanSomething,
  gatewayFailuresDecide,
  endpointsAreNoListeners,
  versionsAreDifferent,
];

const RULES: readonly Rule[] = [
  uniqueListenerNames,
  uniqueTokenNames,
  uniqueAddresses,
  uniqueAuthorities,
  mirrorsLeadSomewhere,
  poolsAreUsed,
  expressionsOfPoolsCompile,
  adminNeedsAuth,
  openFoldersHoldNoConfig,
  trustFitsListeners,
  proxiesAreTrusted,
  connectsNamePools,
  passthroughStandsAlone,
  passthroughNamesPools,
  passthroughLeadsElsewhere,
  passedLimitsMeanSomething,
  passedPoolsMeanSomething,
  routesAreServed,
  shadowsAreDifferent,
  redirectsLeadElsewhere,
  weightsOfRolloutsGrow,
  stepsOfRolloutsEnd,
  stepsOfRolloutsCanDecide,
  stepsOfRolloutsOutlastWarmup,
  replacementsStandAlone,
  namesInRolloutsAreKnown,
  headersOfRolloutsKeepFraming,
  rolloutsCompareLatencyByOneRatio,
  rolloutsLookAtErrors,
];

/** These look at routes, and at nothing else but the names that routes may name. */
const RULES_OF_ROUTES: readonly Rule[] = [
  uniqueRouteNames,
  routesNamePools,
  routesNameVersions,
  routesNameListeners,
  prefixRewritesNeedPrefixes,
  pathsCanMatch,
  rewritesNeedPools,
  routesAreReachable,
  listenersLeadSomewhere,
  headerChangesKeepFraming,
  headerNamesAreUnique,
  headersOfRoutesAreSeen,
  expressionsOfRoutesCompile,
];

/** Lists of routes in which nothing was found, with the names that they could name then. */
const soundRoutes = new WeakMap<Config['routes'], string>();
/** Pools in which nothing was found, with the addresses of the instance then. A pool that is written otherwise is another object. */
const soundPools = new WeakMap<PoolConfig, string>();

export function reviewConfig(config: Config, merged: Merged): Review {
  const review = new Review(merged);
  try {
    applyRules(config, review);
  } catch (error) {
    if (!(error instanceof EnoughFound)) throw error;
  }
  return review;
}

function applyRules(config: Config, review: Review): void {
  const addresses = addressesFor(config);
  for (const pool of config.pools) if (soundPools.get(pool) !== addresses) judgePool({ ...config, pools: [pool] }, addresses, review);
  for (const rule of RULES) rule(config, review);
  const names = namesFor(config);
  if (soundRoutes.get(config.routes) === names) return;
  const found = review.count;
  for (const rule of RULES_OF_ROUTES) rule(config, review);
  if (review.foundNothingSince(found)) soundRoutes.set(config.routes, names);
}

/** @param alone a config of one pool */
function judgePool(alone: Config, addresses: string, review: Review): void {
  const found = review.count;
  for (const rule of RULES_OF_POOLS) rule(alone, review);
  if (review.foundNothingSince(found)) for (const pool of alone.pools) soundPools.set(pool, addresses);
}

/** For a config that was reviewed elsewhere. @param notices what was found, all of it */
export function trustReviewed(config: Config, notices: readonly Problem[]): void {
  if (notices.length >= MAX_NOTICES) return;
  const places = notices.map(({ path }) => path);
  if (!places.some((path) => path.startsWith('routes'))) soundRoutes.set(config.routes, namesFor(config));
  const noticed = new Set(places.map((path) => /^pools(?:\.[\w-]+|\["(?:[^"\\]|\\.)*"\])/.exec(path)?.[0]));
  const addresses = addressesFor(config);
  for (const pool of config.pools) if (!noticed.has(formatPath(['pools', pool.name]))) soundPools.set(pool, addresses);
}

function namesFor({ listeners, pools }: Config): string {
  const ofListeners = listeners.map(({ name, connect, passthrough }) => [name, connect.length > 0, passthrough !== undefined]);
  return `${JSON.stringify(ofListeners)} ${pools.map(namesOf).join(' ')}`;
}

const knownNames = new WeakMap<PoolConfig, string>();

function namesOf(pool: PoolConfig): string {
  let names = knownNames.get(pool);
  if (names === undefined) knownNames.set(pool, (names = JSON.stringify([pool.name, pool.versions.map(({ name }) => name)])));
  return names;
}

function addressesFor({ listeners, admin }: Config): string {
  return JSON.stringify([
    listeners.map(({ name, address, passthrough }) => [name, address, passthrough]),
    admin.address,
    admin.probesAddress,
  ]);
}
