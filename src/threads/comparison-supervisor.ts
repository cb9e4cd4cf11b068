// Comparison of shadows, on the control thread: keeps one thread that compares as long as a mirror wants it, replaces it when it dies, and asks
// it for reports. Nothing here touches traffic: without that thread workers compare nothing, and serve on.

import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/model.ts';
import { ReportCache } from '../control/report-cache.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { ComparedCount, ComparedMirror } from '../compare/comparer-set.ts';
import type { DatedReport } from '../compare/mirror-report.ts';
import type { VersionDeploy } from '../telemetry/version-deploy.ts';
import { ComparedMirrors } from './compared-mirrors.ts';
import { ComparisonThreadHost } from './comparison-thread-host.ts';
import { RestartPace } from './restart-pace.ts';
import type { MakeLink } from './workers.ts';

export interface ComparisonSupervisorDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Tells all workers, and those that start later, where to send what is to be compared; undefined: nowhere. */
  readonly setLinks: (makeLink: MakeLink | undefined) => void;
  readonly onCounts: (counts: readonly ComparedCount[]) => void;
}

export class ComparisonSupervisor {
  readonly #deps: ComparisonSupervisorDeps;
  readonly #compared = new ComparedMirrors();
  readonly #pace = new RestartPace();
  readonly #reports: ReportCache<DatedReport | 'busy'>;
  #config: Config | undefined = undefined;
  #deploys: readonly VersionDeploy[] = [];
  #mirrors: readonly ComparedMirror[] = [];
  #life: ComparisonThreadHost | undefined = undefined;
  /** Until another thread takes the place of one that died. */
  #restart: Timer | undefined = undefined;
  #closed = false;

  constructor(deps: ComparisonSupervisorDeps) {
    this.#deps = deps;
    this.#reports = new ReportCache((pool, mirror) => this.#ask(pool, mirror), deps.clock);
  }

  /** What the heap of the thread holds; 0 where there is none. */
  get memoryBytes(): number {
    return this.#life?.memoryBytes ?? 0;
  }

  /** Every worker serves this config by now: what begins from now on is of its mirrors. */
  follow(config: Config): void {
    this.#config = config;
    this.#update();
  }

  /** Which deploy each version is that has a marker. A new one begins anew what compares the version. */
  setDeploys(deploys: readonly VersionDeploy[]): void {
    this.#deploys = deploys;
    this.#update();
  }

  /** What comparing has shown of a mirror; at most 0.25 s old. `busy`: not now. Never rejects. */
  async report(pool: string, mirror: string): Promise<DatedReport | 'busy'> {
    const compared = this.#mirrors.find((each) => each.pool === pool && each.mirror === mirror);
    if (this.#life === undefined || compared === undefined) return 'busy';
    // The clock was set back: nothing that comes before it has caught up would be evidence.
    if (compared.sinceMs > this.#deps.clock.wallMs()) this.#update();
    return this.#reports.get(pool, mirror);
  }

  collect(): void {
    this.#life?.collect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#end();
  }

  #update(): void {
    if (this.#closed || this.#config === undefined) return;
    const mirrors = this.#compared.list(this.#config, this.#deploys, this.#deps.clock.wallMs());
    if (isDeepStrictEqual(mirrors, this.#mirrors)) return;
    this.#mirrors = mirrors;
    this.#reports.forget();
    if (mirrors.length === 0) void this.#end();
    else if (this.#life !== undefined) this.#life.setMirrors(mirrors);
    else if (this.#restart === undefined) this.#begin();
  }

  #begin(): void {
    const { log, setLinks } = this.#deps;
    const life = this.#start();
    if (life === undefined) return this.#retry();
    this.#life = life;
    life.setMirrors(this.#mirrors);
    setLinks(() => life.link());
    log.info({ mirrors: this.#mirrors.length }, 'responses of shadows are compared');
  }

  /** A system that has no thread left for it is no reason to fail a change of the config. */
  #start(): ComparisonThreadHost | undefined {
    const { clock, log, onCounts } = this.#deps;
    try {
      const life = new ComparisonThreadHost({ clock, log, onCounts, onEnd: () => this.#onEnd(life) });
      return life;
    } catch (error) {
      log.error({ err: error as Error }, 'the thread that compares cannot start');
      return undefined;
    }
  }

  async #end(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    this.#restart?.stop();
    this.#restart = undefined;
    if (life === undefined) return;
    this.#deps.setLinks(undefined);
    await life.end();
    this.#deps.log.info({}, 'responses of shadows are no longer compared');
  }

  #onEnd(life: ComparisonThreadHost): void {
    if (this.#life !== life) return;
    this.#life = undefined;
    this.#reports.forget();
    this.#deps.setLinks(undefined);
    this.#deps.log.warn({}, 'what was compared of shadows is lost, comparison begins anew');
    this.#retry();
  }

  #retry(): void {
    const { clock } = this.#deps;
    this.#restart = clock.after(this.#pace.next(clock.nowMs()), () => {
      this.#restart = undefined;
      this.#compared.forget();
      this.#mirrors = this.#compared.list(this.#config!, this.#deploys, clock.wallMs());
      this.#begin();
    });
  }

  async #ask(pool: string, mirror: string): Promise<DatedReport | 'busy'> {
    return (await this.#life?.report(pool, mirror)) ?? 'busy';
  }
}
