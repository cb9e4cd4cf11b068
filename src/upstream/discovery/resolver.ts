// Asks DNS for the addresses of names and services, with c-ares on the event loop: never with `dns.lookup`, which would hold threads
// that files need. It keeps nothing; who asks decides what a failure means.

import type { RecordWithTtl, SrvRecord } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { normalizeHost } from '../../config/syntax.ts';
import type { Clock } from '../../lib/clock.ts';
import { Semaphore } from '../../lib/semaphore.ts';
import { MAX_ADDRESSES, bound, Unresolved } from './resolution.ts';
import type { Resolution, Found, Lookups } from './resolution.ts';
import { candidates } from './system-names.ts';
import type { SearchList, SystemNames, SystemView } from './system-names.ts';

export interface ResolverOptions {
  readonly clock: Clock;
  /** `address:port` of each; empty: those of the system. */
  readonly servers: readonly string[];
  /** Undefined: neither hosts file nor search list apply. */
  readonly system: SystemNames | undefined;
}

/** Names asked for at once, each with up to two questions. */
const AT_ONCE = 32;
const TIMEOUT_MS = 1000;
const TRIES = 2;
/** What one family gets once the other has responded: some servers drop questions for AAAA (RFC 8305, section 3). */
const OTHER_FAMILY_MS = 500;

/** What one name gave, before it is bounded. */
type Addresses = Omit<Resolution, 'leftOut'>;

export class NameResolver implements Lookups {
  readonly #options: ResolverOptions;
  readonly #turns = new Semaphore(AT_ONCE);
  #resolver: Resolver;
  /** What was in /etc/resolv.conf when `#resolver` read it. */
  #resolvConf: SearchList | undefined = undefined;
  #closed = false;

  constructor(options: ResolverOptions) {
    this.#options = options;
    this.#resolver = createResolver(options.servers);
  }

  async name(name: string): Promise<Resolution> {
    const system = await this.#readSystem();
    const local = system === undefined ? undefined : findLocal(name, system);
    const addresses = local ?? (await this.#search(name, system, (candidate) => this.#addresses(candidate)));
    return { ...addresses, ...bound(addresses.found) };
  }

  /** RFC 2782; of the records only those with the lowest priority. Their own TTL is not known here, that of the targets is. */
  async service(name: string): Promise<Resolution> {
    const system = await this.#readSystem();
    const all = await this.#search(name, system, (candidate) => this.#records(candidate));
    const priority = Math.min(...all.map((record) => record.priority));
    const usable = all.filter((record) => record.priority === priority).sort(inOrder);
    const records = usable.slice(0, MAX_ADDRESSES);
    const targets = new Map<string, Promise<Addresses>>();
    for (const record of records) if (!targets.has(record.name)) targets.set(record.name, this.#target(record.name));
    const resolutions = await Promise.all(targets.values());
    const places = records.map(async (record) => ((await targets.get(record.name))?.found ?? []).map((each) => placeOf(each, record)));
    const found = (await Promise.all(places)).flat();
    const unresolved = resolutions.flatMap((resolution) => resolution.unresolved);
    if (found.length === 0) throw new Unresolved(unresolved.length > 0 ? 'ESERVFAIL' : 'ENODATA', `targets of SRV ${name}`);
    const bounded = bound(found);
    const leftOut = bounded.leftOut + usable.length - records.length;
    return { found: bounded.found, leftOut, ttlMs: Math.min(...resolutions.map(({ ttlMs }) => ttlMs)), unresolved };
  }

  close(): void {
    this.#closed = true;
    this.#resolver.cancel();
  }

  async #readSystem(): Promise<SystemView | undefined> {
    const system = await this.#options.system?.read();
    if (system === undefined || system.search === this.#resolvConf) return system;
    // c-ares reads the servers once; what is under way may end with the old ones.
    if (this.#resolvConf !== undefined) this.#resolver = createResolver(this.#options.servers);
    this.#resolvConf = system.search;
    return system;
  }

  /** The first name of the search list that exists. A failure that says nothing ends it, lest another name be taken for the one meant. */
  async #search<T>(name: string, system: SystemView | undefined, ask: (candidate: string) => Promise<T>): Promise<T> {
    let absence: unknown;
    for (const candidate of system === undefined ? [name] : candidates(name, system.search)) {
      try {
        return await ask(candidate);
      } catch (error) {
        if (!(error instanceof Unresolved) || !error.isAbsence) throw error;
        absence = error;
      }
    }
    throw absence;
  }

  /** Both families side by side; one of them is enough. */
  async #addresses(name: string): Promise<Addresses> {
    const replies = await this.#inTurn(() => this.#bothFamilies(name));
    const found = replies.flatMap((reply) => reply.found);
    const failed = replies.filter(({ error }) => error !== undefined && !error.isAbsence);
    if (found.length === 0) throw failed[0]?.error ?? replies[0]?.error ?? new Unresolved('ENODATA', name);
    return { found, ttlMs: Math.min(...replies.map(({ ttlMs }) => ttlMs)), unresolved: failed.map(({ question }) => question) };
  }

  async #bothFamilies(name: string): Promise<readonly Reply[]> {
    const questions = [`A ${name}`, `AAAA ${name}`] as const;
    const replies = questions.map((question): Reply => failure(question, 'ETIMEOUT'));
    const asked = [this.#resolver.resolve4(name, { ttl: true }), this.#resolver.resolve6(name, { ttl: true })].map(
      async (records, index) => (replies[index] = await replyOf(questions[index]!, records)),
    );
    await new Promise<void>((resolve) => {
      void Promise.all(asked).then(() => resolve());
      for (const reply of asked) {
        void reply.then(({ found }) =>
          found.length === 0 ? undefined : this.#options.clock.after(OTHER_FAMILY_MS, resolve, { unref: true }),
        );
      }
    });
    return [...replies];
  }

  async #records(name: string): Promise<readonly SrvRecord[]> {
    try {
      const records = await this.#inTurn(() => this.#resolver.resolveSrv(name));
      // A target of "." says that there is no such service.
      const usable = records.filter((record) => record.name !== '' && record.name !== '.' && record.port > 0);
      if (usable.length > 0) return usable;
    } catch (error) {
      throw unresolved(error, `SRV ${name}`);
    }
    throw new Unresolved('ENODATA', `SRV ${name}`);
  }

  /** Of a service; never rejects. That one target has no address says nothing about the others. */
  async #target(name: string): Promise<Addresses> {
    if (isIP(name) !== 0) return { found: [foundAt(name, `A ${name}`)], ttlMs: Infinity, unresolved: [] };
    try {
      const addresses = await this.#addresses(name);
      return { ...addresses, found: bound(addresses.found).found };
    } catch (error) {
      const unresolved = error instanceof Unresolved && error.isAbsence ? [] : [`A ${name}`, `AAAA ${name}`];
      return { found: [], ttlMs: Infinity, unresolved };
    }
  }

  #inTurn<T>(ask: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#turns.take(() => {
        const asked = this.#closed ? Promise.reject(new Unresolved('ECANCELLED', 'the resolver is closed')) : ask();
        void asked.then(resolve, reject).finally(() => this.#turns.end());
      });
    });
  }
}

/** What one question gave: addresses, or why there are none. */
interface Reply {
  readonly question: string;
  readonly found: readonly Found[];
  readonly ttlMs: number;
  readonly error: Unresolved | undefined;
}

async function replyOf(question: string, asked: Promise<readonly RecordWithTtl[]>): Promise<Reply> {
  try {
    const records = (await asked).filter(({ address }) => isIP(address) !== 0);
    if (records.length === 0) return failure(question, 'ENODATA');
    const found = records.map(({ address }) => foundAt(address, question));
    return { question, found, ttlMs: 1000 * Math.min(...records.map(({ ttl }) => ttl)), error: undefined };
  } catch (error) {
    return failure(question, unresolved(error, question).code);
  }
}

function failure(question: string, code: string): Reply {
  return { question, found: [], ttlMs: Infinity, error: new Unresolved(code, question) };
}

function unresolved(error: unknown, question: string): Unresolved {
  return error instanceof Unresolved ? error : new Unresolved((error as NodeJS.ErrnoException).code ?? 'EBADRESP', question);
}

function foundAt(address: string, question: string): Found {
  return { host: normalizeHost(address) ?? address, port: 0, weight: 1, question };
}

/** A weight of 0 means the smallest there is. */
function placeOf(found: Found, { port, weight }: SrvRecord): Found {
  return { ...found, port, weight: Math.max(1, weight) };
}

function inOrder(a: SrvRecord, b: SrvRecord): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.port - b.port;
}

/** RFC 6761, section 6.3: what ends with .localhost is this machine. */
function findLocal(name: string, { hosts }: SystemView): Addresses | undefined {
  const host = name.endsWith('.') ? name.slice(0, -1) : name;
  const addresses = hosts.get(host.endsWith('.localhost') ? 'localhost' : host);
  if (addresses === undefined) return undefined;
  return { found: addresses.map((address) => foundAt(address, `hosts ${host}`)), ttlMs: Infinity, unresolved: [] };
}

function createResolver(servers: readonly string[]): Resolver {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES, maxTimeout: 2 * TIMEOUT_MS });
  if (servers.length > 0) resolver.setServers(servers);
  return resolver;
}
