// One Sluice process: control plane here, data plane in worker threads. Wires them, starts them in order, and ends them in order.

import { availableParallelism } from 'node:os';
import { AdminServer } from '../admin/admin-server.ts';
import type { LoadResult } from '../config/decode.ts';
import { formatAddress } from '../config/address.ts';
import { formatProblem } from '../config/problem.ts';
import type { Problem } from '../config/problem.ts';
import type { Address, Config, OverloadConfig } from '../config/model.ts';
import { FileWatch } from '../control/file-watch.ts';
import type { ChangeCause } from '../control/file-watch.ts';
import { Controller } from '../control/controller.ts';
import { DrainWatch } from '../control/drain-watch.ts';
import { Journal } from '../control/journal.ts';
import { Control } from '../control/control.ts';
import { Markers } from '../control/markers.ts';
import type { VersionDeploy } from '../control/markers.ts';
import type { DataPlane, Update } from '../control/ports.ts';
import { ExchangeLookup } from '../control/exchange-lookup.ts';
import type { ApplyResult, Load, Loaded } from '../control/submission.ts';
import type { SessionKeeper } from '../control/session-keeper.ts';
import { SessionTables } from '../control/session-tables.ts';
import type { Adoption } from '../api/scalars.ts';
import type { MemoryWatch } from '../control/memory-watch.ts';
import { after, nowMs, systemClock, wallMs } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { freshFraction } from '../lib/random.ts';
import { RETRY_REASONS } from '../proxy/retry-reasons.ts';
import { CHOICE_REASONS } from '../routing/table.ts';
import type { Store } from '../store/store.ts';
import { CounterRegistry } from '../telemetry/counter-registry.ts';
import { Exposition } from '../telemetry/exposition.ts';
import type { Discovery } from '../upstream/discovery/discovery.ts';
import type { Probes } from '../upstream/probes/probes.ts';
import { AccessOutput } from './access-output.ts';
import { bindableHost, claimAddress } from '../net/claim-address.ts';
import { createMemoryWatch } from './create-memory-watch.ts';
import { createDiscovery } from './create-discovery.ts';
import { createKeeper, stateDirOf } from './create-keeper.ts';
import { createProbes } from './create-probes.ts';
import type { EndpointUpdate } from '../threads/messages.ts';
import { MirrorAnalysis } from '../threads/mirror-analysis.ts';
import { version } from './version.ts';
import type { EarlyWorker } from '../threads/spawn-worker.ts';
import { Workers } from '../threads/workers.ts';

export interface InstanceOptions {
  /** The config to start with, already judged. */
  readonly first: Loaded;
  /** Where `first` comes from when the config on disk has Problems; undefined when that is what is served. */
  readonly lastGood: { readonly revision: number; readonly atMs: number; readonly problems: readonly Problem[] } | undefined;
  /** Where state is kept; closed when the instance has stopped. */
  readonly store: Store;
  /** Changes what was decoded. */
  readonly adapt?: ((load: LoadResult) => LoadResult) | undefined;
  /** Fingerprint of the config on disk from before `first` was read. */
  readonly firstDigest: string | undefined;
  /** Reads the config; called at every change. */
  readonly load: Load;
  /** What to watch for changes; undefined = nothing. */
  readonly watchPath: string | undefined;
  /** Overrides the config's number of workers. */
  readonly workers: number | undefined;
  readonly log: Log;
  /** A data-plane thread that was started already. */
  readonly early?: EarlyWorker | undefined;
}

export class Instance {
  readonly config: Config;
  readonly #options: InstanceOptions;
  readonly #workers: Workers;
  readonly #probes: Probes;
  readonly #discovery: Discovery;
  readonly #controller: Controller;
  readonly #journal: Journal;
  readonly #exposition: Exposition;
  readonly #admin: AdminServer;
  readonly #memory: MemoryWatch;
  readonly #accessLog: AccessOutput;
  readonly #sessions: SessionTables;
  readonly #keeper: SessionKeeper | undefined;
  readonly #markers: Markers;
  readonly #drains: DrainWatch;
  readonly #mirrorAnalysis: MirrorAnalysis;
  readonly #watch: FileWatch | undefined;
  #draining = false;
  adminAddress: Address;

  /** `config` is the first one, already judged. */
  constructor(config: Config, options: InstanceOptions) {
    this.config = config;
    this.#options = options;
    const { log } = options;
    // Without reusePort (macOS, Windows) only one thread can listen on a port.
    const reusePort = process.platform === 'linux';
    const wanted = options.workers ?? (config.workers === 0 ? availableParallelism() : config.workers);
    const count = reusePort ? wanted : 1;
    if (!reusePort && wanted > 1)
      log.warn({ platform: process.platform }, 'this system cannot share a port between threads: one worker serves');
    const counters = new CounterRegistry(count);
    this.#exposition = new Exposition(counters, { retryReasons: RETRY_REASONS, choiceReasons: CHOICE_REASONS, build: version });
    this.#accessLog = new AccessOutput({ log, onDropped: (lines) => this.#exposition.accessLogDropped(lines) });
    this.#workers = new Workers({
      count,
      reusePort,
      early: options.early,
      counters,
      log,
      nowMs,
      onAccess: (chunk, lines) => this.#accessLog.write(chunk, lines),
      onMissed: (writes, unlisted) => this.#mirrorAnalysis.missed.add(writes, unlisted),
      onRestarted: () => this.#exposition.workerRestarted(),
    });
    const dir = stateDirOf(config, options.store);
    this.#mirrorAnalysis = new MirrorAnalysis({ log, counters, dir, setLinks: (makeLink) => this.#workers.setLinks(makeLink) });
    this.#exposition.registerMirrors(this.#mirrorAnalysis.lines);
    this.#probes = createProbes({ log, counters, workers: this.#workers });
    this.#exposition.registerHealthChecks(() => this.#probes.counts());
    this.#discovery = createDiscovery(log, () => this.#controller.rediscover());
    this.#exposition.registerDiscovery(() => this.#discovery.samples());
    this.#sessions = new SessionTables({ wallMs, chance: freshFraction, load: (pool) => this.#keeper?.load(pool) });
    this.#exposition.registerUsers(() => this.#sessions.lines());
    this.#keeper = createKeeper({ config, store: options.store, sessions: this.#sessions, log });
    const dataPlane: DataPlane = { apply: (update) => this.#post(update), setEndpoints: (update) => this.#postEndpoints(update) };
    this.#journal = new Journal(options.store, wallMs);
    const journal = this.#journal;
    this.#markers = new Markers({ journal, tell: (deploys) => this.#tellDeploys(deploys), wallMs, log });
    this.#exposition.registerDeploys(() => this.#markers.labels());
    this.#drains = new DrainWatch({ clock: systemClock, counters });
    const [markers, drains, sessions] = [this.#markers, this.#drains, this.#sessions];
    const { exposition, discovery } = { exposition: this.#exposition, discovery: this.#discovery };
    const onServed = (served: Config): void => this.#takeOver(served);
    const moveUsers = (pools: readonly string[]): void => this.#moveUsers(pools);
    const { adapt } = options;
    this.#controller = new Controller({ dataPlane, discovery, journal, counters, exposition, log, adapt, moveUsers, onServed });
    const recall = new ExchangeLookup(() => this.#workers.recall(), systemClock);
    const { comparing, missed } = this.#mirrorAnalysis;
    const control = new Control({
      controller: this.#controller,
      journal,
      counters,
      sessions,
      markers,
      drains,
      recall,
      comparing,
      missed,
    });
    const overload = (): OverloadConfig => (this.#controller.config ?? this.config).overload;
    this.#memory = createMemoryWatch({ counters, workers: this.#workers, mirrorAnalysis: this.#mirrorAnalysis, log, overload });
    this.#exposition.registerOverload(() => this.#memory.sample);
    this.#watch = options.watchPath === undefined ? undefined : this.#createWatch(options.watchPath);
    this.adminAddress = config.admin.address;
    this.#admin = new AdminServer({
      address: bindable(config.admin.address),
      metricsType: this.#exposition.contentType,
      ports: {
        ready: () => this.#readiness(),
        metrics: () => this.#metrics(),
        onError: (error) => log.error({ err: error }, 'an admin request failed'),
      },
      control,
      config: config.admin,
      log,
      build: version,
    });
    this.#exposition.registerAdminRefusals(() => this.#admin.refused());
  }

  /** Serves. Rejects with a message for operators when an address is taken; nothing is left running then. */
  async start(): Promise<ApplyResult & { result: 'applied' }> {
    try {
      await claimAddress(this.config.admin.address);
      await this.#watch?.ready;
      this.#accessLog.open(this.config.accessLog?.path ?? '');
      this.adminAddress = await this.#admin.listen();
      const result = await this.#controller.apply(() => this.#firstLoad(), 'start');
      if (result.result === 'failed') throw result.error;
      if (result.result !== 'applied') throw new Error('the config changed to an invalid one while Sluice started');
      this.#tellLastGood();
      return result;
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  /** What was read at first, unless it has changed before the watch began. */
  #firstLoad(): Loaded {
    const { first, firstDigest, lastGood, load } = this.#options;
    return this.#watch === undefined || this.#watch.digest === firstDigest || lastGood !== undefined ? first : load();
  }

  /** Loudly: what is served is not what the operator wrote. */
  #tellLastGood(): void {
    const { firstDigest, lastGood, log } = this.#options;
    if (lastGood === undefined) return;
    const { revision, problems } = lastGood;
    const facts = { at: new Date(lastGood.atMs).toISOString(), problems: problems.slice(0, 10).map(formatProblem) };
    this.#exposition.fileIs('refused');
    this.#journal.record('fallback', { author: '', revision }, facts);
    log.error({ revision, ...facts }, 'the config has problems: the last known good one is served until they are mended');
    if (this.#watch !== undefined && this.#watch.digest !== firstDigest) this.#beginReload('file');
  }

  /** Whether the config on disk had Problems at the start, so that the last known good one was served in its place. */
  get isLastGood(): boolean {
    return this.#options.lastGood !== undefined;
  }

  /** Port of each listener by name, as bound. */
  get ports(): Readonly<Record<string, number>> {
    return this.#workers.ports;
  }

  get workers(): number {
    return this.#workers.total;
  }

  /** Not ready first; then, after the delay, no new connections; then as long as the drain time allows. Answers connections cut. */
  async drain(): Promise<number> {
    const { delayMs, timeoutMs } = (this.#controller.config ?? this.config).drain;
    this.#draining = true;
    this.#options.log.info({ delayMs, timeoutMs }, 'draining');
    await this.#watch?.close();
    if (delayMs > 0) await new Promise<void>((resolve) => void after(delayMs, resolve));
    return this.stop(timeoutMs);
  }

  async stop(timeoutMs: number): Promise<number> {
    this.#draining = true;
    await this.#watch?.close();
    // What reaches a worker after it was told to drain is not answered any more.
    this.#controller.close();
    await this.#discovery.close();
    const cut = await this.#workers.drain(timeoutMs);
    await this.#mirrorAnalysis.close();
    this.#memory.close();
    this.#probes.close();
    this.#drains.close();
    await this.#admin.close();
    await this.#accessLog.close();
    this.#journal.close();
    await this.#keeper?.close();
    this.#options.store.close();
    return cut;
  }

  /** Addresses that are new must be nobody else's before the workers bind them. A port that is ours already only changes its host. */
  async #post(update: Update): Promise<Adoption> {
    const known = new Set((this.#controller.config?.listeners ?? []).map(({ address }) => claimOf(address)));
    for (const { address } of update.config.listeners) if (!known.has(claimOf(address))) await claimAddress(address);
    const tables = this.#sessions.plan(update.config.pools);
    this.#mirrorAnalysis.expect(update.config);
    const sessions = Object.fromEntries([...tables].map(([pool, table]) => [pool, table.sessions.memory]));
    const adoption = await this.#probes.adopt(update.config.pools, () => this.#workers.apply({ ...update, sessions }));
    this.#sessions.commit(tables);
    this.#drains.follow(update.config.pools);
    return adoption;
  }

  #tellDeploys(deploys: readonly VersionDeploy[]): Promise<Adoption> {
    this.#mirrorAnalysis.setDeploys(deploys);
    return this.#workers.setDeploys(deploys);
  }

  #moveUsers(pools: readonly string[]): void {
    this.#sessions.move(pools);
    this.#keeper?.forget(pools);
  }

  async #postEndpoints(update: EndpointUpdate): Promise<Adoption> {
    const adoption = await this.#probes.adopt(update.config.pools, () => this.#workers.setEndpoints(update));
    this.#drains.follow(update.config.pools);
    return adoption;
  }

  #createWatch(path: string): FileWatch {
    const { log } = this.#options;
    return new FileWatch(path, (cause) => this.#beginReload(cause), {
      onMissing: () => log.warn({ path }, 'the config is gone; what was served is served on'),
    });
  }

  /** Nobody waits for it: what goes wrong is told in the log. */
  #beginReload(cause: ChangeCause): void {
    const { load, log } = this.#options;
    this.#reload(load, cause).catch((error: unknown) => log.error({ err: error }, 'a reload failed'));
  }

  async #reload(load: Load, cause: ChangeCause): Promise<void> {
    if (this.#draining) return;
    await this.#controller.apply(load, cause);
    this.#accessLog.reopen();
  }

  /** What is no worker's business. */
  #takeOver(config: Config): void {
    const { admin, accessLog } = config;
    this.#markers.retain(config);
    this.#mirrorAnalysis.follow(config);
    this.#admin.configure(admin);
    this.#accessLog.open(accessLog?.path ?? '');
  }

  #readiness(): { ok: boolean; reason: string } {
    if (this.#draining) return { ok: false, reason: 'draining' };
    if (this.#controller.revision === 0) return { ok: false, reason: 'starting' };
    if (this.#workers.serving === 0) return { ok: false, reason: 'no workers' };
    if (this.#memory.level === 3) return { ok: false, reason: 'overload' };
    return { ok: true, reason: '' };
  }

  #metrics(): Promise<string> {
    const serving = this.#workers.serving;
    this.#exposition.workersAre({ serving, starting: this.#workers.total - serving });
    return this.#exposition.text();
  }
}

function bindable(address: Address): Address {
  return address.kind === 'tcp' ? { ...address, host: bindableHost(address.host) } : address;
}

function claimOf(address: Address): string {
  return address.kind === 'tcp' ? `port ${address.port}` : formatAddress(address);
}
