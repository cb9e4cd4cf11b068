// Rollouts with what they look at and what they move. Wiring alone.

import { Alarms } from '../control/rollouts/alarms.ts';
import { Breakers } from '../control/rollouts/breakers.ts';
import { Comparisons } from '../control/rollouts/comparisons.ts';
import { Drills } from '../control/rollouts/drills.ts';
import type { LoadedRollouts } from '../control/rollouts/rollouts-when-needed.ts';
import { Effects } from '../control/rollouts/effects.ts';
import { Freeze } from '../control/rollouts/freeze.ts';
import { KeptRollouts } from '../control/rollouts/kept-rollouts.ts';
import { Links } from '../control/rollouts/links.ts';
import { Look } from '../control/rollouts/look.ts';
import type { LookDeps } from '../control/rollouts/look.ts';
import type { PoolTraffic } from '../control/rollouts/ports.ts';
import { Outside } from '../control/rollouts/outside.ts';
import { Planner } from '../control/rollouts/planner.ts';
import type { RolloutEvidence } from '../control/rollout-evidence.ts';
import { EvidenceBook } from '../control/rollouts/evidence-book.ts';
import { rampShareOf } from '../control/rollouts/ramp-share.ts';
import { ReportBook } from '../control/rollouts/report-book.ts';
import type { ReportBookDeps } from '../control/rollouts/report-book.ts';
import { Rollouts } from '../control/rollouts/rollouts.ts';
import { poolTraffic } from '../control/rollouts/traffic.ts';
import { endpointStatuses } from '../control/pool-status.ts';
import type { PoolConfig } from '../config/model.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import type { Control } from '../control/control.ts';
import type { Controller } from '../control/controller.ts';
import type { Current } from '../control/in-force/current.ts';
import type { Journal } from '../control/journal.ts';
import { after, nowMs, processMs, systemClock, wallMs } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { newWord } from '../lib/random.ts';
import type { EndpointSeen, RampShare } from '../rollout/seen.ts';
import { InstanceKey } from '../store/instance-key.ts';
import type { Note } from '../store/store.ts';
import type { TrafficHistory } from '../telemetry/traffic-history.ts';
import { dial } from '../upstream/probes/dial.ts';
import type { ProbesOptions } from '../upstream/probes/probes.ts';

export interface CreateRolloutsDeps {
  readonly current: Current;
  readonly controller: Pick<Controller, 'submit'>;
  readonly journal: Journal;
  /** Where state is kept; undefined: nowhere. */
  readonly stateDir: string | undefined;
  /** What the process before has left. */
  readonly left: { readonly notes: readonly Note[] };
  /** It is gone, or a part of it. */
  readonly isLost: boolean;
  readonly evidence: RolloutEvidence;
  readonly traffic: TrafficHistory;
  readonly counters: Pick<CounterRegistry, 'find'>;
  readonly tlsOf: ProbesOptions['tlsOf'];
  /** Asked when a rollout looks. */
  readonly control: () => Pick<Control, 'mirrorReport' | 'exchanges'>;
  readonly log: Log;
}

export function createRollouts(deps: CreateRolloutsDeps): LoadedRollouts {
  const { current, controller, journal, evidence, control, log } = deps;
  const { notes } = deps.left;
  const onChange = (): void => void controller.submit({ kind: 'discovered' });
  const counts = new EvidenceBook({ evidence, clock: systemClock, onChange });
  const revision = (): number => current.revision;
  const kept = new KeptRollouts({ journal, revision, log });
  const exchanges: ReportBookDeps['exchanges'] = (query) => control().exchanges(query);
  const reports = new ReportBook({ journal, exposed: (id) => counts.exposed(id), exchanges, nowMs }, notes);
  const frozen = new Freeze({ journal, revision, wallMs }, notes);
  const breakers = new Breakers({ journal, revision, wallMs }, notes);
  const onUnkept = (error: Error): void => log.warn({ err: error }, 'alarms could not be kept: a restart would not know them');
  const alarmsKnown = new Alarms({ nowMs, wallMs, keepNote: journal.keepNote.bind(journal), onUnkept, isLost: deps.isLost }, notes);
  const comparisons = new Comparisons((pool, mirror) => control().mirrorReport(pool, mirror), systemClock);
  const comparison = comparisons.verdict.bind(comparisons);
  const onResult = (pool: string): void => rollouts.wakeFor(pool);
  const outside = new Outside({ clock: systemClock, alarms: alarmsKnown, comparison, env: process.env, onResult });
  const { look, seenTraffic, endpoints } = createLook(deps, { counts, outside, isFrozen: () => frozen.fault() !== undefined });
  const { links, linksFault } = createLinks(deps);
  const effects = new Effects({
    env: process.env,
    links,
    pause: (ms) => new Promise((resolve) => void after(ms, resolve, { unref: true })),
    dial: (pool, { name, proxyProtocol }, endpoint) => dial(endpoint, { tls: deps.tlsOf(pool, name), proxyProtocol, protocol: 'http1' }),
  });
  const planner = new Planner({ traffic: seenTraffic, wallMs });
  const perSecond = seenTraffic.perSecond.bind(seenTraffic);
  const told = { perSecond, counts, effects, outside, look, kept, links, reports, breakers, frozen, alarmsKnown, planner };
  const ready = (pool: string, version: string): number => endpoints(pool, version).filter((each) => each.ready).length;
  const drills = new Drills({ clock: systemClock, current, controller, counts, journal, frozen, ready, newWord, log }, notes);
  const rollouts = new Rollouts({ clock: systemClock, current, controller, ...told, drills, newWord, log }, notes);
  drills.taken = (pool) => rollouts.taken(pool);
  rollouts.resume();
  return { rollouts, drills, linksFault };
}

function createLinks({ stateDir, current, log }: CreateRolloutsDeps): {
  readonly links: Links;
  readonly linksFault: () => string | undefined;
} {
  const onReplaced = (reason: string): void => log.warn({ reason }, LINKS_ENDED);
  const key = new InstanceKey({ dir: stateDir, name: 'links.key', onReplaced });
  return { links: new Links({ key, settings: () => current.config?.admin.links, wallMs }), linksFault: () => key.fault };
}

const LINKS_ENDED = 'the key of links in notifications of rollouts is made anew: those that were sent do not work any more';

/** The eyes of rollouts: counters, endpoints, and what others say. */
function createLook(
  { current, counters, traffic }: CreateRolloutsDeps,
  others: Pick<LookDeps, 'counts' | 'outside' | 'isFrozen'>,
): { readonly look: Look; readonly seenTraffic: PoolTraffic; readonly endpoints: LookDeps['endpoints'] } {
  const versionsOf = (name: string): readonly string[] =>
    current.config?.pools.find((each) => each.name === name)?.versions.map((version) => version.name) ?? [];
  const seenTraffic = poolTraffic(traffic, versionsOf);
  const poolOf = (name: string): PoolConfig | undefined => current.served?.pools.find((each) => each.name === name);
  const endpoints = (name: string, version: string): readonly EndpointSeen[] => {
    const served = poolOf(name)?.versions.find((each) => each.name === version);
    const found = served === undefined ? [] : endpointStatuses(name, served, counters);
    return found.map(({ address, ready, reason, inFlight }) => ({ key: address, ready, drained: reason === 'draining', inFlight }));
  };
  const rampShares = (name: string, version: string): RampShare => rampShareOf(poolOf(name), version, counters, processMs());
  return { look: new Look({ traffic: seenTraffic, endpoints, rampShares, nowMs, ...others }), seenTraffic, endpoints };
}
