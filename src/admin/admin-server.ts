// The admin API as a server. It has no logic of its own: it knows ports, not what is behind them. A web page of another origin must never
// reach it, and it must never delay a shutdown.

import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { isLoopback } from '../config/address.ts';
import type { AdminConfig, Address } from '../config/model.ts';
import { systemClock, threadCpuMs } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { AdminConnections } from './admin-connections.ts';
import { AdminGuard } from './admin-guard.ts';
import type { AdminAccess, AdminServerOptions } from './admin-options.ts';
import { allowedHosts } from './allowed-hosts.ts';
import { knownPaths } from './known-paths.ts';
import { closeServer, createServer, listen, otherAddresses } from './open-server.ts';
import { problemDetails } from './problem-reply.ts';
import { plainProbe, sendProbe } from './plain-probe.ts';
import { probeListener } from './probe-server.ts';
import { Refusals } from './refusals.ts';
import { Scrapes } from './scrapes.ts';
import { Tokens } from './tokens.ts';
import { Workload } from './workload.ts';

export class AdminServer {
  readonly #options: AdminServerOptions;
  readonly #tokens: Tokens;
  readonly #refusals: Refusals;
  readonly #connections: AdminConnections;
  readonly #scrapes: Scrapes;
  readonly #server: Server;
  /** For further addresses of the same name, and for that of the probes. */
  readonly #others: Server[] = [];
  #isAllowed: (host: string) => boolean;
  #limits: AdminConfig['limits'];
  #guard: AdminGuard | undefined = undefined;
  /** Undefined until something other than a probe is asked. */
  #app: Promise<FastifyInstance> | undefined = undefined;
  #serve: RequestListener | undefined = undefined;

  constructor(options: AdminServerOptions) {
    this.#options = options;
    const { clock = systemClock, env = process.env, log = SILENT, config = NO_CONFIG, address } = options;
    const nowMs = () => clock.nowMs();
    if (options.control !== undefined && !this.#mayBeOpen(config)) throw new Error(NEEDS_TOKENS);
    this.#tokens = new Tokens({ log, nowMs, env }, config.tokens);
    this.#refusals = new Refusals(options.control, nowMs);
    this.#connections = this.#createConnections();
    this.#scrapes = new Scrapes({ metrics: () => options.ports.metrics(), nowMs, cpuMs: threadCpuMs });
    this.#limits = config.limits;
    this.#isAllowed = allowedHosts(address, config.hosts);
    this.#server = this.#createServer();
  }

  /** Where it listens: with the port that the kernel chose, if it was asked to. Rejects when the address is taken. */
  async listen(): Promise<Address> {
    const bound = await listen(this.#server, this.#options.address, this.#options.mode);
    if (this.#options.control !== undefined && !this.#tokens.required) this.#options.log?.info({}, OPEN);
    for (const address of await otherAddresses(this.#server, this.#options.address)) {
      const server = this.#createServer();
      // One that is taken or not there leaves the first, which is the one that was asked for.
      await listen(server, address).then(
        () => this.#others.push(server),
        () => undefined,
      );
    }
    return bound;
  }

  /** Where probes and metrics have an address of their own, as `listen`; call it once. Undefined where they have none. */
  async listenForProbes(): Promise<Address | undefined> {
    const { probesAddress, probesMode, ports, metricsType } = this.#options;
    if (probesAddress === undefined) return undefined;
    const listener = probeListener({ ready: ports.ready, scrapes: this.#scrapes, metricsType, onError: (error) => ports.onError?.(error) });
    const server = createServer(this.#createConnections(), listener);
    const bound = await listen(server, probesAddress, probesMode);
    this.#others.push(server);
    return bound;
  }

  /** One for each address: a crowd at one of them takes no room at another. */
  #createConnections(): AdminConnections {
    const { clock = systemClock, log = SILENT } = this.#options;
    return new AdminConnections({ clock, log, onRefused: () => this.#refusals.count('connections') });
  }

  #createServer(): Server {
    return createServer(this.#connections, (request, response) => this.#onRequest(request, response));
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const probe = plainProbe(request, this.#options.ports.ready);
    if (probe !== undefined) return sendProbe(probe, response);
    if (this.#serve !== undefined) return this.#serve(request, response);
    this.#load().then(
      () => this.#serve?.(request, response),
      (error: unknown) => {
        this.#options.ports.onError?.(error as Error);
        sendProbe(UNSERVED, response);
      },
    );
  }

  #load(): Promise<FastifyInstance> {
    // What fails to load (no descriptors are left) is tried again by the next request.
    return (this.#app ??= this.#createApp().catch((error: unknown) => {
      this.#app = undefined;
      throw error;
    }));
  }

  async #createApp(): Promise<FastifyInstance> {
    const { createApp } = await import('./create-app.ts');
    const { clock = systemClock } = this.#options;
    const isAllowedHost = (host: string): boolean => this.#isAllowed(host);
    const [tokens, refusals, limits, connections] = [this.#tokens, this.#refusals, this.#limits, this.#connections];
    const workload = new Workload({ connections, refusals, clock });
    const createGuard = (app: FastifyInstance) =>
      (this.#guard = new AdminGuard({ isAllowedHost, tokens, limits, clock, refusals, workload, methodsAt: knownPaths(app) }));
    let serve: RequestListener | undefined;
    const onListener = (listener: RequestListener): void => void (serve = listener);
    const app = createApp({
      options: this.#options,
      clock,
      tokens,
      workload,
      scrapes: this.#scrapes,
      createGuard,
      server: this.#server,
      onListener,
    });
    await app.ready();
    this.#serve = serve;
    return app;
  }

  /** Tokens, limits and names from now on. A caller without a valid token is refused at once; its streams end at their next heartbeat. */
  configure(config: AdminAccess): void {
    this.#limits = config.limits;
    this.#isAllowed = allowedHosts(this.#options.address, config.hosts);
    this.#guard?.configure(config.limits);
    // A config that lost its tokens, by whatever way, must not open the door of an instance that runs.
    if (config.tokens.length > 0 || !this.#tokens.required) this.#tokens.configure(config.tokens);
    else this.#options.log?.warn({}, KEEPS_TOKENS);
  }

  /** Lines of `sluice_admin_refused_total`, read at a scrape. */
  refused(): Iterable<readonly [Readonly<Record<string, string>>, number]> {
    return this.#refusals.lines();
  }

  #mayBeOpen({ tokens }: Pick<AdminConfig, 'tokens'>): boolean {
    return tokens.length > 0 || isLoopback(this.#options.address);
  }

  /** Stops at once: a scrape under way is cut, so that no slow reader delays a shutdown. */
  async close(): Promise<void> {
    const others = this.#others.map((server) => closeServer(server, async () => undefined));
    await closeServer(this.#server, async () => {
      const app = await this.#app?.catch(() => undefined);
      await app?.close();
    });
    await Promise.all(others);
  }
}

const UNSERVED = { status: 500, body: problemDetails(500, 'The request could not be served.') };

const NEEDS_TOKENS = 'without tokens it may only listen on an address of this machine';

const OPEN =
  'no token is configured (admin.auth.tokens): every caller of the admin API has the role operator, and shifts traffic alone; the config file changes the rest';

const KEEPS_TOKENS = 'the config lists no token for the admin API any more: those of before are needed until a restart';

const NO_CONFIG: AdminAccess = { tokens: [], limits: { writesPerSecond: 500 } };

const SILENT: Pick<Log, 'error' | 'info' | 'warn'> = { error: () => undefined, info: () => undefined, warn: () => undefined };
