// Chooses the version that serves a request or a connection, and begins to count for a rollout where there is one.

import { leaveVersion } from '../../routing/choose-otherwise.ts';
import { chooseFor } from '../../routing/choose.ts';
import type { RoutableRequest } from '../../routing/request.ts';
import type { VersionedControl } from '../versioned.ts';
import { beginEvidence } from './count-evidence.ts';

/** @param client its address. False: no version may respond */
export function chooseVersion(control: VersionedControl, request: RoutableRequest, client: string): boolean {
  const { choice, attempt, serving, destination } = control.state;
  const { pool } = destination!;
  const servedPool = serving!.pools[pool.index]!;
  chooseFor(destination!, request, client, servedPool, choice);
  const { evidence } = servedPool;
  if (evidence !== undefined) {
    if (evidence.signals.halted) leaveVersion(pool, evidence.canary, evidence.baseline, servedPool, choice);
    else beginEvidence(control, request.path, servedPool, evidence);
  }
  if (choice.version === undefined) return false;
  const version = servedPool.versions[choice.version.index]!;
  attempt.version = version;
  version.counters.began();
  version.counters.chosen(choice.reason);
  return true;
}
