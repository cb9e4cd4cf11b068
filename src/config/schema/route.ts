// Schema of a route: what it matches, what it does, and what it changes on the way.

import { z } from 'zod';
import type { MatchConfig, RedirectConfig, RespondConfig, RewriteConfig, RouteAction, RouteConfig } from '../model.ts';
import { headerChanges, headerMap } from './header-changes.ts';
import { grpcMatcher } from './grpc-matcher.ts';
import { fieldMatcher, matchers, pathMatcher, pathRewrite, queryMatcher } from './matcher.ts';
import { duration, hostPattern, hostText, method, nonEmptyText, tokenName } from './scalar.ts';
import { addProblem, flag, nonEmptyList, list, nameOf, exactlyOneFault, oneOf, strictMap, integer } from './strict-map.ts';

export function route() {
  return strictMap({
    name: nameOf('route').describe('Name of the route.'),
    listeners: list(nameOf('listener')).default([]).describe('Listeners it serves; default: all.'),
    hosts: list(hostPattern()).default([]).describe('Host names, *.name for all below; default: any.'),
    match: nonEmptyList('entry', match()).prefault([{}]).describe('Any of these; within one entry all of it.'),
    pool: nameOf('pool').describe('The pool that gets the requests.').optional(),
    redirect: redirect().describe('Respond with a redirect.').optional(),
    respond: respond().describe('Respond with this.').optional(),
    version: nameOf('version').describe('This route always uses this version.').optional(),
    timeout: duration().prefault('0s').describe('The whole exchange, also what is still running then; 0s = none.'),
    rewrite: rewrite().describe('Changes to the request line and Host.'),
    requestHeaders: headerChanges().describe('Changes to request headers.'),
    responseHeaders: headerChanges().describe('Changes to headers of the response.'),
  }).transform(
    ({ name, listeners, hosts, match: entries, timeout, rewrite: to, requestHeaders, responseHeaders, ...rest }, context): RouteConfig => {
      const message = exactlyOneFault('route', ['pool', 'redirect', 'respond'], rest);
      if (message !== undefined) addProblem(context, message);
      else if (rest.version !== undefined && rest.pool === undefined) addProblem(context, 'version needs a pool', ['version']);
      return {
        name,
        listeners,
        hosts,
        match: entries,
        action: actionOf(rest),
        timeoutMs: timeout,
        rewrite: to,
        requestHeaders,
        responseHeaders,
      };
    },
  );
}

interface WrittenAction {
  readonly pool?: string | undefined;
  readonly version?: string | undefined;
  readonly redirect?: RedirectConfig | undefined;
  readonly respond?: RespondConfig | undefined;
}

function actionOf({ pool, version, redirect: to, respond: response }: WrittenAction): RouteAction {
  if (to !== undefined) return { kind: 'redirect', redirect: to };
  if (response !== undefined) return { kind: 'respond', respond: response };
  return { kind: 'pool', pool: pool ?? '', version };
}

function match() {
  return strictMap({
    path: pathMatcher().describe('exact, prefix or regex; default: any path.').optional(),
    methods: list(method()).default([]).describe('Default: any.'),
    headers: matchers('header', tokenName('header'), fieldMatcher()).describe('All of these headers.'),
    query: matchers('query parameter', nonEmptyText('query parameter'), queryMatcher()).describe('All of these query parameters.'),
    grpc: grpcMatcher().describe('Calls of gRPC, by service, by method, or by both; in place of path and methods.').optional(),
  }).transform(({ path, methods, headers, query, grpc }, context): MatchConfig => {
    const beside = path !== undefined ? 'path' : methods.length > 0 ? 'methods' : undefined;
    if (grpc !== undefined && beside !== undefined)
      addProblem(context, `${beside} does not stand beside grpc, which says the path and the method of the request`, [beside]);
    return {
      path: grpc?.path ?? path ?? { kind: 'prefix', path: '/' },
      methods: grpc?.methods ?? methods,
      headers: headers.map(({ name, value }) => ({ name: name.toLowerCase(), value })),
      query,
    };
  });
}

function redirect() {
  return strictMap({
    scheme: oneOf('scheme', ['http', 'https']).describe('Default: that of the request.').optional(),
    host: hostText('host', 'without port').describe('Default: that of the request.').optional(),
    port: integer('port', 1, 65_535).describe('Default: that of the scheme or of the request.').optional(),
    path: pathRewrite().describe('Default: that of the request.').optional(),
    status: z
      .union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)], {
        error: 'status must be 301, 302, 303, 307 or 308',
      })
      .describe('Status of the redirect; default 302.')
      .optional(),
  }).transform(({ scheme, host, port, path, status }, context): RedirectConfig => {
    if ((scheme ?? host ?? port ?? path ?? status) === undefined) {
      addProblem(context, 'redirect needs at least one of scheme, host, port, path or status');
    }
    return { scheme, host, port, path, status: status ?? 302 };
  });
}

function respond() {
  return strictMap({
    status: integer('status', 200, 599).default(200).describe('Status of the response.'),
    body: z.string({ error: 'body must be text' }).default('').describe('Body of the response.'),
    headers: headerMap().describe('Header fields of the response.'),
  }).transform((written, context): RespondConfig => {
    const bodiless = written.status === 204 || written.status === 205 || written.status === 304;
    if (bodiless && written.body !== '') addProblem(context, `a response with status ${written.status} has no body`, ['body']);
    return written;
  });
}

function rewrite() {
  return strictMap({
    host: hostText('host', 'with port').describe('Host field sent upstream.').optional(),
    path: pathRewrite().describe('Path sent upstream; the query stays.').optional(),
    location: flag()
      .default(false)
      .describe('Whether a Location or Content-Location that names the upstream gets the host and scheme that the client asked.'),
  })
    .transform((written): RewriteConfig => ({ host: written.host, path: written.path, location: written.location }))
    .prefault({});
}
