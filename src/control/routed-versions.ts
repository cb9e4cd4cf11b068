// Versions that routes name outright. Asked about several times a second, and a config may have 50,000 routes: found once for each list.

import type { RouteConfig } from '../config/model.ts';

const found = new WeakMap<readonly RouteConfig[], ReadonlySet<string>>();

/** As `versionKey` spells them. */
export function routedVersions(routes: readonly RouteConfig[]): ReadonlySet<string> {
  let versions = found.get(routes);
  if (versions === undefined) found.set(routes, (versions = findIn(routes)));
  return versions;
}

export function versionKey(pool: string, version: string): string {
  return `${pool}\n${version}`;
}

function findIn(routes: readonly RouteConfig[]): ReadonlySet<string> {
  const versions = new Set<string>();
  for (const { action } of routes)
    if (action.kind === 'pool' && action.version !== undefined) versions.add(versionKey(action.pool, action.version));
  return versions;
}
