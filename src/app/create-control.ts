// What changes and explains what is served: the controller with its sources, the journal, sessions, markers, drains. Wiring alone.

import { withPresentPaths } from '../config/former-keys.ts';
import type { Config } from '../config/model.ts';
import { readSecret } from '../config/read-secret.ts';
import { Control } from '../control/control.ts';
import { Controller } from '../control/controller.ts';
import { DrainWatch } from '../control/drain-watch.ts';
import { EndpointEvents } from '../control/endpoint-events.ts';
import { ExchangeLookup } from '../control/exchange-lookup.ts';
import { FileState } from '../control/file-state.ts';
import { Current } from '../control/in-force/current.ts';
import type { Journal, Left } from '../control/journal.ts';
import { OutageWatch } from '../control/outage-watch.ts';
import { Markers } from '../control/markers.ts';
import type { MarkersDeps } from '../control/markers.ts';
import { RolloutsWhenNeeded } from '../control/rollouts/rollouts-when-needed.ts';
import type { LoadedRollouts } from '../control/rollouts/rollouts-when-needed.ts';
import type { MemoryWatch } from '../control/memory-watch.ts';
import type { Reading } from '../control/ports.ts';
import { Previews } from '../control/previews.ts';
import { RevisionKeeper } from '../control/revision-keeper.ts';
import type { SessionKeeper } from '../control/session-keeper.ts';
import { SecretValues } from '../control/secret-values.ts';
import type { SecretValuesDeps } from '../control/secret-values.ts';
import { SessionTables } from '../control/session-tables.ts';
import type { Transform } from '../control/sources/desired.ts';
import type { FileSource } from '../control/sources/file-source.ts';
import { Views } from '../control/views.ts';
import type { ViewsDeps } from '../control/views.ts';
import { every, nowMs, systemClock, wallMs } from '../lib/clock.ts';
import type { Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { freshFraction } from '../lib/random.ts';
import type { Store } from '../store/store.ts';
import { LOOK_MS, TrafficHistory } from '../telemetry/traffic-history.ts';
import type { ServingOfInstance } from './create-serving.ts';
import { createKeeper, stateDirOf } from './create-keeper.ts';
import { createMemoryWatch } from './create-memory-watch.ts';
import type { LostState } from './open-state.ts';

export interface ControlOptions {
  readonly store: Store;
  readonly journal: Journal;
  /** What the process before has left. */
  readonly left: Left;
  readonly lost: LostState | undefined;
  readonly file: Pick<FileSource, 'read'>;
  readonly reading: Reading;
  /** Changes what was decoded. */
  readonly transform: Transform | undefined;
  readonly log: Log;
}

export interface ControlOfInstance {
  readonly journal: Journal;
  readonly current: Current;
  readonly fileState: FileState;
  readonly endpointEvents: EndpointEvents;
  readonly revisions: RevisionKeeper;
  readonly controller: Controller;
  readonly sessions: SessionTables;
  readonly keptSessions: SessionKeeper | undefined;
  readonly secrets: SecretValues;
  readonly markers: Markers;
  readonly drains: DrainWatch;
  readonly outages: OutageWatch;
  readonly memory: MemoryWatch;
  /** Looks at the traffic now and then. */
  readonly looking: Timer;
  readonly rollouts: RolloutsWhenNeeded;
  readonly previews: Previews;
  readonly control: Control;
}

/** @param first the config to begin with */
export function createControl(
  first: Config,
  serving: ServingOfInstance,
  { store, journal, left, lost, file, reading, transform, log }: ControlOptions,
): ControlOfInstance {
  const { counters, exposition, mirrorAnalysis, workers, probes } = serving;
  const current = new Current({ lostChanges: lost !== undefined && lost.changes === undefined });
  const fileState = new FileState({ journal, exposition, wallMs });
  const endpointEvents = new EndpointEvents({ journal, revision: () => current.revision, clock: systemClock });
  const revisions = new RevisionKeeper(journal, left.latest, log);
  const secrets = createSecrets({ journal, log, exposition, current, controller: () => controller });
  const controller: Controller = new Controller({
    ...{ current, secrets, keeper: revisions, journal, file, reading, transform, fileState, exposition, log },
    left: left.latest?.amendments ?? copiedAmendments(lost),
    statusOf: (pool) => control.pool(pool),
  });
  const sessions = new SessionTables({ wallMs, chance: freshFraction, load: (pool) => keptSessions?.load(pool) });
  const keptSessions = createKeeper({ config: first, store, sessions, log });
  const markers = createMarkers(serving, journal, left, log);
  const drains = new DrainWatch({ clock: systemClock, counters });
  const outages = createOutageWatch(serving, current, journal, log);
  const memory = createMemoryWatch({ counters, workers, mirrorAnalysis, log, overload: () => (current.config ?? first).overload });
  const recall = new ExchangeLookup(() => workers.recall(), systemClock);
  const pressure = (): MemoryWatch['level'] => memory.level;
  const toldOf = (): ReturnType<ViewsDeps['rollouts']> => [...rollouts.findings(), ...previews.findings()];
  const { traffic, ...looked } = createViews(serving, { current, secrets, file: fileState, pressure, rollouts: toldOf });
  const healthOf = probes.healthOf.bind(probes);
  const seen = { counters, recall, comparing: mirrorAnalysis.comparing, missed: mirrorAnalysis.missed, healthOf, views: looked.views };
  const tlsOf = serving.certificates.tlsOf.bind(serving.certificates);
  const seenBy = { traffic, counters, evidence: serving.evidence, tlsOf };
  const kept = { left, isLost: lost !== undefined, stateDir: stateDirOf(first, store) };
  const given = { current, controller, journal, ...kept, ...seenBy, control: () => control, log };
  const load = async (): Promise<LoadedRollouts> => (await import('./create-rollouts.ts')).createRollouts(given);
  const rollouts = new RolloutsWhenNeeded({ load, config: () => current.config, notes: left.notes, wallMs });
  const control: Control = new Control({ controller, current, journal, sessions, markers, drains, ...seen, rollouts });
  const told = { secrets, journal, fileState, endpointEvents, revisions, markers, drains, outages };
  const previews = new Previews({ clock: systemClock, current, controller, journal, log });
  return { ...told, current, controller, sessions, keptSessions, memory, looking: looked.looking, rollouts, previews, control };
}

interface SecretsDeps extends Pick<SecretValuesDeps, 'journal' | 'log'>, Pick<ServingOfInstance, 'exposition'> {
  readonly current: Current;
  readonly controller: () => Controller;
}

function createSecrets({ journal, log, exposition, current, controller }: SecretsDeps): SecretValues {
  const onChange = (): void => void controller().submit({ kind: 'discovered' });
  const revision = (): number => current.revision;
  const secrets = new SecretValues({ clock: systemClock, read: readSecret, onChange, journal, revision, log });
  exposition.registerSecrets(() => secrets.faults().length);
  return secrets;
}

/** Figures need somebody who looks at the counters now and then. */
function createViews(
  { counters, workers, discovery, accessLog, certificates }: ServingOfInstance,
  known: Pick<ViewsDeps, 'current' | 'secrets' | 'file' | 'pressure' | 'rollouts'>,
): { readonly traffic: TrafficHistory; readonly views: Views; readonly looking: Timer } {
  const traffic = new TrafficHistory(counters, nowMs);
  const looking = every(LOOK_MS, () => traffic.look(), { unref: true });
  const accessLogFault = (): string | undefined => accessLog.fault;
  const rollouts = (): ReturnType<ViewsDeps['rollouts']> => [...certificates.findings(), ...known.rollouts()];
  return {
    traffic,
    views: new Views({ ...known, rollouts, traffic, workers, faults: () => discovery.faults(), accessLogFault, wallMs }),
    looking,
  };
}

function createOutageWatch({ counters, workers }: ServingOfInstance, current: Current, journal: Journal, log: Log): OutageWatch {
  return new OutageWatch({ clock: systemClock, counters, serving: () => workers.serving, inForce: () => current, journal, log });
}

function createMarkers({ mirrorAnalysis, workers }: ServingOfInstance, journal: Journal, { notes }: Left, log: Log): Markers {
  const tell: MarkersDeps['tell'] = (deploys) => {
    mirrorAnalysis.setDeploys(deploys);
    return workers.setDeploys(deploys);
  };
  return new Markers({ journal, notes, tell, wallMs, log });
}

function copiedAmendments(lost: LostState | undefined): unknown {
  return lost?.changes === undefined ? undefined : withPresentPaths(JSON.parse(lost.changes.amendments));
}
