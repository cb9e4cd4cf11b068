// Hands the workers and the probes the values of secrets that were read again, with the config that is in force: no revision is counted.

import type { Log } from '../../lib/log.ts';
import type { InForceDeps } from './participants.ts';
import { hand } from './serving.ts';

type FollowDeps = Pick<InForceDeps, 'workers' | 'probes' | 'counters' | 'sessions' | 'evidence' | 'certificates' | 'secrets' | 'current'>;

export async function followSecrets(deps: FollowDeps, log: Log): Promise<void> {
  const { certificates, counters, current, secrets, sessions } = deps;
  const { inForce } = current;
  if (inForce === undefined || !secrets.changed) return;
  const handed = {
    ...inForce,
    tls: certificates.inUse,
    counters: counters.complete(),
    sessions: sessions.plan(inForce.served.pools),
  };
  try {
    await hand(deps, handed);
  } catch (error) {
    // They are still to be handed over, with whatever comes next.
    log.error({ err: error as Error }, 'the workers did not take the new value of a secret');
  }
}
