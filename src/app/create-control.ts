// What changes and explains what is served: the controller with its sources, the journal, sessions, markers, drains. Wiring alone.

import { withPresentPaths } from '../config/former-keys.ts';
import type { Config } from '../config/model.ts';
import { Control } from '../control/control.ts';
import { Controller } from '../control/controller.ts';
import { DrainWatch } from '../control/drain-watch.ts';
import { ExchangeLookup } from '../control/exchange-lookup.ts';
import { Current } from '../control/in-force/current.ts';
import type { Journal, Left } from '../control/journal.ts';
import { Markers } from '../control/markers.ts';
import type { MemoryWatch } from '../control/memory-watch.ts';
import { RevisionKeeper } from '../control/revision-keeper.ts';
import type { SessionKeeper } from '../control/session-keeper.ts';
import { SessionTables } from '../control/session-tables.ts';
import type { Transform } from '../control/sources/desired.ts';
import type { FileSource } from '../control/sources/file-source.ts';
import { systemClock, wallMs } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { freshFraction } from '../lib/random.ts';
import type { Store } from '../store/store.ts';
import type { ServingOfInstance } from './create-serving.ts';
import { createKeeper } from './create-keeper.ts';
import { createMemoryWatch } from './create-memory-watch.ts';
import type { LostState } from './open-state.ts';

export interface ControlOptions {
  readonly store: Store;
  readonly journal: Journal;
  /** What the process before has left. */
  readonly left: Left;
  readonly lost: LostState | undefined;
  readonly file: Pick<FileSource, 'read'>;
  /** Changes what was decoded. */
  readonly transform: Transform | undefined;
  readonly log: Log;
}

export interface ControlOfInstance {
  readonly journal: Journal;
  readonly current: Current;
  readonly revisions: RevisionKeeper;
  readonly controller: Controller;
  readonly sessions: SessionTables;
  readonly keptSessions: SessionKeeper | undefined;
  readonly markers: Markers;
  readonly drains: DrainWatch;
  readonly memory: MemoryWatch;
  readonly control: Control;
}

/** @param first the config to begin with */
export function createControl(
  first: Config,
  { counters, exposition, mirrorAnalysis, workers }: ServingOfInstance,
  { store, journal, left, lost, file, transform, log }: ControlOptions,
): ControlOfInstance {
  const current = new Current();
  const revisions = new RevisionKeeper(journal, left.latest, log);
  const controller = new Controller({
    current,
    keeper: revisions,
    journal,
    left: left.latest?.amendments ?? copiedAmendments(lost),
    file,
    transform,
    exposition,
    log,
  });
  const sessions = new SessionTables({ wallMs, chance: freshFraction, load: (pool) => keptSessions?.load(pool) });
  const keptSessions = createKeeper({ config: first, store, sessions, log });
  const markers = new Markers({
    journal,
    notes: left.notes,
    tell(deploys) {
      mirrorAnalysis.setDeploys(deploys);
      return workers.setDeploys(deploys);
    },
    wallMs,
    log,
  });
  const drains = new DrainWatch({ clock: systemClock, counters });
  const overload = (): Config['overload'] => (current.config ?? first).overload;
  const memory = createMemoryWatch({ counters, workers, mirrorAnalysis, log, overload });
  const recall = new ExchangeLookup(() => workers.recall(), systemClock);
  const { comparing, missed } = mirrorAnalysis;
  const control = new Control({ controller, current, journal, counters, sessions, markers, drains, recall, comparing, missed });
  return { journal, current, revisions, controller, sessions, keptSessions, markers, drains, memory, control };
}

function copiedAmendments(lost: LostState | undefined): unknown {
  return lost?.changes === undefined ? undefined : withPresentPaths(JSON.parse(lost.changes.amendments));
}
