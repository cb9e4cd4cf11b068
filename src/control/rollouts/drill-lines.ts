// Drills as metrics, and what is wrong with them: one that cannot put everything back, one that failed, and one that cannot be read. Pure.

import type { Drill } from '../../api/drills.ts';
import type { Finding } from '../../api/overview.ts';
import type { RolloutLines } from '../../telemetry/lines.ts';

/** A drill that failed is told for so long, or until the next of its pool. */
const TOLD_MS = 3_600_000;

/** @param drills the last of each pool */
export function drillLines(drills: () => readonly Drill[]): Pick<RolloutLines, 'drills' | 'drillSeconds'> {
  return {
    *drills() {
      for (const { pool, result, endedMs } of drills())
        if (result !== undefined && endedMs !== undefined) yield [{ pool, result }, endedMs / 1000];
    },
    *drillSeconds() {
      for (const { pool, seconds } of drills())
        for (const [phase, taken] of Object.entries(seconds)) if (taken !== undefined) yield [{ pool, phase }, taken];
    },
  };
}

export function drillFindings(drills: readonly Drill[], wallMs: number): readonly Finding[] {
  return drills.flatMap(({ id, pool, fault, result, why, endedMs = 0 }): readonly Finding[] => {
    const at = { place: `pools.${pool}`, pool };
    if (fault !== undefined)
      return [
        { severity: 'error', code: 'drill-stuck', ...at, message: `Drill ${id} cannot put everything back: ${fault}. It is tried again.` },
      ];
    if (result !== 'failed' || wallMs - endedMs >= TOLD_MS) return [];
    return [{ severity: 'warning', code: 'drill-failed', ...at, message: `The last drill failed: ${why}.`, sinceMs: endedMs }];
  });
}

/** @param pools whose drill was kept and cannot be read */
export function unreadableDrills(pools: readonly string[]): readonly Finding[] {
  return pools.map((pool) => ({
    severity: 'error',
    code: 'drill-unreadable',
    place: `pools.${pool}`,
    pool,
    message: `A drill of pool ${pool} was kept and cannot be read: if it was under way, what it changed is not put back. See: sluice config diff; the next drill of the pool ends this`,
  }));
}
