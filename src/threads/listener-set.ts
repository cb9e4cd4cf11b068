// The listeners of this worker, kept in step with the Config: what stays is never closed, what is new is bound before anything else changes.

import { chmodSync } from 'node:fs';
import { formatAddress } from '../config/address.ts';
import type { ListenerConfig } from '../config/model.ts';
import { descriptorLimit } from '../lib/descriptors.ts';
import { bindableHost, claimAddress } from '../net/claim-address.ts';
import type { BindAddress } from '../net/listening-socket.ts';
import type { ProxyContext } from '../proxy/context.ts';
import type { ListenerSettings } from '../proxy/downstream/downstream.ts';
import { IDLE_GRACE_MS } from '../proxy/downstream/http1-connection.ts';
import { Listener } from '../proxy/listener.ts';
import { compileTrust } from '../routing/trust.ts';
import type { CounterSet } from '../telemetry/counter-set.ts';
import type { TlsUpdate } from '../control/ports.ts';
import type { WorkerTls } from './listener-tls.ts';
import type { WorkerStart } from './messages.ts';

/** Descriptors that are no connections of listeners or to upstreams. */
const KEPT_DESCRIPTORS = 64;
/** Few instances ever have as many: less is worth a word. */
const MANY_CONNECTIONS = 4096;

interface Bound {
  readonly listener: Listener;
  readonly port: number;
}

export class ListenerSet {
  readonly #context: ProxyContext;
  readonly #counters: CounterSet;
  readonly #start: WorkerStart;
  readonly #descriptors = descriptorLimit();
  #toldLimit = '';
  /** By what they were told to bind: a listener that is only renamed keeps its socket and its connections. */
  readonly #bound = new Map<string, Bound>();
  /** No longer in the Config, but with connections that finish what they carry. */
  #retired: Listener[] = [];
  #closing: Promise<void>[] = [];
  #configs: readonly ListenerConfig[] = [];
  /** By listener. */
  #tls = new Map<string, WorkerTls>();
  #tlsCode: typeof import('./listener-tls.ts') | undefined = undefined;
  /** Most connections of one listener. */
  #share = Infinity;

  constructor(context: ProxyContext, counters: CounterSet, start: WorkerStart) {
    this.#context = context;
    this.#counters = counters;
    this.#start = start;
  }

  /** All that may have connections. */
  get open(): Listener[] {
    return [...[...this.#bound.values()].map((bound) => bound.listener), ...this.#retired];
  }

  /**
   * Binds what is new and lets go of what the Config no longer has; call it before the Table is swapped.
   * Rejects with nothing changed when an address cannot be bound.
   */
  async prepare(configs: readonly ListenerConfig[], ports: Readonly<Record<string, number>>, tls: TlsUpdate): Promise<void> {
    if (configs.some((config) => config.tls !== undefined)) this.#tlsCode ??= await import('./listener-tls.ts');
    const before = { configs: this.#configs, tls: this.#tls };
    const fresh: [string, Bound][] = [];
    try {
      this.#makeTls(configs, tls);
      this.#configs = configs;
      for (const config of configs) {
        const place = placeOf(config);
        if (!this.#bound.has(place) && this.#serves(config)) fresh.push([place, await this.#bind(config, ports[config.name])]);
      }
    } catch (error) {
      for (const [, bound] of fresh) void bound.listener.retire(0);
      // New certificates are for what still serves.
      this.#configs = before.configs;
      this.#tls = before.tls;
      throw error;
    }
    for (const [place, bound] of fresh) this.#bound.set(place, bound);
    this.#permit(configs);
    this.#retireAllBut(new Set(configs.map(placeOf)));
  }

  /** Other certificates for the listeners of now. */
  setTls(tls: TlsUpdate): void {
    this.#makeTls(this.#configs, tls);
    for (const config of this.#configs)
      if (config.tls !== undefined && this.#serves(config)) {
        const { listener } = this.#bound.get(placeOf(config))!;
        listener.configure(this.#settings(config), listener.counters);
      }
  }

  /** Throws where they cannot be used. */
  #makeTls(configs: readonly ListenerConfig[], { ticketSeed, listeners }: TlsUpdate): void {
    const made = new Map<string, WorkerTls>();
    for (const config of configs) {
      const { name, tls } = config;
      if (tls === undefined) continue;
      const files = listeners.find(({ listener }) => listener === name);
      // Without them it would speak plaintext.
      if (files === undefined) throw new Error(`listener ${name} speaks TLS and has no certificate`);
      const known = this.#tls.get(name);
      const isSame = known?.isOf(config, tls, files, ticketSeed) === true;
      made.set(name, isSame ? known : new this.#tlsCode!.WorkerTls(config, tls, files, ticketSeed));
    }
    this.#tls = made;
  }

  /** Takes over settings. Returns the port of each listener by name. */
  apply(configs: readonly ListenerConfig[]): Record<string, number> {
    const bound: Record<string, number> = {};
    this.#share = this.#shareOf(configs);
    for (const config of configs) {
      if (!this.#serves(config)) continue;
      const { listener, port } = this.#bound.get(placeOf(config))!;
      listener.configure(this.#settings(config), this.#counters.listener(config.name));
      listener.start();
      bound[config.name] = port;
    }
    return bound;
  }

  /** Resolves when every address that the Config no longer has is free: a reload that names one again can bind it. */
  async released(): Promise<void> {
    await Promise.all(this.#closing.splice(0));
  }

  /** A Unix socket cannot be shared as a TCP port can: the first worker has it alone. */
  #serves(config: ListenerConfig): boolean {
    return config.address.kind !== 'unix' || this.#start.index === 0;
  }

  async #bind(config: ListenerConfig, port: number | undefined): Promise<Bound> {
    const listener = new Listener(this.#settings(config), this.#context, this.#counters);
    // A worker that died has left its socket file behind.
    if (config.address.kind === 'unix' && !this.#start.beside.includes(config.address.path)) await claimAddress(config.address);
    return { listener, port: await listener.open(this.#bindAddress(config, port)) };
  }

  /** A Unix socket that stays may get another mode. Its file may have been removed by hand; then nobody can connect to it anyway. */
  #permit(configs: readonly ListenerConfig[]): void {
    for (const { address, mode, name } of configs) {
      if (address.kind !== 'unix' || mode === undefined || this.#start.index > 0) continue;
      try {
        chmodSync(address.path, mode);
      } catch (error) {
        this.#context.log.error({ err: error, listener: name }, 'the mode of a Unix socket cannot be set');
      }
    }
  }

  #bindAddress(config: ListenerConfig, port: number | undefined): BindAddress {
    const { address } = config;
    if (address.kind === 'unix') return { path: address.path, mode: config.mode };
    if (address.kind === 'srv') throw new Error('a listener needs an address');
    return { host: bindableHost(address.host), port: address.port === 0 ? (port ?? 0) : address.port, reusePort: this.#start.reusePort };
  }

  #retireAllBut(places: ReadonlySet<string>): void {
    this.#retired = this.#retired.filter((listener) => listener.size > 0);
    for (const [place, { listener }] of this.#bound) {
      if (places.has(place)) continue;
      this.#bound.delete(place);
      this.#closing.push(listener.retire(IDLE_GRACE_MS));
      this.#retired.push(listener);
    }
  }

  /**
   * Connections that one listener may have: each may need another one to an upstream, and metrics, logs and files need some. Out of
   * descriptors the system would turn clients away for us, uncounted, and operators with them.
   */
  #shareOf(configs: readonly ListenerConfig[]): number {
    const share = Math.max(1, Math.floor((this.#descriptors - KEPT_DESCRIPTORS) / 2 / configs.length));
    const short = configs.filter(({ limits }) => limits.connections === 0 || limits.connections > share).map(({ name }) => name);
    const told = `${share} ${short.join()}`;
    if (share >= MANY_CONNECTIONS || short.length === 0 || this.#start.index > 0 || told === this.#toldLimit) return share;
    this.#toldLimit = told;
    const fields = { descriptors: this.#descriptors, connections: share, listeners: short };
    // For information: who leaves the default of the config alone asks for more than many systems allow.
    this.#context.log.info(fields, 'the limit on open files allows fewer connections than the config: raise it (ulimit -n)');
    return share;
  }

  #settings(config: ListenerConfig): ListenerSettings {
    const { limits } = config;
    return {
      name: config.name,
      headerBytes: limits.headerBytes,
      headerCount: limits.headerCount,
      requestLineBytes: limits.requestLineBytes,
      headerTimeoutMs: limits.headerTimeoutMs,
      idleTimeoutMs: limits.idleTimeoutMs,
      http1: config.protocols.includes('http1'),
      http2: config.protocols.includes('http2'),
      streams: limits.streams,
      requestsPerConnection: limits.requestsPerConnection,
      connections: Math.min(limits.connections === 0 ? Infinity : limits.connections, this.#share),
      tunnels: limits.tunnels,
      bodyBytes: limits.bodyBytes,
      tls: this.#tls.get(config.name),
      proxyProtocol: config.proxyProtocol,
      passthrough: config.passthrough?.kind ?? 'off',
      trust: compileTrust(config.trustedProxies, config.address.kind === 'unix'),
    };
  }
}

/** What makes two listeners the same one; those that let the kernel choose a port are told apart by name. */
function placeOf({ name, address }: ListenerConfig): string {
  return address.kind === 'tcp' && address.port === 0 ? `${formatAddress(address)} ${name}` : formatAddress(address);
}
