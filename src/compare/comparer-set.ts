// All comparisons of one thread: one Comparer per mirror, kept as long as what it compares is the same.

import { isDeepStrictEqual } from 'node:util';
import { mirrorKey } from './mirror-key.ts';
import type { DatedReport } from './mirror-report.ts';
import type { RecordedExchange } from './mirrored-exchange.ts';
import type { ComparerSettings } from './comparer.ts';
import { Comparer } from './comparer.ts';
import { DEFAULT_LIMITS } from './comparison-rules.ts';
import { describeReport } from './describe-report.ts';
import type { Comparison, Kind } from './difference.ts';
import type { JudgeSettings } from './judge-settings.ts';
import { DEFAULT_BOUNDS } from './report-record.ts';

/** A mirror whose responses are compared. */
export interface ComparedMirror {
  readonly pool: string;
  readonly mirror: string;
  readonly settings: ComparerSettings;
  readonly judge: JudgeSettings;
  /** Exchanges that began before are no evidence; another number than before begins anew. */
  readonly sinceMs: number;
}

/** What was counted since it was last taken. */
export interface ComparedCount {
  readonly pool: string;
  readonly mirror: string;
  /** As in `RecordedExchange`. */
  readonly version: string;
  /** Exchanges in which both responded, including those whose bodies could not be compared. */
  readonly compared: number;
  /** Of the candidate, noise included; `outcome`: it gave no response where the primary did, and nothing was compared. */
  readonly differences: Readonly<Partial<Record<Kind, number>>>;
}

const MAX_LISTED = 200;
/** Two that hold all that they may take some 160 MiB. */
const MIRRORS_AT_FULL = 2;

interface Count {
  readonly pool: string;
  readonly mirror: string;
  readonly version: string;
  compared: number;
  readonly differences: Partial<Record<Kind, number>>;
}

interface Compared {
  readonly mirror: ComparedMirror;
  readonly comparer: Comparer;
}

export class ComparerSet {
  readonly #counts = new DifferenceCounts();
  #compared: ReadonlyMap<string, Compared> = new Map();

  /**
   * The mirrors that are compared from now on; evidence of one that stays as it was is kept, however it is judged. Throws an Error that names the pattern where a
   * setting is malformed, and then changes nothing.
   */
  setMirrors(mirrors: readonly ComparedMirror[]): void {
    const next = new Map<string, Compared>();
    for (const mirror of mirrors) {
      const key = mirrorKey(mirror.pool, mirror.mirror);
      const known = this.#compared.get(key);
      const comparer = known !== undefined && isSame(known.mirror, mirror) ? known.comparer : undefined;
      next.set(key, { mirror, comparer: comparer ?? new Comparer(withPart(mirror.settings, mirrors.length)) });
    }
    this.#compared = next;
  }

  /** Compares and counts; never throws for what it is given. What belongs to no mirror, or to the time before it, is left out. */
  add(recorded: RecordedExchange): void {
    const compared = this.#compared.get(mirrorKey(recorded.pool, recorded.mirror));
    if (compared === undefined || recorded.exchange.atMs < compared.mirror.sinceMs) return;
    this.#counts.add(recorded, compared.comparer.add(recorded.exchange));
  }

  /** Undefined where no such mirror is compared. At most 200 fields and 200 templates are listed. */
  report(pool: string, mirror: string): DatedReport | undefined {
    const compared = this.#compared.get(mirrorKey(pool, mirror));
    if (compared === undefined) return undefined;
    const { judge, sinceMs } = compared.mirror;
    return { ...describeReport(compared.comparer.tally(), judge, MAX_LISTED), sinceMs };
  }

  /** What was counted since this was last asked, also of mirrors that are gone by now. */
  takeCounts(): readonly ComparedCount[] {
    return this.#counts.take();
  }
}

/** The bounds of the judgement are no part of it: evidence stays valid whatever bounds it is judged by. */
function isSame(one: ComparedMirror, other: ComparedMirror): boolean {
  return one.sinceMs === other.sinceMs && isDeepStrictEqual(one.settings, other.settings);
}

/** Where many mirrors compare, each may remember less, so that hostile responses do not exhaust the thread. */
function withPart(settings: ComparerSettings, mirrors: number): ComparerSettings {
  const part = (all: number): number => Math.ceil(Math.min(1, MIRRORS_AT_FULL / mirrors) * all);
  const { templates, fields, ...bounds } = DEFAULT_BOUNDS;
  const { limits } = settings.comparison;
  return {
    ...settings,
    bounds: { ...bounds, templates: part(templates), fields: part(fields), ...settings.bounds },
    comparison: { ...settings.comparison, limits: { knownFields: part(DEFAULT_LIMITS.knownFields), ...limits } },
  };
}

/** Counts for metrics, by mirror and version: names of the config bound what is kept. What was counted of a mirror that is gone is still reported. */
class DifferenceCounts {
  #counts = new Map<string, Count>();

  /** Counts an exchange; `comparison` is the candidate's, undefined where its response was not compared. */
  add(recorded: RecordedExchange, comparison: Comparison | undefined): void {
    const isFailure = failedAlone(recorded);
    if (comparison === undefined && !isFailure) return;
    const count = this.#of(recorded);
    if (isFailure) raise(count, 'outcome');
    if (comparison === undefined) return;
    count.compared++;
    for (const { kind } of comparison.differences) raise(count, kind);
  }

  take(): readonly ComparedCount[] {
    const counts = [...this.#counts.values()];
    this.#counts = new Map();
    return counts;
  }

  #of({ pool, mirror, version }: RecordedExchange): Count {
    const key = JSON.stringify([pool, mirror, version]);
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const count: Count = { pool, mirror, version, compared: 0, differences: {} };
    this.#counts.set(key, count);
    return count;
  }
}

function failedAlone({ exchange: { primary, candidate } }: RecordedExchange): boolean {
  return primary.outcome === 'ok' && candidate !== undefined && candidate.outcome !== 'ok';
}

function raise(count: Count, kind: Kind): void {
  count.differences[kind] = (count.differences[kind] ?? 0) + 1;
}
