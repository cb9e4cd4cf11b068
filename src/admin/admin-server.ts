// The admin API as a server. It has no logic of its own: it knows ports, not what is behind them. A web page of another origin must never
// reach it, and it must never delay a shutdown.

import type { FastifyInstance } from 'fastify';
import { isLoopback } from '../config/address.ts';
import type { AdminConfig, Address } from '../config/model.ts';
import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { AdminGuard } from './admin-guard.ts';
import type { AdminServerOptions } from './admin-options.ts';
import { createApp } from './create-app.ts';
import { knownPaths } from './known-paths.ts';
import { Refusals } from './refusals.ts';
import { Tokens } from './tokens.ts';

export class AdminServer {
  readonly #options: AdminServerOptions;
  readonly #tokens: Tokens;
  readonly #refusals: Refusals;
  readonly #app: FastifyInstance;
  #guard: AdminGuard | undefined = undefined;

  constructor(options: AdminServerOptions) {
    this.#options = options;
    const { clock = systemClock, env = process.env, log = SILENT, config = NO_CONFIG, address } = options;
    const nowMs = () => clock.nowMs();
    if (options.control !== undefined && !this.#mayBeOpen(config)) throw new Error(NEEDS_TOKENS);
    this.#tokens = new Tokens({ log, nowMs, env }, config.tokens);
    this.#refusals = new Refusals(options.control, nowMs);
    const [tokens, refusals, { limits }] = [this.#tokens, this.#refusals, config];
    const createGuard = (app: FastifyInstance) =>
      (this.#guard = new AdminGuard({ address, tokens, limits, clock, refusals, methodsAt: knownPaths(app) }));
    this.#app = createApp({ options, clock, tokens, createGuard });
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

  /** Tokens and limits from now on. A token that is no longer valid is refused at once; its streams end at their next heartbeat. */
  configure(config: Pick<AdminConfig, 'tokens' | 'limits'>): void {
    this.#guard?.configure(config.limits);
    // The rules judged the address that the config names now; the server listens on the one that it named at the start.
    if (this.#mayBeOpen(config)) this.#tokens.configure(config.tokens);
    else this.#options.log?.warn({}, `the tokens of the admin API stay as they are until a restart: ${NEEDS_TOKENS}`);
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
    await this.#app.close();
  }
}

const NEEDS_TOKENS = 'without tokens it may only listen on an address of this machine';

const NO_CONFIG: Pick<AdminConfig, 'tokens' | 'limits'> = { tokens: [], limits: { writesPerSecond: 500 } };

const SILENT: Pick<Log, 'info' | 'warn'> = { info: () => undefined, warn: () => undefined };
