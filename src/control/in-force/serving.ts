// The participants with a commit point: the workers, who serve the config, and the journal, which keeps it.

import type { Adoption } from '../../api/scalars.ts';
import type { Config } from '../../config/model.ts';
import type { CounterPlan } from '../../telemetry/counter-plan.ts';
import type { CounterRegistry } from '../../telemetry/counter-registry.ts';
import type { DataPlane, HealthChecks } from '../ports.ts';
import type { RevisionKeeper } from '../revision-keeper.ts';
import type { RolloutEvidence } from '../rollout-evidence.ts';
import type { Certificates } from '../certificates/certificates.ts';
import type { TlsFiles } from '../certificates/tls-files.ts';
import type { SecretValues } from '../secret-values.ts';
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
  readonly certificates: Pick<Certificates, 'update' | 'inUse'>;
  readonly secrets: Pick<SecretValues, 'fill' | 'version' | 'told'>;
}

interface Handed {
  readonly revision: number;
  readonly served: Config;
  readonly counters: CounterPlan;
  readonly sessions: ReadonlyMap<string, SessionTable>;
  readonly tls: TlsFiles;
}

/** Hands all that is served to workers and probes: the one place, with `follow-endpoints`, where secrets leave control. */
export async function hand({ workers, probes, evidence, certificates, secrets }: ServedDeps, handed: Handed): Promise<Adoption> {
  const { revision, counters } = handed;
  const memory = Object.fromEntries([...handed.sessions].map(([pool, table]) => [pool, table.sessions.memory]));
  const { version } = evidence;
  const { version: values } = secrets;
  const rollouts = evidence.plan(handed.served.pools);
  const config = secrets.fill(handed.served);
  const update = { revision, config, counters, sessions: memory, rollouts, tls: certificates.update(handed.tls) };
  const adoption = await probes.adopt(config.pools, () => workers.apply(update));
  evidence.told(version);
  secrets.told(values);
  return adoption;
}

export function served(deps: ServedDeps): Participant {
  const { certificates, counters, sessions } = deps;
  return {
    name: 'workers',
    async commit(next) {
      next.workers = await hand(deps, { ...next, counters: next.counters ?? counters.complete() });
    },
    /** The plan of the counters is open as yet, so that a complete one has the keys of both configs. */
    async abort(next) {
      const { before } = next;
      if (next.workers === undefined || before === undefined) return;
      try {
        await hand(deps, {
          ...before,
          tls: certificates.inUse,
          counters: counters.complete(),
          sessions: sessions.plan(before.served.pools),
        });
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
