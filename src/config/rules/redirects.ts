// Redirects that lead back to their own route. Says so only where it is certain that clients come to it again and again: whatever the
// listener is called outside, whichever other routes there are.

import type { Config, MatchConfig, RedirectConfig, RouteConfig } from '../model.ts';
import { servingListeners } from '../passthrough.ts';
import type { Review } from './review.ts';

/** How many redirects are held against all other routes: enough for people, and a bound for what a program wrote. */
const MAX_COMPARED = 100;

export function redirectsLeadElsewhere(config: Config, review: Review): void {
  let compared = 0;
  for (const [index, route] of config.routes.entries()) {
    const { action } = route;
    if (action.kind !== 'redirect') continue;
    const { redirect } = action;
    if (!keepsOrigin(config, route, redirect) || !keepsMethod(route, redirect)) continue;
    if (!isIdentity(route, redirect) && (compared++ >= MAX_COMPARED || !comesBack(config, route, redirect))) continue;
    review.notice(
      ['routes', index, 'redirect'],
      `route "${route.name}" redirects to itself: clients would go round until they give up`,
      'key',
    );
  }
}

/** Whether scheme and port of the target are those that clients come by. */
function keepsOrigin(config: Config, { listeners }: RouteConfig, { scheme, port }: RedirectConfig): boolean {
  if (scheme === undefined && port === undefined) return true;
  const served = servingListeners(config).filter(({ name }) => listeners.length === 0 || listeners.includes(name));
  // Who trusts peers may be told of https; a scheme that is named has its own port.
  if (scheme === 'https' || served.some(({ trustedProxies }) => trustedProxies.length > 0)) return false;
  const target = port ?? 80;
  return served.length > 0 && served.every(({ address }) => address.kind === 'tcp' && address.port === target);
}

/** After 301 to 303 clients ask with GET (RFC 9110, section 15.4). */
function keepsMethod({ match }: RouteConfig, { status }: RedirectConfig): boolean {
  return status > 303 || match.every(({ methods }) => methods.length === 0 || methods.includes('GET'));
}

/** Whether every request is sent to where it is. */
function isIdentity({ hosts, match }: RouteConfig, { host, path }: RedirectConfig): boolean {
  const isSameHost = host === undefined || (hosts.length > 0 && hosts.every((each) => each === host.toLowerCase()));
  if (path === undefined) return isSameHost;
  const kind = path.kind === 'full' ? 'exact' : 'prefix';
  return isSameHost && match.every(({ path: asked }) => asked.kind === kind && asked.path === path.value);
}

/** Whether some entry takes the target again, and no other route could take it before. */
function comesBack({ routes }: Config, route: RouteConfig, { host, path }: RedirectConfig): boolean {
  const own = host === undefined ? 0 : rankOf(route, host);
  if (own === undefined) return false;
  const entry = path === undefined ? undefined : route.match.find(({ path: asked }) => covers(asked, path.value));
  if (path !== undefined && entry === undefined) return false;
  return !routes.some((other) => {
    if (other === route) return false;
    const isRival = host === undefined ? sharesHost(other, route) : (rankOf(other, host) ?? -1) >= own;
    return isRival && (path === undefined || entry === undefined || other.match.some((each) => mayTake(each.path, path, entry.path)));
  });
}

/** Whether both have a host that neither names more closely. */
function sharesHost(other: RouteConfig, { hosts }: RouteConfig): boolean {
  return hosts.length === 0 ? other.hosts.length === 0 : other.hosts.some((each) => hosts.includes(each));
}

/** How closely its hosts name this one: any host 0, `*.x` by its length, the host itself most; undefined where they do not. */
function rankOf({ hosts }: RouteConfig, host: string): number | undefined {
  if (hosts.length === 0) return 0;
  const name = host.toLowerCase();
  const ranks = hosts.map((each) => {
    if (each === name) return Infinity;
    return each.startsWith('*.') && name.endsWith(each.slice(1)) ? each.length : -1;
  });
  const best = Math.max(...ranks);
  return best < 0 ? undefined : best;
}

type Asked = MatchConfig['path'];

function covers(asked: Asked, path: string): boolean {
  if (asked.kind === 'exact') return asked.path === path;
  if (asked.kind === 'regex') return false;
  const prefix = asked.path.endsWith('/') ? asked.path.slice(0, -1) : asked.path;
  return path === prefix || path.startsWith(`${prefix}/`);
}

/** Whether an entry of another route may come before our own for a target. What stands behind a replaced prefix may be anything. */
function mayTake(other: Asked, { kind, value }: NonNullable<RedirectConfig['path']>, own: Asked): boolean {
  if (other.kind === 'regex') return own.kind !== 'exact';
  if (own.kind === 'exact') return other.kind === 'exact' && other.path === value;
  if (!covers(other, value)) return false;
  if (other.kind === 'exact') return kind === 'full';
  return own.kind === 'prefix' && other.path.length >= own.path.length;
}
