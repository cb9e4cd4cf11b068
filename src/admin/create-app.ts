// The admin API put together: the guard, the routes, and the responses to faults. It does not listen, and it is loaded when the first request comes
// that is more than a probe.

import type { RequestListener, Server, ServerResponse } from 'node:http';
import { fastifySwagger } from '@fastify/swagger';
import { fastify } from 'fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyServerOptions } from 'fastify';
import { MAX_BODY_BYTES } from '../api/bounds.ts';
import type { Clock } from '../lib/clock.ts';
import type { AdminServerOptions } from './admin-options.ts';
import { askedIn } from './asked-link.ts';
import { identify } from './auth.ts';
import type { Credentials } from './auth.ts';
import { addConfig } from './whole-config.ts';
import { measureCpu } from './cpu-use.ts';
import type { Charge } from './cpu-use.ts';
import { addDrillsOfPools } from './drills-of-pools.ts';
import { addDrains } from './drains.ts';
import type { AdminGuard, AdminGuardDeps } from './admin-guard.ts';
import { addEvents } from './events.ts';
import { addExchanges } from './exchanges.ts';
import { addExplain } from './explain.ts';
import { describe, documentOptions, openApiDocument } from './openapi.ts';
import { addJournal } from './journal.ts';
import { addLinks } from './links.ts';
import { addMarkers } from './markers.ts';
import { addListed } from './overrides-and-mirrors.ts';
import { addOverview } from './overview.ts';
import { addMirrorReports } from './mirror-reports.ts';
import { addPools } from './pools.ts';
import { addPreviews } from './previews.ts';
import { addProbes } from './probes.ts';
import { PROBLEM_TYPE, problemDetails, HttpProblem, sendProblem } from './problem-reply.ts';
import { addRevisions } from './revisions.ts';
import { addRolloutReports } from './rollout-reports.ts';
import { addRollouts } from './rollouts.ts';
import { RoleProblem } from './role-problem.ts';
import { SAFE_HEADERS } from './safe-headers.ts';
import type { Scrapes } from './scrapes.ts';
import { JSON_TYPE, takeJson } from './read-body.ts';
import { announcedBytes } from './receive-body.ts';
import type { Workload } from './workload.ts';

export interface AppDeps {
  readonly options: AdminServerOptions;
  readonly clock: Clock;
  readonly credentials: Credentials;
  readonly workload: Workload;
  readonly scrapes: Scrapes;
  /** Called before the app has routes. */
  readonly createGuard: (app: FastifyInstance, linkAt: AdminGuardDeps['linkAt']) => AdminGuard;
  /** What its requests come from, and who is told how to serve them. */
  readonly server: Server;
  readonly onListener: (serve: RequestListener) => void;
}

/**
 * Routes judge what they get themselves, with located faults; schemas are for the document, and tests check responses against it. Given as
 * an option, so that the framework does not load compilers that nothing uses.
 */
const COMPILERS = { buildValidator: () => () => () => true, buildSerializer: () => () => JSON.stringify } as unknown as CompilersFactory;

type CompilersFactory = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>;

/** It gives up before any hook runs. */
const ROUTER: NonNullable<FastifyServerOptions['routerOptions']> = {
  maxParamLength: 512,
  onBadUrl: (_path, _request, response) => refusePath(response as ServerResponse, 400, 'The path is not validly encoded.'),
  onMaxParamLength: (_path, _request, response) => refusePath(response as ServerResponse, 414, 'A name in the path is too long.'),
};

export function createApp(deps: AppDeps): FastifyInstance {
  const { options, server, onListener } = deps;
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    handlerTimeout: 30_000,
    return503OnClosing: false,
    exposeHeadRoutes: true,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: ROUTER,
    // The server says so itself.
    clientErrorHandler: () => undefined,
    schemaController: { compilersFactory: COMPILERS },
    serverFactory: (serve) => {
      onListener(serve as RequestListener);
      return server;
    },
  });
  readRequests(app, deps);
  const guard = deps.createGuard(app, (request) => options.control?.rollouts.link(askedIn(request)));
  app.addHook('onRequest', async (request, reply) => guard.admit(request, reply));
  app.addHook('preHandler', async (request, reply) => guard.begin(request, reply));
  app.addHook('onSend', async (request, reply) => void reply.headers({ ...SAFE_HEADERS, ...request.routeOptions.config.headers }));
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 404, 'There is no such resource.'));
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof RoleProblem) guard.reportRole(request);
    return replyFault(options, error, reply);
  });
  const schemas: Record<string, object> = {};
  void app.register(fastifySwagger, documentOptions(options.build ?? '0.0.0', schemas));
  void app.register(async (scope) => {
    addRoutes(scope, deps);
    addDocument(scope, options, schemas);
  });
  return app;
}

/** What is known of each request, and how its body is read. */
function readRequests(app: FastifyInstance, { workload }: AppDeps): void {
  app.decorateRequest('author', '');
  app.decorateRequest('role', 'viewer');
  const charge: Charge = (request, ms) => workload.charge(request, ms);
  measureCpu(app, { charge, waitSeconds: (request) => workload.waitSeconds(request) });
  takeJson(app, charge);
  app.addHook('preParsing', async (request, reply) => {
    await workload.awaitRoom(request, reply, announcedBytes(request, request.routeOptions.bodyLimit));
  });
}

function addRoutes(app: FastifyInstance, { options, clock, credentials, workload, scrapes }: AppDeps): void {
  addProbes(app, options, scrapes);
  const { control } = options;
  if (control === undefined) return;
  addPools(app, control);
  addOverview(app, control);
  addListed(app, control);
  addMirrorReports(app, control);
  addDrains(app, control);
  addRevisions(app, control);
  addMarkers(app, control);
  addRollouts(app, control);
  addRolloutReports(app, control);
  addDrillsOfPools(app, control);
  addLinks(app, control);
  addPreviews(app, control);
  addExplain(app, control);
  addJournal(app, control, clock);
  addExchanges(app, control);
  addEvents(app, {
    control,
    clock,
    isAllowed: ({ author, headers, raw }) => {
      if (credentials.certificates?.faultOf(raw.socket) !== undefined) return false;
      const caller = identify(credentials, { authorization: headers.authorization, socket: raw.socket });
      return caller.kind === 'known' && caller.author === author;
    },
    beginStream: (request, reply) => workload.beginStream(request, reply),
  });
  void app.register(async (scope) => addConfig(scope, control));
}

function addDocument(app: FastifyInstance, { control }: AdminServerOptions, schemas: Record<string, object>): void {
  if (control === undefined) return;
  const schema = describe({ id: 'getOpenApi', tag: 'instance', summary: 'This document.', response: 'Document', kind: 'document' });
  // It never changes: written once.
  let text: Buffer | undefined;
  const write = async (): Promise<Buffer> => (text = Buffer.from(JSON.stringify(await openApiDocument(app, schemas))));
  app.get('/openapi.json', { schema: { ...schema } }, async (_request, reply) =>
    reply.type(`${JSON_TYPE}; charset=utf-8`).send(text ?? (await write())),
  );
}

function replyFault({ ports }: AdminServerOptions, error: FastifyError | HttpProblem, reply: FastifyReply): FastifyReply {
  if (error instanceof HttpProblem) return sendProblem(reply.headers(error.headers), error.statusCode, error.message, error.extra);
  const status = error.statusCode ?? 500;
  const known = FAULTS.get(error.code);
  if (known !== undefined) return sendProblem(reply.headers(known.headers ?? {}), status, known.detail);
  if (status < 500) return sendProblem(reply, status, 'The request is malformed.');
  ports.onError?.(error);
  return sendProblem(reply.header('retry-after', '1'), status, 'The request could not be served.');
}

/** In our words, because the framework speaks of its parts. */
const FAULTS: ReadonlyMap<string, { readonly detail: string; readonly headers?: Readonly<Record<string, string>> }> = new Map([
  [
    'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    { detail: 'A body must be application/json; a config may also be application/yaml.', headers: { accept: JSON_TYPE } },
  ],
  [
    'FST_ERR_HANDLER_TIMEOUT',
    {
      detail: 'The call takes longer than 30 s. A change may still come into force: look at the state before you try again.',
      headers: { 'retry-after': '5' },
    },
  ],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', { detail: 'The length of the body is not what Content-Length says.' }],
]);

function refusePath(response: ServerResponse, status: number, detail: string): void {
  response.writeHead(status, { 'content-type': PROBLEM_TYPE, ...SAFE_HEADERS });
  response.end(JSON.stringify(problemDetails(status, detail)));
}
