// What was compared, added up over the lives of the thread that compares. Labels come from the config alone.

import { compoundKey } from '../lib/compound-key.ts';
import type { Config } from '../config/model.ts';
import { candidateCounterKeys } from '../control/counter-keys.ts';
import type { ComparedCount } from '../compare/comparer-set.ts';
import { mirrorKey } from '../compare/mirror-key.ts';
import { KINDS } from '../compare/difference.ts';
import type { Kind } from '../compare/difference.ts';
import type { Lines } from '../telemetry/samples.ts';

interface Series {
  readonly labels: Readonly<Record<'pool' | 'mirror' | 'version', string>>;
  /** Whether its mirror compares, as the config of now says. */
  isTold: boolean;
  compared: number;
  readonly differences: Map<Kind, number>;
}

export class ComparedCounts {
  #series: ReadonlyMap<string, Series> = new Map();

  /** The series of this config: those of mirrors and versions that it does not have go. */
  retain(config: Config): void {
    const mirrors = config.pools.flatMap(({ name, mirrors: all }) => all.map((mirror) => [mirrorKey(name, mirror.name), mirror] as const));
    const comparing = new Set(mirrors.filter(([, { compare }]) => compare !== undefined).map(([key]) => key));
    const series = new Map<string, Series>();
    for (const { pool, mirror, version } of candidateCounterKeys(config)) {
      const labels = { pool, mirror, version };
      const isTold = comparing.has(mirrorKey(pool, mirror));
      const known = this.#series.get(keyOf(labels)) ?? { labels, isTold, compared: 0, differences: new Map<Kind, number>() };
      known.isTold = isTold;
      series.set(keyOf(labels), known);
    }
    this.#series = series;
  }

  /** What comes late for a mirror that has gone is dropped. */
  add(counts: readonly ComparedCount[]): void {
    for (const { compared, differences, ...labels } of counts) {
      const series = this.#series.get(keyOf(labels));
      if (series === undefined) continue;
      series.compared += compared;
      for (const kind of KINDS) {
        const found = differences[kind] ?? 0;
        if (found > 0) series.differences.set(kind, (series.differences.get(kind) ?? 0) + found);
      }
    }
  }

  *comparisons(): Lines {
    for (const { labels, isTold, compared } of this.#series.values()) if (isTold || compared > 0) yield [labels, compared];
  }

  *differences(): Lines {
    for (const { labels, isTold, differences } of this.#series.values()) {
      for (const kind of KINDS) {
        const found = differences.get(kind) ?? 0;
        if (isTold || found > 0) yield [{ ...labels, kind }, found];
      }
    }
  }
}

function keyOf({ pool, mirror, version }: Series['labels']): string {
  return compoundKey(pool, mirror, version);
}
