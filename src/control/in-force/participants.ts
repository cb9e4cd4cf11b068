// The story of a change, in order: who takes part when another config is put in force. all-or-nothing.ts calls them, from top to bottom:
// all prepare, all commit, all release; from bottom to top they abort. A new thing that depends on the config is a new line here.

import type { Exposition } from '../../telemetry/exposition.ts';
import type { CounterRegistry } from '../../telemetry/counter-registry.ts';
import type { DrainWatch } from '../drain-watch.ts';
import type { Certificates } from '../certificates/certificates.ts';
import type { Markers } from '../markers.ts';
import type { AccessLogPlace, AdminSettings, ClaimAddress, DataPlane, EndpointDiscovery, HealthChecks, MirrorFollower } from '../ports.ts';
import type { RevisionKeeper } from '../revision-keeper.ts';
import type { RolloutEvidence } from '../rollout-evidence.ts';
import type { SecretValues } from '../secret-values.ts';
import type { SessionTables } from '../session-tables.ts';
import type { Current } from './current.ts';
import type { Participant } from './participant.ts';
import { certified, claimed, counted, discovered, mirrored, remembered, secretsRead, splitWeights, trialCompile } from './prepared.ts';
import { kept, served, stillWanted } from './serving.ts';

export interface InForceDeps {
  readonly workers: DataPlane;
  readonly probes: HealthChecks;
  readonly discovery: EndpointDiscovery;
  readonly secrets: Pick<SecretValues, 'prepare' | 'settle' | 'fill' | 'version' | 'told' | 'changed'>;
  readonly counters: CounterRegistry;
  readonly claimAddress: ClaimAddress;
  readonly certificates: Pick<Certificates, 'prepare' | 'forget' | 'follow' | 'update' | 'inUse'>;
  readonly sessions: Pick<SessionTables, 'plan' | 'commit'>;
  readonly evidence: Pick<RolloutEvidence, 'plan' | 'version' | 'told' | 'changed'>;
  /** Lets users of these pools follow the weights at once, on all workers when it returns. */
  readonly moveUsers: (pools: readonly string[]) => void;
  readonly mirrors: MirrorFollower;
  readonly drains: Pick<DrainWatch, 'follow'>;
  readonly markers: Pick<Markers, 'retain'>;
  readonly admin: AdminSettings;
  readonly accessLog: AccessLogPlace;
  readonly exposition: Pick<Exposition, 'serves'>;
  readonly rollouts: { wake(): void };
  readonly previews: { wake(): void };
  readonly keeper: Pick<RevisionKeeper, 'persist' | 'retryPersist'>;
  readonly current: Current;
}

/** @param isClosed whether Sluice is stopping */
export function participantsOf(deps: InForceDeps, isClosed: () => boolean): readonly Participant[] {
  return [
    // What cannot be compiled must not reach a worker; the trial costs least, so it comes first.
    trialCompile(),
    // Before anybody waits: what is read here is handed to the workers, and to probes.
    secretsRead(deps.secrets),
    // Waits for names, for two seconds at most. Sources of both configs live side by side until one of the two is in force.
    discovered(deps.discovery),
    // After discovery, whose endpoints are counted too; before the workers, who count from their first request on.
    counted(deps.counters),
    // Files that are missing or do not fit together; before anything that others can see.
    certified(deps.certificates),
    // Before the workers bind: with SO_REUSEPORT two instances would share a port without an error.
    claimed(deps.claimAddress),
    // The workers get the memory of the sessions with the config; who looks sessions up follows when it is in force.
    remembered(deps.sessions),
    // Waiting for names took its time: the last moment to turn back without a trace on the data path.
    stillWanted(isClosed),
    // COMMIT POINT 1: every worker serves it, and endpoints that start unhealthy are known to be so. All prepared things are in their hands.
    served(deps),
    // From here to the journal nothing refuses: these hear of the config when it is kept. First what is in force, which others look up.
    { name: 'current', release: (next) => deps.current.take(next) },
    // Every worker has the weights, and nothing can refuse them any more.
    { name: 'moved users', release: ({ origin }) => (origin.moved.length > 0 ? deps.moveUsers(origin.moved) : undefined) },
    // Endpoints with their counters, as the workers have them.
    { name: 'drains', release: (next) => deps.drains.follow(next.served.pools) },
    { name: 'exposition', release: ({ revision, config }) => deps.exposition.serves(revision, splitWeights(config)) },
    // Markers of versions that are gone end before mirrors, whose evidence depends on them.
    { name: 'markers', release: ({ config }) => deps.markers.retain(config) },
    // Workers may tell of new mirrors with the first request: expected before they serve. Evidence about what is gone goes at the end.
    mirrored(deps.mirrors),
    // Tokens that are gone open no door from here on.
    { name: 'admin API', release: ({ config, tls }) => deps.admin.configure(config.admin, tls.admin) },
    { name: 'access log', release: ({ config }) => deps.accessLog.open(config.accessLog?.path ?? '') },
    // What rollouts want is asserted over what is in force now, and previews in it have their end.
    { name: 'rollouts', release: () => [deps.rollouts, deps.previews].forEach((each) => each.wake()) },
    // COMMIT POINT 2, the last line: durable. What cannot be kept is taken back above, as it would be gone after the next start.
    kept(deps.keeper),
  ];
}
