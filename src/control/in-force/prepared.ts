// Participants that get ready beside what is in force: what they prepare is part of what the workers are handed.

import { formatAddress } from '../../config/address.ts';
import { locatedFault } from '../../config/located-fault.ts';
import type { Address, Config } from '../../config/model.ts';
import { Pace, finishInTurns } from '../../lib/pace.ts';
import { compileInSteps } from '../../routing/compile.ts';
import type { CounterRegistry } from '../../telemetry/counter-registry.ts';
import { counterKeysInSteps } from '../counter-keys.ts';
import type { ClaimAddress, EndpointDiscovery, MirrorFollower } from '../ports.ts';
import type { Certificates } from '../certificates/certificates.ts';
import { TlsFileFault } from '../certificates/tls-files.ts';
import type { SecretValues } from '../secret-values.ts';
import type { SessionTables } from '../session-tables.ts';
import type { Participant } from './participant.ts';

export function trialCompile(): Participant {
  return {
    name: 'trial compile',
    async prepare({ config, revision }) {
      await finishInTurns(compileInSteps(config, revision), new Pace());
    },
  };
}

export function secretsRead(secrets: Pick<SecretValues, 'prepare' | 'settle'>): Participant {
  return {
    name: 'secrets',
    prepare: ({ config }) => secrets.prepare(config),
    abort: ({ before }) => secrets.settle(before?.config),
    release: ({ config }) => secrets.settle(config),
  };
}

export function discovered(discovery: EndpointDiscovery): Participant {
  return {
    name: 'discovery',
    async prepare(next) {
      await discovery.prepare(next.config.pools);
      next.served = { ...next.config, pools: discovery.expand(next.config.pools) };
    },
    abort: ({ before }) => discovery.settle(before?.config.pools ?? []),
    release: ({ config }) => discovery.settle(config.pools),
  };
}

export function counted(counters: CounterRegistry): Participant {
  return {
    name: 'counters',
    async prepare(next) {
      const pace = new Pace();
      const keys = await finishInTurns(counterKeysInSteps(next.served), pace);
      next.counters = await finishInTurns(counters.reserveInSteps(keys), pace);
    },
    abort({ counters: plan }) {
      if (plan !== undefined) counters.cancel(plan);
    },
    release({ counters: plan, workers, isInStep }) {
      if (plan !== undefined) counters.commit(plan, isInStep && workers?.applied === workers?.total ? 'all' : 'some');
    },
  };
}

/** Addresses that are new must be nobody else's. A port that is ours already only changes its host. */
export function claimed(claimAddress: ClaimAddress): Participant {
  return {
    name: 'addresses',
    async prepare({ served, before, read }) {
      const known = new Set((before?.config.listeners ?? []).map(({ address }) => claimOf(address)));
      for (const [index, { address }] of served.listeners.entries()) {
        if (known.has(claimOf(address))) continue;
        try {
          await claimAddress(address);
        } catch (error) {
          throw locatedFault(read, ['listeners', index, 'address'], error);
        }
      }
    },
  };
}

/** Certificates that cannot be used refuse a config; those of the one before stay as they were read. */
export function certified(certificates: Pick<Certificates, 'prepare' | 'forget' | 'follow'>): Participant {
  return {
    name: 'certificates',
    async prepare(next) {
      try {
        next.tls = await certificates.prepare(next.config);
      } catch (error) {
        throw error instanceof TlsFileFault ? locatedFault(next.read, error.path, error) : error;
      }
    },
    abort: () => certificates.forget(),
    release: ({ config, tls }) => certificates.follow(config, tls),
  };
}

export function remembered(sessions: Pick<SessionTables, 'plan' | 'commit'>): Participant {
  return {
    name: 'sessions',
    prepare(next) {
      next.sessions = sessions.plan(next.served.pools);
    },
    release: (next) => sessions.commit(next.sessions),
  };
}

export function mirrored(mirrors: MirrorFollower): Participant {
  return {
    name: 'mirrors',
    prepare: ({ served }) => mirrors.expect(served),
    abort({ before }) {
      if (before !== undefined) mirrors.follow(before.config);
    },
    release: ({ config }) => mirrors.follow(config),
  };
}

function claimOf(address: Address): string {
  return address.kind === 'tcp' ? `port ${address.port}` : formatAddress(address);
}

export type Split = readonly { readonly pool: string; readonly version: string; readonly weight: number }[];

/** The weight of each version, 0 where the split does not name it. */
export function splitWeights(config: Config): Split {
  return config.pools.flatMap(({ name, versions, split }) =>
    versions.map((version) => ({
      pool: name,
      version: version.name,
      weight: Object.hasOwn(split, version.name) ? (split[version.name] ?? 0) : 0,
    })),
  );
}
