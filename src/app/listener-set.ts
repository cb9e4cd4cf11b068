// The listeners of this worker, kept in step with the Config: what stays is never closed, what is new is bound before anything else changes.

import type { ListenerConfig } from '../config/model.ts';
import type { ProxyContext } from '../proxy/context.ts';
import { Listener } from '../proxy/listener.ts';
import type { BindAddress, ListenerSettings } from '../proxy/listener.ts';
import { compileTrust } from '../routing/trust.ts';
import type { CounterSet } from '../telemetry/counter-set.ts';
import { bindableHost } from './claim-address.ts';
import type { WorkerStart } from './messages.ts';

interface Bound {
  readonly listener: Listener;
  readonly address: string;
  readonly port: number;
}

export class ListenerSet {
  readonly #context: ProxyContext;
  readonly #counters: CounterSet;
  readonly #start: WorkerStart;
  readonly #bound = new Map<string, Bound>();

  constructor(context: ProxyContext, counters: CounterSet, start: WorkerStart) {
    this.#context = context;
    this.#counters = counters;
    this.#start = start;
  }

  get open(): Listener[] {
    return [...this.#bound.values()].map((bound) => bound.listener);
  }

  /** Binds what is new. Rejects with nothing changed when an address cannot be bound. */
  async prepare(configs: readonly ListenerConfig[], ports: Readonly<Record<string, number>>): Promise<void> {
    const fresh: [string, Bound][] = [];
    try {
      for (const config of configs) {
        if (this.#bound.get(config.name)?.address === addressText(config) || !this.#serves(config)) continue;
        fresh.push([config.name, await this.#bind(config, ports[config.name])]);
      }
    } catch (error) {
      for (const [, bound] of fresh) bound.listener.close();
      throw error;
    }
    for (const [name, bound] of fresh) {
      this.#retire(name);
      this.#bound.set(name, bound);
    }
  }

  /** Takes over settings, and closes what the Config no longer has. Answers the port of each listener by name. */
  async apply(configs: readonly ListenerConfig[], ports: Readonly<Record<string, number>>): Promise<Record<string, number>> {
    await this.prepare(configs, ports);
    const names = new Set(configs.map((config) => config.name));
    for (const name of [...this.#bound.keys()]) if (!names.has(name)) this.#retire(name);
    const bound: Record<string, number> = {};
    for (const config of configs) {
      if (!this.#serves(config)) continue;
      const { listener, port } = this.#bound.get(config.name)!;
      listener.settings = this.#settings(config);
      bound[config.name] = port;
    }
    return bound;
  }

  /** A Unix socket cannot be shared as a TCP port can: the first worker has it alone. */
  #serves(config: ListenerConfig): boolean {
    return config.address.kind !== 'unix' || this.#start.index === 0;
  }

  async #bind(config: ListenerConfig, port: number | undefined): Promise<Bound> {
    const listener = new Listener(this.#settings(config), this.#context, this.#counters.listener(config.name));
    return { listener, address: addressText(config), port: await listener.open(this.#bindAddress(config, port)) };
  }

  #bindAddress(config: ListenerConfig, port: number | undefined): BindAddress {
    const { address } = config;
    if (address.kind === 'unix') return { path: address.path };
    if (address.kind === 'srv') throw new Error('a listener needs an address');
    return { host: bindableHost(address.host), port: port ?? address.port, reusePort: this.#start.reusePort };
  }

  #retire(name: string): void {
    const bound = this.#bound.get(name);
    if (bound === undefined) return;
    this.#bound.delete(name);
    bound.listener.close();
    bound.listener.closeIdle();
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
      requestsPerConnection: limits.requestsPerConnection,
      connections: Math.ceil(limits.connections / this.#start.workers),
      bodyBytes: limits.bodyBytes,
      trust: compileTrust(config.trustedProxies),
    };
  }
}

function addressText(config: ListenerConfig): string {
  const { address } = config;
  return address.kind === 'tcp' ? `${address.host} ${address.port}` : address.kind === 'unix' ? address.path : address.name;
}
