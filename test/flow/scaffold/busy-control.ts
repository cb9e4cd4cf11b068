// Keeps the control thread of a Sluice busy from the start of its first rollout on, as a compile, a scrape and a slow disk together would: loaded from
// outside (`node --import`), so that the product itself needs no such door.
//
//   startShops(['shop'], { rollouts, options: busyControl(200) });

import { isMainThread } from 'node:worker_threads';
import { RolloutEvidence } from '../../../src/control/rollout-evidence.ts';

/** Between two times in which it does nothing else. */
const FREE_MS = 5;

/** @param ms it is busy for so long without a pause */
export function busyControl(ms: number): { env: Record<string, string>; nodeArguments: string[] } {
  return { env: { BUSY_CONTROL_MS: String(ms) }, nodeArguments: ['--import', import.meta.url] };
}

const busyMs = Number(process.env['BUSY_CONTROL_MS'] ?? 0);
if (busyMs > 0 && isMainThread) {
  const { open } = RolloutEvidence.prototype;
  RolloutEvidence.prototype.open = function (this: RolloutEvidence, pair) {
    RolloutEvidence.prototype.open = open;
    const work = (): void => {
      const untilMs = performance.now() + busyMs;
      while (performance.now() < untilMs);
      setTimeout(work, FREE_MS).unref();
    };
    setTimeout(work, FREE_MS).unref();
    return open.call(this, pair);
  };
}
