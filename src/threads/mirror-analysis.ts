// What this instance knows of its shadows: what comparing their responses shows, and which writes they are missing. Joins those who know with
// those who ask; it decides nothing.

import type { Config } from '../config/model.ts';
import { MissedWriteFile } from '../control/missed-write-file.ts';
import { MissedWriteLedgers } from '../control/missed-writes.ts';
import type { Comparing } from '../control/ports.ts';
import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { MIRROR_UNCOMPARED } from '../telemetry/counter-layout.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import type { MirrorLines } from '../telemetry/lines.ts';
import type { VersionDeploy } from '../telemetry/version-deploy.ts';
import { ComparedCounts } from './compared-counts.ts';
import { ComparisonSupervisor } from './comparison-supervisor.ts';
import type { ComparisonSupervisorDeps } from './comparison-supervisor.ts';

export interface MirrorAnalysisDeps {
  readonly log: Log;
  readonly setLinks: ComparisonSupervisorDeps['setLinks'];
  readonly counters: Pick<CounterRegistry, 'blocks'>;
  /** Where state is kept; undefined: nowhere. */
  readonly dir: string | undefined;
}

export class MirrorAnalysis {
  readonly missed: MissedWriteLedgers;
  readonly comparing: Comparing;
  readonly lines: MirrorLines;
  readonly #comparisons: ComparisonSupervisor;
  readonly #counts = new ComparedCounts();
  readonly #file: MissedWriteFile | undefined;

  constructor({ log, setLinks, counters, dir }: MirrorAnalysisDeps) {
    this.#file = dir === undefined ? undefined : new MissedWriteFile({ dir, log });
    this.missed = new MissedWriteLedgers(this.#file);
    const onCounts: ComparisonSupervisorDeps['onCounts'] = (counts) => this.#counts.add(counts);
    this.#comparisons = new ComparisonSupervisor({ clock: systemClock, log, setLinks, onCounts });
    this.comparing = {
      report: (pool, mirror) => this.#comparisons.report(pool, mirror),
      dropped: (pool, mirror) => countDropped(counters, pool, mirror),
    };
    this.lines = {
      comparisons: () => this.#counts.comparisons(),
      differences: () => this.#counts.differences(),
      missedWrites: () => this.missed.lines(),
    };
  }

  /** What the heap of the thread that compares holds. */
  get memoryBytes(): number {
    return this.#comparisons.memoryBytes;
  }

  /** Has the thread that compares collect its garbage. */
  collect(): void {
    this.#comparisons.collect();
  }

  /** A config is on its way to the workers. */
  expect(config: Config): void {
    this.missed.expect(config);
  }

  /** Every worker serves this config. */
  follow(config: Config): void {
    this.missed.retain(config);
    this.#counts.retain(config);
    this.#comparisons.follow(config);
  }

  setDeploys(deploys: readonly VersionDeploy[]): void {
    this.#comparisons.setDeploys(deploys);
  }

  /** Another process may have the folder of the state, too. */
  async share(isShared: boolean): Promise<void> {
    await this.#file?.share(isShared);
  }

  async close(): Promise<void> {
    await this.#comparisons.close();
    await this.#file?.close();
  }
}

function countDropped(counters: Pick<CounterRegistry, 'blocks'>, pool: string, mirror: string): number {
  const ofMirror = counters.blocks('mirror').filter(({ labels }) => labels['pool'] === pool && labels['mirror'] === mirror);
  return ofMirror.reduce((sum, block) => sum + block.total(MIRROR_UNCOMPARED), 0);
}
