// The participants with a commit point: the workers, who serve the config, and the journal, which keeps it.

import type { Adoption } from '../../api/scalars.ts';
import type { Config } from '../../config/model.ts';
import type { CounterPlan } from '../../telemetry/counter-plan.ts';
import type { CounterRegistry } from '../../telemetry/counter-registry.ts';
import type { DataPlane, HealthChecks } from '../ports.ts';
import type { RevisionKeeper } from '../revision-keeper.ts';
import type { RolloutEvidence } from '../rollout-evidence.ts';
import type { Certificates } from '../certificates/certificates.ts';
import type { ListenerTlsFiles } from '../certificates/tls-files.ts';
import type { SessionTable, SessionTables } from '../session-tables.ts';
import { CannotGoBack, GivenUp } from './participant.ts';
import type { Participant } from './participant.ts';

export function stillWanted(isClosed: () => boolean): Participant {
  return {
    name: 'still wanted',
    commit() {
      if (isClosed()) throw new GivenUp('Sluice is stopping.');
    },
  };
}

export interface ServedDeps {
  readonly workers: DataPlane;
  readonly probes: HealthChecks;
  readonly counters: Pick<CounterRegistry, 'complete'>;
  readonly sessions: Pick<SessionTables, 'plan'>;
  readonly evidence: Pick<RolloutEvidence, 'plan' | 'version' | 'told'>;
  readonly certificates: Pick<Certificates, 'update'>;
}

interface Handed {
  readonly revision: number;
  readonly served: Config;
  readonly counters: CounterPlan;
  readonly sessions: ReadonlyMap<string, SessionTable>;
  readonly tls: readonly ListenerTlsFiles[];
}

export function served({ workers, probes, counters, sessions, evidence, certificates }: ServedDeps): Participant {
  const hand = async (handed: Handed): Promise<Adoption> => {
    const memory = Object.fromEntries([...handed.sessions].map(([pool, table]) => [pool, table.sessions.memory]));
    const { version } = evidence;
    const rollouts = evidence.plan(handed.served.pools);
    const update = {
      revision: handed.revision,
      config: handed.served,
      counters: handed.counters,
      sessions: memory,
      rollouts,
      tls: certificates.update(handed.tls),
    };
    const adoption = await probes.adopt(handed.served.pools, () => workers.apply(update));
    evidence.told(version);
    return adoption;
  };
  return {
    name: 'workers',
    async commit(next) {
      next.workers = await hand({ ...next, counters: next.counters ?? counters.complete() });
    },
    /** The plan of the counters is open as yet, so that a complete one has the keys of both configs. */
    async abort(next) {
      const { before } = next;
      if (next.workers === undefined || before === undefined) return;
      try {
        await hand({ ...before, counters: counters.complete(), sessions: sessions.plan(before.served.pools) });
      } catch (error) {
        next.isInStep = false;
        throw new CannotGoBack('the workers serve a config that they cannot go back from', { cause: error });
      }
    },
  };
}

export function kept(keeper: Pick<RevisionKeeper, 'persist' | 'retryPersist'>): Participant {
  return {
    name: 'journal',
    commit: (next) => keeper.persist(next),
    commitLate: (next) => keeper.retryPersist(next),
  };
}
