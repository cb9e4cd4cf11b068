// The admin API as a server. It has no logic of its own: it knows ports, not what is behind them. A web page of another origin must never
// reach it, and it must never delay a shutdown.

import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { isLoopback } from '../config/address.ts';
import { certificatesMayChange, knowsCallers } from '../config/admin-callers.ts';
import type { AdminConfig, AdminTlsConfig, Address } from '../config/model.ts';
import type { ListenerFiles } from '../control/ports.ts';
import { after, soon, systemClock, threadCpuMs } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { AdminConnections } from './admin-connections.ts';
import { AdminGuard } from './admin-guard.ts';
import type { AdminAccess, AdminServerOptions } from './admin-options.ts';
import type { AdminTls } from './admin-tls.ts';
import type { AppDeps } from './create-app.ts';
import { allowedHosts } from './allowed-hosts.ts';
import { knownPaths } from './known-paths.ts';
import { closeServer, createServer, listen, otherAddresses } from './open-server.ts';
import { problemDetails } from './problem-reply.ts';
import { plainProbe, sendProbe } from './plain-probe.ts';
import { probeListener } from './probe-server.ts';
import { Refusals } from './refusals.ts';
import type { createSecureServer } from './secure-server.ts';
import { Rest } from './rest.ts';
import { Scrapes } from './scrapes.ts';
import { Tokens } from './tokens.ts';
import { Workload } from './workload.ts';

export class AdminServer {
  readonly #options: AdminServerOptions;
  readonly #tokens: Tokens;
  readonly #refusals: Refusals;
  readonly #connections: AdminConnections;
  readonly #scrapes: Scrapes;
  readonly #rest = new Rest();
  /** Made anew where it is to speak TLS. */
  #server: Server;
  /** For further addresses of the same name, and for that of the probes. */
  readonly #others: Server[] = [];
  /** Of the config. */
  #hosts: readonly string[] = [];
  #isAllowed: (host: string) => boolean;
  #limits: AdminConfig['limits'];
  #guard: AdminGuard | undefined = undefined;
  #secure: { readonly tls: AdminTls; readonly create: typeof createSecureServer } | undefined = undefined;
  /** Undefined until something other than a probe is asked. */
  #app: Promise<FastifyInstance> | undefined = undefined;
  #serve: RequestListener | undefined = undefined;

  constructor(options: AdminServerOptions) {
    this.#options = options;
    const { clock = systemClock, env = process.env, log = SILENT, config = NO_CONFIG, address } = options;
    const nowMs = () => clock.nowMs();
    if (options.control !== undefined && !this.#mayBeOpen(config)) throw new Error(NEEDS_CALLERS);
    this.#tokens = new Tokens({ log, nowMs, env, othersMayChange: () => this.#certificatesMayChange }, config.tokens);
    this.#refusals = new Refusals(options.control, nowMs);
    this.#connections = this.#createConnections();
    this.#scrapes = new Scrapes({ metrics: () => options.ports.metrics(), nowMs, cpuMs: threadCpuMs });
    this.#limits = config.limits;
    this.#isAllowed = allowedHosts(address, ownNames(config));
    this.#server = this.#createServer();
  }

  get #certificatesMayChange(): boolean {
    const tls = this.#secure?.tls.config ?? this.#options.config?.tls;
    return certificatesMayChange({ tls });
  }

  /** Whether callers must say who they are. */
  get #asks(): boolean {
    return this.#tokens.required || this.#secure?.tls.required === true;
  }

  /** Where it listens: with the port that the kernel chose, if it was asked to. Rejects when the address is taken. */
  async listen(): Promise<Address> {
    const { address, mode, reusePort = false } = this.#options;
    await this.#loadTls();
    const bound = await listen(this.#server, address, { mode, reusePort });
    if (this.#options.control !== undefined && !this.#asks) this.#options.log?.info({}, OPEN);
    for (const other of await otherAddresses(this.#server, address)) {
      const server = this.#createServer();
      // One that is taken or not there leaves the first, which is the one that was asked for.
      await listen(server, other, { reusePort }).then(
        () => this.#others.push(server),
        () => undefined,
      );
    }
    return bound;
  }

  async #loadTls(): Promise<void> {
    const { config, readTls, clock = systemClock } = this.#options;
    if (config?.tls === undefined || readTls === undefined) return;
    const files = await readTls();
    const [{ AdminTls: Tls }, { createSecureServer: create }] = await Promise.all([import('./admin-tls.ts'), import('./secure-server.ts')]);
    this.#secure = { tls: new Tls(config.tls, files, () => clock.wallMs()), create };
    this.#nameHosts(ownNames(config));
    this.#server = this.#createServer();
  }

  /** Certificates of the same config, which were read anew. Those that cannot be used leave the ones before. */
  useCertificates(files: ListenerFiles): void {
    const tls = this.#secure?.tls;
    if (tls === undefined) return;
    this.#configureTls(tls, tls.config, files);
    this.#nameHosts(this.#hosts);
  }

  #configureTls(tls: AdminTls, config: AdminTlsConfig, files: ListenerFiles): void {
    try {
      tls.configure(config, files);
    } catch (error) {
      this.#options.log?.error({ reason: String(error) }, KEEPS_CERTIFICATES);
    }
  }

  /** Where probes and metrics have an address of their own, as `listen`; call it once. Undefined where they have none. */
  async listenForProbes(): Promise<Address | undefined> {
    const { probesAddress, probesMode: mode, reusePort = false, ports, metricsType } = this.#options;
    if (probesAddress === undefined) return undefined;
    const listener = probeListener({ ready: ports.ready, scrapes: this.#scrapes, metricsType, onError: (error) => ports.onError?.(error) });
    const server = createServer(this.#createConnections(), listener);
    const bound = await listen(server, probesAddress, { mode, reusePort });
    this.#others.push(server);
    return bound;
  }

  /** One for each address: a crowd at one of them takes no room at another. */
  #createConnections(): AdminConnections {
    const { clock = systemClock, log = SILENT } = this.#options;
    return new AdminConnections({ clock, log, onRefused: () => this.#refusals.count('connections') });
  }

  #createServer(): Server {
    const [connections, refusals] = [this.#connections, this.#refusals];
    const serve: RequestListener = (request, response) => this.#onRequest(request, response);
    if (this.#secure === undefined) return createServer(connections, serve);
    const { clock = systemClock, log = SILENT } = this.#options;
    const onFailed = (): void => refusals.count('handshake');
    const onRefused = ({ remoteAddress: peer }: Socket, reason: string): void => {
      if (refusals.reportConnection()) log.warn({ peer, reason }, 'a client of the admin API is refused by its certificate');
    };
    return this.#secure.create({ connections, serve, tls: this.#secure.tls, clock, onFailed, onRefused });
  }

  /** Names of its certificates are names of its own. */
  #nameHosts(hosts: readonly string[]): void {
    this.#hosts = hosts;
    this.#isAllowed = allowedHosts(this.#options.address, [...hosts, ...(this.#secure?.tls.hosts ?? [])]);
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
    const [refusals, limits, connections] = [this.#refusals, this.#limits, this.#connections];
    const credentials = { tokens: this.#tokens, certificates: this.#secure?.tls };
    const workload = new Workload({ connections, refusals, clock });
    const given = { isAllowedHost, credentials, limits, clock, refusals, workload, rest: this.#rest };
    const createGuard: AppDeps['createGuard'] = (app, linkAt) =>
      (this.#guard = new AdminGuard({ ...given, methodsAt: knownPaths(app), linkAt }));
    let serve: RequestListener | undefined;
    const onListener = (listener: RequestListener): void => void (serve = listener);
    const app = createApp({
      options: this.#options,
      clock,
      credentials,
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

  /**
   * Who may call, limits and names from now on. A caller that is not known any more is refused at once; its streams end at their next heartbeat.
   * @param files what `config.tls` names
   */
  configure(config: AdminAccess, files?: ListenerFiles | undefined): void {
    this.#limits = config.limits;
    this.#guard?.configure(config.limits);
    const tls = this.#secure?.tls;
    const hasRoles = tls !== undefined && config.tls?.clientAuth !== undefined && config.tls.clientAuth.roles.length > 0;
    // A config that lost its tokens and roles, by whatever way, must not open the door of an instance that runs.
    if (this.#asks && config.tokens.length === 0 && !hasRoles) this.#options.log?.warn({}, KEEPS_CALLERS);
    else {
      this.#tokens.configure(config.tokens);
      if (tls !== undefined && config.tls !== undefined && files !== undefined) this.#configureTls(tls, config.tls, files);
      else tls?.dropRoles();
    }
    this.#nameHosts(ownNames(config));
  }

  /** Lines of `sluice_admin_refused_total`, read at a scrape. */
  refused(): Iterable<readonly [Readonly<Record<string, string>>, number]> {
    return this.#refusals.lines();
  }

  #mayBeOpen({ tokens, tls }: AdminAccess): boolean {
    return isLoopback(this.#options.address) || knowsCallers({ tokens, tls });
  }

  /** Refuses changes, with that reason, until it is undefined. */
  rest(reason: string | undefined): Pick<Rest, 'calm'> {
    this.#rest.set(reason);
    return this.#rest;
  }

  /** Another process listens on the same addresses: lets go of them, and ends what has had its time. */
  async retire(): Promise<void> {
    const servers = [this.#server, ...this.#others];
    // What the kernel has queued for it would be reset.
    for (let turn = 0; turn < CALM_TURNS; turn++) await new Promise<void>((resolve) => void soon(resolve));
    const closed = servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve())));
    await Promise.race([Promise.all(closed), new Promise<void>((resolve) => void after(RETIRE_MS, resolve, { unref: true }))]);
    await this.close();
  }

  /** Stops at once: a scrape under way is cut, so that no slow reader delays a shutdown. */
  async close(): Promise<void> {
    const others = this.#others.map((server) => closeServer(server, async () => undefined));
    await closeServer(this.#server, async () => {
      const app = await this.#app?.catch(() => undefined);
      await app?.close();
      this.#connections.close();
    });
    await Promise.all(others);
  }
}

/** That of the links is one that people are sent to. */
function ownNames({ hosts = [], links }: AdminAccess): readonly string[] {
  return links === undefined ? hosts : [...hosts, new URL(links.url).hostname];
}

/** As those of a listener that leaves, which takes a connection each. */
const CALM_TURNS = 20;
/** For calls that are under way; subscribers come again. */
const RETIRE_MS = 1_000;

const UNSERVED = { status: 500, body: problemDetails(500, 'The request could not be served.') };

const NEEDS_CALLERS = 'without tokens, or required client certificates with roles, it may only listen on an address of this machine';

const OPEN =
  'no token is configured (admin.auth.tokens): every caller of the admin API has the role operator, and shifts traffic alone; the config file changes the rest';

const KEEPS_CALLERS =
  'the config lists no token and no role of a certificate for the admin API any more: those of before are needed until a restart';

const KEEPS_CERTIFICATES = 'new certificates of the admin API cannot be used: those of before serve on';

const NO_CONFIG: AdminAccess = { tokens: [], limits: { writesPerSecond: 500 } };

const SILENT: Pick<Log, 'error' | 'info' | 'warn'> = { error: () => undefined, info: () => undefined, warn: () => undefined };
