// Hands the workers the endpoints that were discovered since, and what counts: changes of what is served, not of the desired state. No Table is compiled,
// no revision counted, and nobody can refuse it.

import type { Log } from '../../lib/log.ts';
import { counterKeys } from '../counter-keys.ts';
import { findChanges, logChanges } from '../endpoint-changes.ts';
import type { InForceDeps } from './participants.ts';

export type FollowDeps = Pick<InForceDeps, 'workers' | 'probes' | 'discovery' | 'counters' | 'drains' | 'current' | 'secrets'>;

export async function followEndpoints(deps: FollowDeps, log: Log): Promise<void> {
  const { counters, current, discovery, drains, probes, secrets, workers } = deps;
  const { inForce } = current;
  if (inForce === undefined) return;
  const { config, served: before } = inForce;
  const after = { ...config, pools: discovery.expand(config.pools) };
  const versions = findChanges(before.pools, after.pools);
  if (versions.length === 0) return;
  const plan = counters.reserve(counterKeys(after));
  const filled = secrets.fill(after);
  const { applied, total } = await probes.adopt(filled.pools, () => workers.setEndpoints({ config: filled, versions, counters: plan }));
  drains.follow(after.pools);
  counters.commit(plan, applied === total ? 'all' : 'some');
  current.follow(after);
  logChanges(log, before.pools, versions);
}

/** Where rollouts count by now, with the weights that are served. */
export async function followRollouts({ workers, evidence, current }: Pick<InForceDeps, 'workers' | 'evidence' | 'current'>): Promise<void> {
  if (current.served === undefined || !evidence.changed) return;
  const { version } = evidence;
  await workers.setRollouts(evidence.plan(current.served.pools));
  evidence.told(version);
}
