// One Sluice process: control plane here, data plane in worker threads. Wires them, starts them in order, and ends them in order.
// Long because both orders are told here, with all that changes them: a config that was lost, another process that takes over.

import type { AdminServer } from '../admin/admin-server.ts';
import { TlsFileFault } from '../control/certificates/tls-files.ts';
import { locatedFault } from '../config/located-fault.ts';
import type { Path } from '../config/path.ts';
import { formatProblem } from '../config/problem.ts';
import type { Problem } from '../config/problem.ts';
import type { Address, Config } from '../config/model.ts';
import type { EndpointEvents } from '../control/endpoint-events.ts';
import { FILE_AUTHOR } from '../control/file-state.ts';
import { PutInForce } from '../control/in-force/put-in-force.ts';
import { Journal } from '../control/journal.ts';
import type { Transform } from '../control/sources/desired.ts';
import { FileSource } from '../control/sources/file-source.ts';
import type { ChangeCause } from '../control/sources/file-watch.ts';
import type { ClaimAddress } from '../control/ports.ts';
import type { ApplyResult, Loaded } from '../control/submission.ts';
import { after, wallMs } from '../lib/clock.ts';
import { collectGarbage, isLargeHeap } from '../lib/heap.ts';
import type { Log } from '../lib/log.ts';
import type { Store } from '../store/store.ts';
import { VERSION_IN_FLIGHT } from '../telemetry/counter-layout.ts';
import type { Reader } from '../threads/reader.ts';
import type { EarlyWorker } from '../threads/spawn-worker.ts';
import { claimAddress } from '../net/claim-address.ts';
import { createAdmin } from './create-admin.ts';
import { createControl } from './create-control.ts';
import type { ControlOfInstance } from './create-control.ts';
import { createServing } from './create-serving.ts';
import type { ServingOfInstance } from './create-serving.ts';
import { stateDirOf } from './create-keeper.ts';
import type { LostState } from './open-state.ts';
import { createDoor } from './takeover/create-door.ts';
import type { DoorOfInstance } from './takeover/create-door.ts';
import { AT_REST } from './takeover/giving-way.ts';
import type { Beside } from './takeover/take-over.ts';
import type { TakeoverDoor } from './takeover/takeover-door.ts';

/** Nobody waits for its end: clients that are slow to learn of it have time. */
const TAKEN_OVER_GRACE_MS = 1_000;

export interface InstanceOptions {
  /** The config to start with, already judged. */
  readonly first: Loaded;
  /** Where `first` comes from when the config on disk has Problems; undefined when that is what is served. */
  readonly lastGood: { readonly revision: number; readonly atMs: number; readonly problems: readonly Problem[] } | undefined;
  /** What the start could not find any more. */
  readonly lost: LostState | undefined;
  /** Where state is kept; closed when the instance has stopped. */
  readonly store: Store;
  /** The process that is taken over. */
  readonly beside?: Beside | undefined;
  /** Changes what was decoded. */
  readonly transform?: Transform | undefined;
  /** Fingerprint of the config on disk from before `first` was read. */
  readonly firstDigest: string | undefined;
  /** Reads the config; called at every change. */
  readonly load: () => Loaded | Promise<Loaded>;
  /** Reads what is sent and what endpoint files say; closed when the instance has stopped. */
  readonly reader: Reader;
  /** What to watch for changes; undefined = nothing. */
  readonly watchPath: string | undefined;
  /** Overrides the config's number of workers. */
  readonly workers: number | undefined;
  /** A data-plane thread that was started already. */
  readonly early?: EarlyWorker | undefined;
  readonly log: Log;
}

export class Instance {
  readonly config: Config;
  readonly #options: InstanceOptions;
  readonly #serving: ServingOfInstance;
  readonly #control: ControlOfInstance;
  readonly #file: FileSource;
  readonly #admin: AdminServer;
  #isStarted = false;
  #door: TakeoverDoor | undefined = undefined;
  readonly #takenOver = Promise.withResolvers<void>();
  #isTakenOver = false;
  #draining = false;
  adminAddress: Address;
  /** Of probes and metrics alone; undefined when they have none of their own. */
  probesAddress: Address | undefined = undefined;

  /** `config` is the first one, already judged. */
  static async open(config: Config, options: InstanceOptions): Promise<Instance> {
    return new Instance(config, options, await Journal.open(options.store, wallMs));
  }

  private constructor(config: Config, options: InstanceOptions, kept: Awaited<ReturnType<typeof Journal.open>>) {
    const { store, beside, lost, reader, transform, workers, early, watchPath, first, firstDigest, lastGood, load, log } = options;
    this.config = config;
    this.#options = options;
    const onDiscovered = (): void => void this.#control.controller.submit({ kind: 'discovered' });
    const onEndpoint: EndpointEvents['tell'] = (kind, event) => this.#control.endpointEvents.tell(kind, event);
    const stateDir = stateDirOf(config, store);
    this.#serving = createServing(config, { workers, early, stateDir, beside, log, reader, onDiscovered, onEndpoint });
    const onChange = (cause: ChangeCause): void => this.#reload(cause);
    const isLastGood = lastGood !== undefined;
    this.#file = new FileSource({ path: watchPath, load, first, firstDigest, isLastGood, onChange, ...this.#onFileGone(), log });
    this.#control = createControl(config, this.#serving, { store, ...kept, lost, file: this.#file, reading: reader, transform, log });
    this.adminAddress = config.admin.address;
    this.#admin = createAdmin(this.#serving, this.#control, {
      isShared: stateDir !== undefined && process.platform === 'linux',
      config: beside?.placed(config.admin) ?? config.admin,
      log,
      ready: () => this.#readiness(),
    });
    if (beside !== undefined) this.#admin.rest(AT_REST);
    const { mirrorAnalysis: mirrors, ...serving } = this.#serving;
    const { sessions, keptSessions, revisions: keeper, controller, ...control } = this.#control;
    const moveUsers = (pools: readonly string[]): void => {
      sessions.move(pools);
      keptSessions?.forget(pools);
    };
    controller.begin(
      new PutInForce({ ...serving, ...control, mirrors, sessions, keeper, moveUsers, claimAddress: this.#claim, admin: this.#admin }, log),
    );
  }

  /** Serves. Rejects with a message for operators when an address is taken; nothing is left running then. */
  async start(): Promise<ApplyResult & { result: 'applied' }> {
    try {
      await this.#claimAdmin();
      await this.#file.ready;
      this.#serving.accessLog.open(this.config.accessLog?.path ?? '');
      this.adminAddress = await this.#admin.listen().catch((error: unknown) => {
        throw error instanceof TlsFileFault ? locatedFault(this.#options.first.read, error.path, error) : error;
      });
      this.probesAddress = await this.#admin.listenForProbes();
      await this.#control.rollouts.ready();
      const result = await this.#control.controller.submit({ kind: 'file', cause: 'start' });
      if (result.result === 'failed') throw result.error;
      if (result.result !== 'applied') throw new Error('the config changed to an invalid one while Sluice started');
      await this.#commit();
      await this.#tellLost();
      await this.#tellLastGood();
      await this.#settle();
      this.#isStarted = true;
      await this.#openDoor();
      return result;
    } catch (error) {
      // Beside another process it may have clients.
      await this.stop(this.#options.beside === undefined ? 0 : this.config.drain.timeoutMs);
      throw error;
    }
  }

  /** What the process that is taken over has is bound beside it. */
  readonly #claim: ClaimAddress = async (address) => {
    const { beside } = this.#options;
    if (this.#isStarted || address.kind === 'srv' || beside?.has(address) !== true) await claimAddress(address);
  };

  /** All is served: the process that is taken over ends from here on. */
  async #commit(): Promise<void> {
    const { beside, store, log } = this.#options;
    if (beside === undefined) return;
    const entries = await beside.commit();
    for (const entry of entries) await store.record(entry);
    const { pid, version } = beside.given;
    const { revision } = this.#control.current;
    await this.#control.journal.record('takeover', { author: '', revision }, { result: 'taken', pid, version });
    log.info({ from: pid, version, revision }, 'this process has taken over');
    beside.end();
    this.#serving.workers.endBeside();
    this.#admin.rest(undefined);
  }

  /** From here on another process can take over from this one. */
  async #openDoor(): Promise<void> {
    const { store, log } = this.#options;
    const dir = stateDirOf(this.config, store);
    const onLeft = (): void => {
      this.#isTakenOver = true;
      this.#takenOver.resolve();
    };
    const adminAddresses: DoorOfInstance['adminAddresses'] = () => ({
      written: this.config.admin.address,
      bound: this.adminAddress,
      probes: this.probesAddress,
    });
    this.#door = createDoor(this.#serving, this.#control, { store, admin: this.#admin, adminAddresses, onLeft, log });
    if (dir !== undefined) await this.#door?.open(dir);
  }

  /** Resolves when another process has taken over. */
  get takenOver(): Promise<void> {
    return this.#takenOver.promise;
  }

  async #claimAdmin(): Promise<void> {
    const { address, probesAddress } = this.config.admin;
    const claim = async (each: Address | undefined, path: Path): Promise<void> => {
      if (each === undefined) return;
      await this.#claim(each).catch((error: unknown) => {
        throw locatedFault(this.#options.first.read, path, error);
      });
    };
    await claim(address, ['admin', 'address']);
    await claim(probesAddress, ['admin', 'probes', 'address']);
  }

  /** What a large config has left goes before anybody counts on this thread: to collect it stops it for a moment. */
  async #settle(): Promise<void> {
    if (!isLargeHeap()) return;
    await this.#options.reader.rest();
    collectGarbage();
  }

  async #tellLost(): Promise<void> {
    const { lost } = this.#options;
    if (lost === undefined) return;
    const { revision } = this.#control.current;
    const { changes } = lost;
    this.#serving.exposition.stateLost({ history: true, changes: changes === undefined });
    const facts = changes === undefined ? { changes: 'lost' } : { changes: 'from the copy', of: changes.number };
    await this.#control.journal.record('state-lost', { author: '', revision }, facts);
  }

  /** Loudly: what is served is not what the operator wrote. */
  async #tellLastGood(): Promise<void> {
    const { lastGood, log } = this.#options;
    if (lastGood === undefined) return;
    const { revision, problems } = lastGood;
    const facts = { at: new Date(lastGood.atMs).toISOString(), problems: problems.slice(0, 10).map(formatProblem) };
    this.#control.fileState.refuse(problems.map(formatProblem), revision);
    await this.#control.journal.record('fallback', { author: FILE_AUTHOR, revision }, facts);
    log.error({ revision, ...facts }, 'the config has problems: the last known good one is served until they are mended');
    if (this.#file.hasChanged) this.#reload('file');
  }

  /** Whether the config on disk had Problems at the start, so that the last known good one was served in its place. */
  get isLastGood(): boolean {
    return this.#options.lastGood !== undefined;
  }

  /** Port of each listener by name, as bound. */
  get ports(): Readonly<Record<string, number>> {
    return this.#serving.workers.ports;
  }

  get workers(): number {
    return this.#serving.workers.total;
  }

  /** Requests that are in flight. */
  get left(): number {
    return this.#serving.counters.blocks('version').reduce((sum, block) => sum + block.total(VERSION_IN_FLIGHT), 0);
  }

  /** Log files may have been moved away: what is written from now on goes to new ones. */
  reopenLogs(): void {
    this.#serving.accessLog.reopen();
    this.#options.log.info({}, 'log files are opened anew');
  }

  /** Not ready first; then, after the delay, no new connections; then as long as the drain time allows. Returns connections cut. */
  async drain(): Promise<number> {
    const { delayMs, timeoutMs } = (this.#control.current.config ?? this.config).drain;
    this.#draining = true;
    this.#options.log.info({ delayMs, timeoutMs }, 'draining');
    await this.#file.close();
    // New clients meet the other process.
    if (delayMs > 0 && !this.#isTakenOver) await new Promise<void>((resolve) => void after(delayMs, resolve));
    return this.stop(timeoutMs);
  }

  async stop(timeoutMs: number): Promise<number> {
    this.#draining = true;
    const { accessLog, discovery, mirrorAnalysis, probes, workers, certificates } = this.#serving;
    const { rollouts, controller, drains, endpointEvents, journal, keptSessions, looking, memory, outages, previews, secrets } =
      this.#control;
    await this.#door?.close();
    outages.close();
    previews.close();
    secrets.close();
    await this.#file.close();
    await rollouts.close();
    await certificates.close();
    // A worker that was told to drain confirms nothing any more.
    controller.close();
    await discovery.close();
    const cut = await (this.#isTakenOver ? workers.drain(timeoutMs, TAKEN_OVER_GRACE_MS) : workers.drain(timeoutMs));
    await mirrorAnalysis.close();
    memory.close();
    looking.stop();
    endpointEvents.close();
    probes.close();
    drains.close();
    await this.#admin.close();
    await accessLog.close();
    await journal.close();
    await keptSessions?.close();
    await this.#options.reader.close();
    await this.#options.store.close();
    return cut;
  }

  /** What is told when the config on disk is gone, and when it is back as it was. */
  #onFileGone(): { readonly onGone: () => void; readonly onBack: () => void } {
    const tell = (told: (control: ControlOfInstance) => void) => () => told(this.#control);
    return {
      onGone: tell(({ fileState, current }) => fileState.vanish(current.revision)),
      onBack: tell(({ fileState, current }) => fileState.reappear(current.revision)),
    };
  }

  /** Nobody waits for it: what goes wrong is told in the log. */
  #reload(cause: ChangeCause): void {
    if (this.#draining) return;
    const reloaded = this.#control.controller.submit({ kind: 'file', cause });
    reloaded.then(
      () => this.#serving.accessLog.reopen(),
      (error: unknown) => this.#options.log.error({ err: error as Error }, 'a reload failed'),
    );
  }

  #readiness(): { ok: boolean; reason: string } {
    if (this.#draining) return { ok: false, reason: 'draining' };
    if (!this.#isStarted) return { ok: false, reason: 'starting' };
    if (this.#control.current.isAdrift && this.config.state.whenLost === 'not-ready') return { ok: false, reason: 'state lost' };
    if (this.#serving.workers.serving === 0) return { ok: false, reason: 'no workers' };
    if (this.#control.memory.level === 3) return { ok: false, reason: 'overload' };
    return { ok: true, reason: '' };
  }
}
