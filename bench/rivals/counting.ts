// Makes a Sluice that is measured count for a rollout from its start on, though no rollout runs: loaded from outside (`node --import`).

import { isMainThread } from 'node:worker_threads';
import { RolloutEvidence } from '../../src/control/rollout-evidence.ts';

const PAIR = { pool: 'app', baseline: 'v1', canary: 'v2', segment: 0, latencyRatio: 1.3, ceilingMs: 5000, events: [], values: [] };
/** As a rollout has it. */
const WINDOW_MS = 10_000;

if (isMainThread) {
  const plan = RolloutEvidence.prototype.plan;
  RolloutEvidence.prototype.plan = function (this: RolloutEvidence, pools) {
    RolloutEvidence.prototype.plan = plan;
    const counts = this.open({ ...PAIR, pool: pools[0]!.name });
    this.onNews = () => void counts.read();
    setInterval(() => void counts.publishBounds(), WINDOW_MS).unref();
    return plan.call(this, pools);
  };
}
