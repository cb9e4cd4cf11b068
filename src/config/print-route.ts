// A route in the words of the grammar.

import { formatDuration } from './duration.ts';
import type { RouteConfig } from './model.ts';
import { describeChanges, describeMatch, describePathRewrite, withoutUndefined } from './print-match.ts';
import { describeFields } from './secret.ts';

type Written = Readonly<Record<string, unknown>>;

/** Keys whose value is undefined are absent. */
export function describeRoute({ action, timeoutMs, rewrite, ...route }: RouteConfig): Written {
  return {
    name: route.name,
    listeners: route.listeners,
    hosts: route.hosts,
    match: route.match.map(describeMatch),
    ...describeAction(action),
    timeout: timeoutMs === 0 ? '0s' : formatDuration(timeoutMs),
    rewrite: describeRewrite(rewrite),
    requestHeaders: describeChanges(route.requestHeaders),
    responseHeaders: describeChanges(route.responseHeaders),
  };
}

/** Whether it says values of header fields or parameters, which may be secret. */
export function maySayValues({ action, match, requestHeaders, responseHeaders }: RouteConfig): boolean {
  if (action.kind === 'respond') return true;
  const { length } = requestHeaders.set;
  if (length + requestHeaders.add.length + responseHeaders.set.length + responseHeaders.add.length > 0) return true;
  return match.some(({ headers, query }) => headers.length + query.length > 0);
}

function describeRewrite({ host, path, location }: RouteConfig['rewrite']): Written {
  if (host === undefined && path === undefined) return { location };
  return withoutUndefined({ host, path: describePathRewrite(path), location }) as Written;
}

function describeAction(action: RouteConfig['action']): Written {
  switch (action.kind) {
    case 'pool':
      return action.version === undefined ? { pool: action.pool } : { pool: action.pool, version: action.version };
    case 'redirect':
      return withoutUndefined({ redirect: { ...action.redirect, path: describePathRewrite(action.redirect.path) } }) as Written;
    case 'respond':
      return { respond: { ...action.respond, headers: describeFields(action.respond.headers) } };
  }
}
