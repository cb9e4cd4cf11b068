// The list of rules. Each is independent of the others; what they find is sorted by place afterwards.

import type { Merged } from '../merge.ts';
import type { Config } from '../model.ts';
import { adminNeedsAuth } from './admin.ts';
import { expressionsCompile } from './expressions.ts';
import { headerChangesKeepFraming, headerNamesAreUnique, matchedHeadersAreSeen } from './headers.ts';
import { gatewayFailuresDecide, healthKeysMeanSomething } from './health.ts';
import { uniqueAddresses, uniqueEndpoints, uniqueListenerNames, uniqueNamesInPools, uniqueRouteNames, uniqueTokenNames } from './names.ts';
import { Review } from './review.ts';
import type { Rule } from './review.ts';
import {
  poolsAreUsed,
  prefixRewritesNeedPrefixes,
  rewritesNeedPools,
  routesAreReachable,
  routesNameListeners,
  routesNamePools,
  routesNameVersions,
} from './routes.ts';
import { listenersAreServed, poolsAreServed, versionsAreServed } from './unserved.ts';
import { mirrorsNameVersions, overridesNameVersions, splitIsNotAllZero, splitIsRequired, splitNamesVersions } from './versions.ts';

const RULES: readonly Rule[] = [
  uniqueListenerNames,
  uniqueRouteNames,
  uniqueTokenNames,
  uniqueNamesInPools,
  uniqueEndpoints,
  uniqueAddresses,
  splitNamesVersions,
  splitIsRequired,
  splitIsNotAllZero,
  overridesNameVersions,
  mirrorsNameVersions,
  routesNamePools,
  routesNameVersions,
  routesNameListeners,
  prefixRewritesNeedPrefixes,
  rewritesNeedPools,
  routesAreReachable,
  poolsAreUsed,
  headerChangesKeepFraming,
  headerNamesAreUnique,
  matchedHeadersAreSeen,
  expressionsCompile,
  healthKeysMeanSomething,
  gatewayFailuresDecide,
  adminNeedsAuth,
  listenersAreServed,
  versionsAreServed,
  poolsAreServed,
];

export function reviewConfig(config: Config, merged: Merged): Review {
  const review = new Review(merged);
  for (const rule of RULES) rule(config, review);
  return review;
}
