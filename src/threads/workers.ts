// The data-plane threads as the control thread sees them: starts them, hands them Configs, replaces the dead, drains all.
// Long because every question to a worker may meet its death, and what happens then is decided in one place.

import { isDeepStrictEqual } from 'node:util';
import type { Worker } from 'node:worker_threads';
import type { Config } from '../config/model.ts';
import type { CountedRollout, EndpointUpdate, Recollection, TlsUpdate, Update } from '../control/ports.ts';
import type { PressureLevel } from '../control/pressure.ts';
import { makePseudonym } from '../http/way.ts';
import { after } from '../lib/clock.ts';
import type { Timer } from '../lib/clock.ts';
import { newKey } from '../lib/random.ts';
import { writeLine } from '../lib/log.ts';
import type { Log } from '../lib/log.ts';
import { IDLE_GRACE_MS } from '../proxy/downstream/http1-connection.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import type { Observation } from '../telemetry/observation.ts';
import type { MissedWrite, UnlistedWrites } from '../compare/mirrored-exchange.ts';
import type { EndpointName } from '../upstream/endpoint.ts';
import type { EjectionChange } from '../upstream/resilience/outlier-ejector.ts';
import type { VersionDeploy } from '../telemetry/version-deploy.ts';
import { Changeovers } from './changeover.ts';
import type { Changeover } from './changeover.ts';
import { changeOf } from './list-change.ts';
import type { CompareLink, FromWorker, ToWorker, WorkerStart } from './messages.ts';
import { FAST_RESTART_MS, RestartPace } from './restart-pace.ts';
import { spawnWorker } from './spawn-worker.ts';
import type { EarlyWorker } from './spawn-worker.ts';

const APPLY_TIMEOUT_MS = 15_000;
/** Beyond the drain time, for the thread to say so. */
const DRAIN_SLACK_MS = 1000;
/** Who does not say in time what it remembers is left out. */
const RECALL_TIMEOUT_MS = 1000;

export interface WorkersOptions {
  readonly count: number;
  readonly reusePort: boolean;
  readonly counters: CounterRegistry;
  /** What listeners with port 0 are to bind, by name; others let the kernel choose. */
  readonly ports?: Readonly<Record<string, number>> | undefined;
  /** Paths of Unix sockets that another process has, which this one takes over. */
  readonly beside?: readonly string[] | undefined;
  /** The first thread, if it was started already. */
  readonly early?: EarlyWorker | undefined;
  readonly log: Log;
  readonly onAccess: (chunk: string, lines: number) => void;
  readonly onMissed: (writes: readonly MissedWrite[], unlisted: readonly UnlistedWrites[]) => void;
  readonly onRestarted: () => void;
  readonly onEjection: (change: EjectionChange) => void;
  readonly onEvidence: (pool: string) => void;
  readonly nowMs: () => number;
}

interface Thread {
  readonly index: number;
  readonly worker: Worker;
  /** Whether it serves the current Update. */
  serving: boolean;
  /** What it was sent last. */
  routes: Config['routes'];
  pools: Config['pools'];
  readonly waiting: Map<number, (response: FromWorker) => void>;
  readonly ended: Promise<void>;
}

/** Makes a way to the thread that compares, for one worker. */
export type MakeLink = () => CompareLink;

export class Workers {
  readonly #options: WorkersOptions;
  readonly #threads: (Thread | undefined)[];
  readonly #pace = new RestartPace();
  readonly #pseudonym = makePseudonym(newKey());
  readonly #restarts = new Set<Timer>();
  readonly #changeovers = new Changeovers();
  #update: Update | undefined = undefined;
  #unhealthy: readonly EndpointName[] = [];
  #deploys: readonly VersionDeploy[] = [];
  #pressure: PressureLevel = 0;
  #beside: readonly string[];
  #makeLink: MakeLink | undefined = undefined;
  #ports: Readonly<Record<string, number>>;
  #lastId = 0;
  #closing = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#ports = options.ports ?? {};
    this.#beside = options.beside ?? [];
    this.#threads = Array.from({ length: options.count }, (_, index) => this.#start(index));
  }

  get total(): number {
    return this.#options.count;
  }

  /** Workers that serve the current Config. */
  get serving(): number {
    return this.#threads.filter((thread) => thread?.serving === true).length;
  }

  /** Port of each listener by name, as bound. */
  get ports(): Readonly<Record<string, number>> {
    return this.#ports;
  }

  /**
   * Hands a Config to all workers and waits until they serve it. Rejects when the first worker cannot (then no other was asked):
   * binding an address is what may fail, and what fails in one fails in all. Where there is nothing to bind it rejects when none can.
   */
  async apply(update: Update): Promise<{ applied: number; total: number }> {
    if (bindsLike(update, this.#update)) return this.#applyAtOnce(update);
    const first = await this.#applyFirst(update);
    // Looked up only now: one that died and one that took its place meanwhile are both accounted for.
    const others = this.#threads.filter((thread) => thread !== undefined && thread !== first) as Thread[];
    return this.#settle(others, (thread) => this.#send(thread, update, this.#ports));
  }

  /** Nothing is bound, and so nothing can fail in one alone: all go over in the same moment, since a user may meet each of them. */
  async #applyAtOnce(update: Update): Promise<{ applied: number; total: number }> {
    const threads = this.#alive();
    const changeover = this.#changeovers.next(threads.length);
    const handed = new Map(threads.map((thread) => [thread, this.#send(thread, update, this.#ports, changeover)]));
    const results = await Promise.allSettled(handed.values());
    if (!results.some(({ status }) => status === 'fulfilled')) {
      // Those that have died say nothing about the config.
      const refusal = this.#alive().find((thread) => handed.has(thread));
      if (refusal !== undefined) await handed.get(refusal);
      await this.#applyFirst(update);
    }
    this.#update = update;
    return this.#settle(this.#alive(), (thread) => handed.get(thread) ?? this.#send(thread, update, this.#ports));
  }

  #alive(): readonly Thread[] {
    return this.#threads.filter((thread) => thread !== undefined);
  }

  /** The same for endpoints alone. Never rejects; a worker that starts meanwhile begins with the endpoints of now. */
  async setEndpoints({ config, versions, counters }: EndpointUpdate): Promise<{ applied: number; total: number }> {
    if (this.#update !== undefined) this.#update = { ...this.#update, config };
    const threads = this.#threads.filter((thread) => thread !== undefined);
    return this.#settle(threads, (thread) => this.#ask(thread, (id) => ({ kind: 'endpoints', id, versions, counters })));
  }

  /** The same for what counts. */
  async setRollouts(rollouts: readonly CountedRollout[]): Promise<{ applied: number; total: number }> {
    if (this.#update !== undefined) this.#update = { ...this.#update, rollouts };
    const threads = this.#threads.filter((thread) => thread !== undefined);
    return this.#settle(threads, (thread) => this.#ask(thread, (id) => ({ kind: 'rollouts', id, rollouts })));
  }

  /** The same for certificates. */
  async setTls(tls: TlsUpdate): Promise<{ applied: number; total: number }> {
    if (this.#update !== undefined) this.#update = { ...this.#update, tls };
    const threads = this.#threads.filter((thread) => thread !== undefined);
    return this.#settle(threads, (thread) => this.#ask(thread, (id) => ({ kind: 'tls', id, tls })));
  }

  /** Waits until all have taken a change; those that did not are replaced. */
  async #settle(threads: readonly Thread[], hand: (thread: Thread) => Promise<unknown>): Promise<{ applied: number; total: number }> {
    const results = await Promise.allSettled(threads.map(hand));
    results.forEach((result, index) => {
      if (result.status === 'fulfilled') return;
      this.#options.log.error({ err: result.reason as Error }, 'a worker did not take the config, another takes its place');
      threads[index]!.serving = false;
      void threads[index]!.worker.terminate();
    });
    return { applied: this.serving, total: this.total };
  }

  /** All endpoints that are unhealthy, told to all workers and to those that will take their place. */
  setHealth(unhealthy: readonly EndpointName[]): void {
    this.#unhealthy = unhealthy;
    for (const thread of this.#threads) thread?.worker.postMessage({ kind: 'health', unhealthy } satisfies ToWorker);
  }

  /** Which deploys the versions are, for all workers and for those that will take their place. Returns how many serve and know. Never rejects. */
  async setDeploys(deploys: readonly VersionDeploy[]): Promise<{ applied: number; total: number }> {
    this.#deploys = deploys;
    // A worker that starts takes it before its first Config, and responds to that.
    for (const thread of this.#threads)
      if (thread?.serving === false) thread.worker.postMessage({ kind: 'deploys', id: 0, deploys } satisfies ToWorker);
    const threads = this.#threads.filter((thread) => thread !== undefined).filter(({ serving }) => serving);
    return this.#settle(threads, (thread) => this.#ask(thread, (id) => ({ kind: 'deploys', id, deploys })));
  }

  /** The same for the pressure on memory. */
  setPressure(level: PressureLevel): void {
    this.#pressure = level;
    for (const thread of this.#threads) thread?.worker.postMessage({ kind: 'pressure', level } satisfies ToWorker);
  }

  /** Where to send what is to be compared, for all workers and for those that will take their place; undefined: nowhere. */
  setLinks(makeLink: MakeLink | undefined): void {
    this.#makeLink = makeLink;
    for (const thread of this.#threads) if (thread !== undefined) link(thread, makeLink);
  }

  /** The other process is gone: a worker that starts from here on claims what it binds. */
  endBeside(): void {
    this.#beside = [];
  }

  collect(): void {
    for (const thread of this.#threads) thread?.worker.postMessage({ kind: 'collect' } satisfies ToWorker);
  }

  /** What the workers remember of their latest exchanges, as far as they respond within a second. Never rejects. */
  async recall(): Promise<Recollection> {
    const threads = this.#threads.filter((thread) => thread !== undefined);
    const responses = await Promise.all(threads.map((thread) => this.#recallOne(thread)));
    const given = responses.filter((response) => response !== undefined);
    return { responded: given.length, total: this.total, exchanges: given.flat() };
  }

  #recallOne(thread: Thread): Promise<readonly Observation[] | undefined> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const settle = (response: FromWorker | undefined): void => {
        late.stop();
        thread.waiting.delete(id);
        resolve(response?.kind === 'recalled' ? response.exchanges : undefined);
      };
      const late = after(RECALL_TIMEOUT_MS, () => settle(undefined));
      thread.waiting.set(id, settle);
      thread.worker.postMessage({ kind: 'recall', id } satisfies ToWorker);
    });
  }

  /** Returns the worker that took the Config. A worker that dies meanwhile says nothing about the Config: another is asked, once. */
  async #applyFirst(update: Update): Promise<Thread> {
    let first = await this.#findAlive(undefined);
    let ports: Readonly<Record<string, number>>;
    try {
      ports = await this.#send(first, update, this.#ports);
    } catch (error) {
      if (this.#threads.includes(first)) throw error;
      first = await this.#findAlive(first);
      ports = await this.#send(first, update, this.#ports);
    }
    this.#update = update;
    this.#ports = ports;
    return first;
  }

  /** A living worker other than the dead one, or the one that takes its place. */
  async #findAlive(dead: Thread | undefined): Promise<Thread> {
    const find = () => this.#threads.find((thread) => thread !== undefined && thread !== dead);
    if (find() === undefined) await new Promise<void>((resolve) => void after(2 * FAST_RESTART_MS, resolve));
    const alive = find();
    if (alive === undefined) throw new Error('no worker is alive');
    return alive;
  }

  /**
   * Drains all workers and ends them. Returns how many connections had to be cut.
   * @param graceMs as long a connection without a request may have one on its way
   */
  async drain(timeoutMs: number, graceMs = IDLE_GRACE_MS): Promise<number> {
    this.#closing = true;
    for (const restart of this.#restarts) restart.stop();
    const cuts = await Promise.all(this.#threads.map((thread) => (thread === undefined ? 0 : this.#drainOne(thread, timeoutMs, graceMs))));
    return cuts.reduce((sum, cut) => sum + cut, 0);
  }

  async #drainOne(thread: Thread, timeoutMs: number, graceMs: number): Promise<number> {
    const drained = new Promise<number>((resolve) => {
      thread.worker.on('message', (message: FromWorker) => {
        if (message.kind === 'drained') resolve(message.cut);
      });
      void thread.ended.then(() => resolve(0));
    });
    thread.worker.postMessage({ kind: 'drain', timeoutMs, graceMs } satisfies ToWorker);
    const late = after(timeoutMs + DRAIN_SLACK_MS, () => void thread.worker.terminate());
    const cut = await drained;
    await thread.ended;
    late.stop();
    return cut;
  }

  #start(index: number): Thread {
    const { counters, log, count, reusePort, early } = this.#options;
    const beside = this.#beside;
    const worker = index === 0 && early !== undefined ? early.take() : spawnWorker(index);
    const { memory: changeovers } = this.#changeovers;
    worker.postMessage({ index, workers: count, reusePort, beside, pseudonym: this.#pseudonym, changeovers } satisfies WorkerStart);
    // Before its first Config: it never takes an endpoint for healthy that is known not to be.
    if (this.#unhealthy.length > 0) worker.postMessage({ kind: 'health', unhealthy: this.#unhealthy } satisfies ToWorker);
    if (this.#deploys.length > 0) worker.postMessage({ kind: 'deploys', id: 0, deploys: this.#deploys } satisfies ToWorker);
    if (this.#pressure > 0) worker.postMessage({ kind: 'pressure', level: this.#pressure } satisfies ToWorker);
    let end: () => void = () => undefined;
    const thread: Thread = {
      index,
      worker,
      serving: false,
      routes: [],
      pools: [],
      waiting: new Map(),
      ended: new Promise((resolve) => (end = resolve)),
    };
    if (this.#makeLink !== undefined) link(thread, this.#makeLink);
    worker.on('message', (message: FromWorker) => this.#onMessage(thread, message));
    worker.on('error', (error) => log.error({ worker: index, err: error }, 'a worker died'));
    worker.on('exit', (code) => {
      end();
      for (const response of thread.waiting.values())
        response({ kind: 'refused', id: 0, reason: `worker ${index} ended with code ${code}` });
      this.#threads[index] = undefined;
      if (this.#closing) return;
      counters.forgetGauges(index);
      this.#replace(index);
    });
    return thread;
  }

  #replace(index: number): void {
    const restart = after(this.#pace.next(this.#options.nowMs()), () => {
      this.#restarts.delete(restart);
      void this.#revive(index);
    });
    this.#restarts.add(restart);
  }

  async #revive(index: number): Promise<void> {
    const { log, counters } = this.#options;
    this.#options.onRestarted();
    const thread = this.#start(index);
    this.#threads[index] = thread;
    try {
      let served: Update | undefined;
      // A reload may have come and gone while it started.
      while (this.#update !== served) {
        served = this.#update;
        if (served !== undefined) await this.#send(thread, { ...served, counters: counters.complete() }, this.#ports);
      }
      log.warn({ worker: index }, 'a worker was replaced');
    } catch (error) {
      log.error({ worker: index, err: error as Error }, 'a new worker cannot serve');
      void thread.worker.terminate();
    }
  }

  /** @param changeover where others are handed the same */
  async #send(
    thread: Thread,
    update: Update,
    ports: Readonly<Record<string, number>>,
    changeover?: Changeover,
  ): Promise<Readonly<Record<string, number>>> {
    const { config } = update;
    const routes = changeOf(thread.routes, config.routes);
    thread.routes = config.routes;
    const known = new Map(thread.pools.map((pool, index) => [pool, index]));
    const pools = config.pools.map((pool) => known.get(pool) ?? pool);
    thread.pools = config.pools;
    const light = { ...update, config: { ...config, pools: [], routes: [] } };
    const response = await this.#ask(thread, (id) => ({ kind: 'apply', id, update: light, pools, routes, ports, changeover }));
    if (response.kind !== 'applied') throw new Error('unexpected message from a worker');
    thread.serving = true;
    return response.ports;
  }

  /** Rejects when the worker refuses, ends, or does not respond in time. */
  #ask(thread: Thread, message: (id: number) => ToWorker): Promise<FromWorker> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      // A thread that hangs is of no use to anyone: its end settles the promise, and another takes its place.
      const late = after(APPLY_TIMEOUT_MS, () => void thread.worker.terminate());
      thread.waiting.set(id, (response) => {
        late.stop();
        thread.waiting.delete(id);
        if (response.kind === 'refused') reject(new Error(response.reason));
        else resolve(response);
      });
      thread.worker.postMessage(message(id));
    });
  }

  #onMessage(thread: Thread, message: FromWorker): void {
    switch (message.kind) {
      case 'applied':
      case 'followed':
      case 'recalled':
      case 'refused':
        thread.waiting.get(message.id)?.(message);
        break;
      case 'log':
        writeLine(this.#options.log, message.line);
        break;
      case 'access':
        this.#options.onAccess(message.chunk, message.lines);
        break;
      case 'missed':
        this.#options.onMissed(message.writes, message.unlisted);
        break;
      case 'ejections':
        for (const other of this.#threads)
          if (other !== undefined && other !== thread) other.worker.postMessage({ kind: 'ejections' } satisfies ToWorker);
        this.#options.onEjection(message.change);
        break;
      case 'evidence':
        this.#options.onEvidence(message.pool);
        break;
      case 'drained':
        break;
    }
  }
}

/** Whether its listeners are those of the update before. */
function bindsLike({ config, tls }: Update, before: Update | undefined): boolean {
  return before !== undefined && isDeepStrictEqual([config.listeners, tls], [before.config.listeners, before.tls]);
}

function link({ worker }: Thread, makeLink: MakeLink | undefined): void {
  const made = makeLink?.();
  worker.postMessage({ kind: 'compare', link: made } satisfies ToWorker, made === undefined ? [] : [made.port]);
}
