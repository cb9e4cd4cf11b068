// The list of rules. Each is independent of the others; what they find is sorted by place afterwards.

import type { Merged } from '../merge.ts';
import type { Config } from '../model.ts';
import { adminNeedsAuth, openFoldersHoldNoConfig } from './admin.ts';
import { expressionsOfPoolsCompile, expressionsOfRoutesCompile } from './expressions.ts';
import { headerChangesKeepFraming, headerNamesAreUnique, headersOfPoolsAreSeen, headersOfRoutesAreSeen } from './headers.ts';
import { gatewayFailuresDecide, healthKeysMeanSomething } from './health.ts';
import { listenersLeadSomewhere, trustFitsListeners } from './listeners.ts';
import {
  comparisonsCanPass,
  comparisonsFitTheirMirrors,
  headersOfMirrorsKeepFraming,
  mirrorsLeadElsewhere,
  mirrorsLeadSomewhere,
  mirrorsMayCopy,
} from './mirrors.ts';
import { uniqueAddresses, uniqueEndpoints, uniqueListenerNames, uniqueNamesInPools, uniqueRouteNames, uniqueTokenNames } from './names.ts';
import { endpointsAreNoListeners, shadowsAreDifferent, versionsAreDifferent } from './own-addresses.ts';
import { pathsCanMatch, pathsOfMirrorsCanMatch } from './paths.ts';
import { redirectsLeadElsewhere } from './redirects.ts';
import { EnoughFound, Review } from './review.ts';
import type { Rule } from './review.ts';
import {
  headersOfRolloutsKeepFraming,
  namesInRolloutsAreKnown,
  replacementsStandAlone,
  rolloutsLookAtErrors,
  stepsOfRolloutsCanDecide,
  stepsOfRolloutsEnd,
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
import { checksAreServed, listenersAreServed, versionsAreServed } from './unserved.ts';
import {
  canaryIsVersion,
  overridesNameVersions,
  splitIsNotAllZero,
  splitIsRequired,
  splitNamesVersions,
  splitPercentsAreAll,
} from './versions.ts';

const RULES: readonly Rule[] = [
  uniqueListenerNames,
  uniqueTokenNames,
  uniqueNamesInPools,
  uniqueEndpoints,
  uniqueAddresses,
  splitNamesVersions,
  canaryIsVersion,
  splitIsRequired,
  splitIsNotAllZero,
  splitPercentsAreAll,
  overridesNameVersions,
  mirrorsLeadSomewhere,
  mirrorsLeadElsewhere,
  mirrorsMayCopy,
  pathsOfMirrorsCanMatch,
  headersOfMirrorsKeepFraming,
  comparisonsFitTheirMirrors,
  comparisonsCanPass,
  poolsAreUsed,
  headersOfPoolsAreSeen,
  expressionsOfPoolsCompile,
  healthKeysMeanSomething,
  gatewayFailuresDecide,
  adminNeedsAuth,
  openFoldersHoldNoConfig,
  listenersAreServed,
  trustFitsListeners,
  endpointsAreNoListeners,
  versionsAreDifferent,
  shadowsAreDifferent,
  redirectsLeadElsewhere,
  versionsAreServed,
  checksAreServed,
  weightsOfRolloutsGrow,
  stepsOfRolloutsEnd,
  stepsOfRolloutsCanDecide,
  replacementsStandAlone,
  namesInRolloutsAreKnown,
  headersOfRolloutsKeepFraming,
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
const sound = new WeakMap<Config['routes'], string>();

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
  for (const rule of RULES) rule(config, review);
  const names = namesFor(config);
  if (sound.get(config.routes) === names) return;
  const found = review.count;
  for (const rule of RULES_OF_ROUTES) rule(config, review);
  if (review.count === found) sound.set(config.routes, names);
}

/** For a config that was reviewed elsewhere, and in whose routes nothing was found. */
export function trustRoutes(config: Config): void {
  sound.set(config.routes, namesFor(config));
}

function namesFor({ listeners, pools }: Config): string {
  return JSON.stringify([listeners.map(({ name }) => name), pools.map(({ name, versions }) => [name, versions.map((each) => each.name)])]);
}
