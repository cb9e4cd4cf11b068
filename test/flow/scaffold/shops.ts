// Pools with two versions each, people who visit them, and their rollouts as a caller of the admin API sees them.
//
//   const { sluice, shops } = await startShops(['shop'], { rollouts: { quick: { … } } });      route /shop leads to pool shop
//   const { v1, v2 } = shops.shop!;
//   v2.respond = (request, response) => response.writeHead(500).end();
//   const visitors = visit(sluice, 'shop', { clients: 4 });      visitors.requests, .failures, .seen, await visitors.more(100)
//   const id = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'quick' });
//   await untilRollout(sluice, id, ({ state }) => state === 'rolled-back');

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { RolloutView } from '../../../src/api/rollouts.ts';
import { call } from './admin.ts';
import type { Called } from './admin.ts';
import { get } from './client.ts';
import { eventually } from './eventually.ts';
import { open } from './open.ts';
import { configFor, startSluice } from './sluice.ts';
import type { Sluice, SluiceOptions } from './sluice.ts';
import { Wire } from './wire.ts';

/** Sluice connects from 127.0.0.1: none of its connections can hold a port of this address. */
const HOST = '127.0.0.2';
/** Beyond what a busy machine makes of the times in these tests. */
export const PATIENCE_MS = 30_000;

export type Respond = (request: IncomingMessage, response: ServerResponse) => void;

/** A program that responds as the test says; it can be away and come back at its address. */
export class ShopVersion {
  readonly name: string;
  /** Default: 200 with its name. */
  respond: Respond = (_request, response) => void response.end(this.name);
  requests = 0;
  #port = 0;
  #server: Server | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }

  get address(): string {
    return `${HOST}:${this.#port}`;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      this.requests++;
      response.setHeader('x-version', this.name);
      this.respond(request, response);
    });
    server.keepAliveTimeout = 120_000;
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.#port, HOST, resolve));
    this.#port = (server.address() as { port: number }).port;
    this.#server = server;
    return this;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }
}

export function startVersion(name: string): Promise<ShopVersion> {
  return open(new ShopVersion(name)).start();
}

interface Shop {
  readonly v1: ShopVersion;
  readonly v2: ShopVersion;
}

export interface ShopsParts {
  readonly rollouts: object;
  /** Further keys of each pool. */
  readonly pool?: object;
  /** Further keys of the config. */
  readonly top?: object;
  readonly options?: SluiceOptions;
}

export interface Shops {
  readonly sluice: Sluice;
  readonly shops: Readonly<Record<string, Shop>>;
  /** The config with other keys in each pool. */
  readonly config: (pool?: object) => object;
}

/** Two workers; in each pool v1 has everything. */
export async function startShops(names: readonly string[], { rollouts, pool = {}, top = {}, options = {} }: ShopsParts): Promise<Shops> {
  const shops: Record<string, Shop> = {};
  for (const name of names) shops[name] = { v1: await startVersion('v1'), v2: await startVersion('v2') };
  const poolOf = ({ v1, v2 }: Shop, more: object): object => ({
    versions: { v1: { endpoints: [v1.address] }, v2: { endpoints: [v2.address] } },
    split: { v1: 100, v2: 0 },
    outlier: { consecutive: 0 },
    ...pool,
    ...more,
  });
  const config = (more: object = {}): object => ({
    ...configFor({ routes: names.map((name) => ({ name: `to-${name}`, match: [{ path: { prefix: `/${name}` } }], pool: name })) }),
    pools: Object.fromEntries(
      [...Object.entries(shops), ['shop', shops['shop'] ?? shops[names[0]!]!] as const].map(([name, shop]) => [name, poolOf(shop, more)]),
    ),
    rollouts,
    ...top,
  });
  const sluice = await startSluice(config(), { workers: 2, ...options });
  sluice.expectLog(/no check looks at failed requests/);
  return { sluice, shops, config };
}

export interface VisitOptions {
  /** Default 4. */
  readonly clients?: number;
  /** Between two requests of a client; default 2. */
  readonly pauseMs?: number;
  /** Header fields of a request; `visit` counts up over all clients. */
  readonly fields?: (visit: number) => readonly string[];
  /** Gets each response with the fields of its request. */
  readonly onResponse?: (status: number, version: string, fields: readonly string[]) => void;
}

/** Requests on a few kept connections, until they are stopped. */
export class Visitors {
  requests = 0;
  /** Statuses of 500 and above, and connections that broke. */
  failures = 0;
  readonly faults: string[] = [];
  /** When a version responded first and last, by `performance.now()`. */
  readonly seen = new Map<string, { readonly firstMs: number; lastMs: number; count: number }>();
  readonly #sluice: Sluice;
  readonly #path: string;
  readonly #options: VisitOptions;
  readonly #loops: Promise<void>[];
  readonly #wires = new Set<Wire>();
  #begun = 0;
  #stopping = false;

  constructor(sluice: Sluice, pool: string, options: VisitOptions) {
    this.#sluice = sluice;
    this.#path = `/${pool}`;
    this.#options = options;
    this.#loops = Array.from({ length: options.clients ?? 4 }, () => this.#loop());
  }

  /** Resolves when so many more responses have come. */
  async more(requests: number): Promise<void> {
    const enough = this.requests + requests;
    await eventually(`${requests} more responses`, () => this.requests >= enough, PATIENCE_MS);
  }

  /** What is under way is cut off. */
  async close(): Promise<void> {
    this.#stopping = true;
    for (const wire of this.#wires) wire.destroy();
    await Promise.all(this.#loops);
  }

  async #loop(): Promise<void> {
    const { fields = () => [], pauseMs = 2 } = this.#options;
    let wire: Wire | undefined;
    while (!this.#stopping) {
      try {
        wire ??= this.#connect();
        const sent = fields(this.#begun++);
        await wire.write(get(this.#path, ...sent));
        const { status, field } = await wire.readMessage();
        this.#count(status, field('x-version') ?? `none, ${field('x-sluice-outcome') ?? ''}`, sent);
        if (wire.ended || field('connection') === 'close') wire = this.#drop(wire);
      } catch (error) {
        wire = this.#drop(wire);
        if (this.#stopping) return;
        this.requests++;
        this.#fail(String(error));
      }
      if (pauseMs > 0) await pause(pauseMs);
    }
    this.#drop(wire);
  }

  #connect(): Wire {
    const wire = new Wire(connect(this.#sluice.whereOf()));
    wire.deadlineMs = PATIENCE_MS;
    this.#wires.add(wire);
    return wire;
  }

  #drop(wire: Wire | undefined): undefined {
    wire?.destroy();
    if (wire !== undefined) this.#wires.delete(wire);
  }

  #count(status: number, version: string, sent: readonly string[]): void {
    this.requests++;
    const nowMs = performance.now();
    const known = this.seen.get(version) ?? { firstMs: nowMs, lastMs: nowMs, count: 0 };
    this.seen.set(version, known);
    known.lastMs = nowMs;
    known.count++;
    if (status >= 500) this.#fail(`status ${status} of ${version}`);
    this.#options.onResponse?.(status, version, sent);
  }

  #fail(fault: string): void {
    this.failures++;
    if (this.faults.length < 10) this.faults.push(fault);
  }
}

export function visit(sluice: Sluice, pool = 'shop', options: VisitOptions = {}): Visitors {
  return open(new Visitors(sluice, pool, options));
}

type Fields = Readonly<Record<string, string>>;

export interface CalledRollout extends Omit<Called, 'body'> {
  readonly body: RolloutView & { readonly detail: string };
}

/** A call whose response is a rollout, or a problem. */
export async function callRollout(
  sluice: Sluice,
  method: string,
  path: string,
  body?: object,
  fields: Fields = {},
): Promise<CalledRollout> {
  return (await call(sluice, method, path, body, fields)) as unknown as CalledRollout;
}

/** Returns its id. Rejects when it was refused. */
export async function startRollout(sluice: Sluice, body: object, fields: Fields = {}): Promise<string> {
  const started = await callRollout(sluice, 'POST', '/v1/rollouts', body, fields);
  if (started.status !== 201) throw new Error(`status ${started.status}: ${JSON.stringify(started.body)}`);
  return started.body.id;
}

export async function rolloutOf(sluice: Sluice, id: string, fields: Fields = {}): Promise<RolloutView> {
  const { status, body } = await callRollout(sluice, 'GET', `/v1/rollouts/${id}`, undefined, fields);
  if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(body)}`);
  return body;
}

const ENDED: readonly string[] = ['succeeded', 'rolled-back', 'aborted', 'superseded', 'failed'];

/** Waits until it is so; the error shows where the rollout is. */
export async function untilRollout(
  sluice: Sluice,
  id: string,
  isSo: ((rollout: RolloutView) => boolean) | RolloutView['state'],
  fields: Fields = {},
): Promise<RolloutView> {
  let last: RolloutView | undefined;
  const look = async (): Promise<RolloutView | undefined> => {
    last = await rolloutOf(sluice, id, fields);
    if (typeof isSo === 'string' ? last.state === isSo : isSo(last)) return last;
    if (ENDED.includes(last.state)) throw new Error('it has ended otherwise');
    return undefined;
  };
  return eventually(typeof isSo === 'string' ? isSo : 'the rollout', look, PATIENCE_MS).catch((error: unknown) => {
    throw new Error(`the rollout is ${JSON.stringify(last, undefined, 1)}`, { cause: error });
  });
}

/** Waits until the pool is back where it was. */
export async function untilBack(sluice: Sluice, pool = 'shop', fields: Fields = {}): Promise<void> {
  const isBack = async (): Promise<boolean> => (await splitOf(sluice, pool, fields))['v2'] === 0;
  await eventually(`no weight for v2 of ${pool}`, isBack, PATIENCE_MS);
}

/** Of any pool. */
export async function splitOf(sluice: Sluice, pool = 'shop', fields: Fields = {}): Promise<Readonly<Record<string, number>>> {
  return (await call(sluice, 'GET', `/v1/pools/${pool}/split`, undefined, fields)).body.weights;
}
