// Rollouts as metrics: their states, steps, verdicts and evidence, and how many were taken back, by reason.

import { ENDED } from '../../rollout/model.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { shownState } from './shown-state.ts';
import type { RolloutLines } from '../../telemetry/lines.ts';

const REASONS = ['rolled-back', 'aborted', 'superseded', 'failed'] as const;

/** @param latest the rollout of each pool that runs, or ended last @param ended since the start of the process, by how they ended */
export function rolloutLines(
  latest: () => readonly RolloutState[],
  ended: () => ReadonlyMap<string, number>,
): Omit<RolloutLines, 'drills' | 'drillSeconds'> {
  return {
    *states() {
      for (const state of latest()) yield [{ pool: state.pool, state: shownState(state) }, 1];
    },
    *steps() {
      for (const { pool, step, status } of latest()) if (!ENDED.has(status)) yield [{ pool }, step];
    },
    *verdicts() {
      for (const { pool, verdicts } of latest())
        for (const [check, { verdict }] of Object.entries(verdicts)) yield [{ pool, check, verdict }, 1];
    },
    *evidence() {
      for (const { pool, verdicts } of latest())
        for (const [check, { towards }] of Object.entries(verdicts)) {
          yield [{ pool, check, towards: 'fail' }, finite(towards.fail)];
          yield [{ pool, check, towards: 'harmless' }, finite(towards.harmless)];
        }
    },
    *aborts() {
      for (const reason of REASONS) yield [{ reason }, ended().get(reason) ?? 0];
    },
  };
}

function finite(value: number): number {
  return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0;
}
