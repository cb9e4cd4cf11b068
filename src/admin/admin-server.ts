// HTTP in front of what operators and probes may ask. No logic of its own: it knows ports, not what is behind them.
// It must never be reachable through a web page of another origin, and never hold up a shutdown.

import { STATUS_CODES } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Address } from '../config/model.ts';
import { allowedHosts } from './allowed-hosts.ts';
import { PROBLEM_TYPE, problemDetails, sendProblem } from './problem-reply.ts';

export interface AdminPorts {
  readonly ready: () => Readiness;
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
  /** Told of errors that a caller only sees as 500. */
  readonly onError?: (error: Error) => void;
}

/** `reason` is empty when ok: else `starting`, `draining`, `no workers` or `overload`. */
export interface Readiness {
  readonly ok: boolean;
  readonly reason: string;
}

export interface AdminServerOptions {
  readonly address: Address;
  readonly metricsType: string;
  readonly ports: AdminPorts;
}

export class AdminServer {
  readonly #options: AdminServerOptions;
  readonly #app: FastifyInstance;

  constructor(options: AdminServerOptions) {
    this.#options = options;
    this.#app = createApp(options);
  }

  /** Where it listens: with the port that the kernel chose, if it was asked to. Rejects when the address is taken. */
  async listen(): Promise<Address> {
    const { address } = this.#options;
    if (address.kind === 'srv') throw new Error('the admin API cannot listen on an SRV name');
    if (address.kind === 'unix') {
      await this.#app.listen({ path: address.path });
      return address;
    }
    await this.#app.listen({ host: address.host, port: address.port });
    const bound = this.#app.server.address();
    return { ...address, port: typeof bound === 'object' && bound !== null ? bound.port : address.port };
  }

  /** Stops at once: a scrape under way is cut, so that no slow reader delays a shutdown. */
  async close(): Promise<void> {
    await this.#app.close();
  }
}

function createApp(options: AdminServerOptions): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: 1024 * 1024,
    keepAliveTimeout: 30_000,
    requestTimeout: 10_000,
    handlerTimeout: 30_000,
    forceCloseConnections: true,
    return503OnClosing: false,
    exposeHeadRoutes: true,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { maxParamLength: 256, onBadUrl: (_path, _request, response) => refuseBadUrl(response as ServerResponse) },
    clientErrorHandler: refuseConnection,
    http: { maxHeaderSize: 16 * 1024, headersTimeout: 5_000, connectionsCheckingInterval: 1_000 },
  });
  app.server.maxConnections = 256;
  const hosts = allowedHosts(options.address);
  app.addHook('onRequest', async (request, reply) => checkRequest(hosts, request, reply));
  app.addHook('onSend', async (_request, reply) => void reply.headers(SAFE_HEADERS));
  app.setNotFoundHandler((request, reply) => sendProblem(reply, 404, `Nothing is at ${request.url.split('?', 1)[0]}.`));
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return sendProblem(reply, status, error.message);
    options.ports.onError?.(error);
    return sendProblem(reply, status, 'The request could not be served.');
  });
  addProbes(app, options);
  return app;
}

const SAFE_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

function addProbes(app: FastifyInstance, { ports, metricsType }: AdminServerOptions): void {
  app.get('/livez', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => {
    const { ok, reason } = ports.ready();
    if (ok) return reply.send({ status: 'ok' });
    return sendProblem(reply, 503, `Not ready: ${reason}.`, { reason });
  });
  app.get('/metrics', async (_request, reply) => reply.type(metricsType).send(await ports.metrics()));
}

async function checkRequest(hosts: (host: string) => boolean, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (countHosts(request.raw.rawHeaders) > 1) {
    await sendProblem(reply, 400, 'The request has more than one Host field.');
    return;
  }
  if (!hosts(request.headers.host ?? '')) {
    await sendProblem(reply, 421, 'The Host field names neither this machine nor the address that the admin API listens on.');
    return;
  }
  if (request.method === 'GET' || request.method === 'HEAD') return;
  reply.header('allow', 'GET, HEAD');
  await sendProblem(reply, 405, 'Only GET and HEAD are answered here.');
}

/** Node keeps the first of several; RFC 9112, section 3.2 wants none of them believed. */
function countHosts(rawHeaders: readonly string[]): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
}

/** The path is not validly encoded; the router gives up before any hook runs. */
function refuseBadUrl(response: ServerResponse): void {
  response.writeHead(400, { 'content-type': PROBLEM_TYPE, ...SAFE_HEADERS });
  response.end(JSON.stringify(problemDetails(400, 'The path is not validly encoded.')));
}

/** What is not even a request: answered where that is possible, and closed. */
function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status = CLIENT_ERRORS.get(error.code ?? '') ?? 400;
  const body = JSON.stringify(problemDetails(status, 'The request is malformed, too large or too slow.'));
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body);
}

const CLIENT_ERRORS: ReadonlyMap<string, number> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
  ['HPE_HEADER_OVERFLOW', 431],
]);
