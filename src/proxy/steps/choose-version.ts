// Which version of the pool that a request leads to is to respond, and for which arm of a rollout it counts.

import { leaveVersion } from '../../routing/choose-otherwise.ts';
import { chooseFor } from '../../routing/choose.ts';
import type { Destination } from '../../routing/table.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import { beginEvidence } from './count-evidence.ts';

/** False: no version may respond. */
export function chooseVersion(exchange: ExchangeControl, destination: Destination): boolean {
  const { state } = exchange;
  const { choice } = state;
  const servedPool = state.serving!.pools[destination.pool.index]!;
  chooseFor(destination, state.head, state.client, servedPool, choice);
  const { evidence } = servedPool;
  if (evidence !== undefined) {
    if (evidence.signals.halted) leaveVersion(destination.pool, evidence.canary, evidence.baseline, servedPool, choice);
    else beginEvidence(exchange, servedPool, evidence);
  }
  if (choice.version === undefined) return false;
  const version = servedPool.versions[choice.version.index]!;
  state.attempt.version = version;
  version.counters.began();
  version.counters.chosen(choice.reason);
  return true;
}
