// How an instance gives way to another process: what must rest and what must be flushed, in order, and how it goes on when that fails.

import type { AdminServer } from '../../admin/admin-server.ts';
import type { Certificates } from '../../control/certificates/certificates.ts';
import type { Controller } from '../../control/controller.ts';
import type { Journal } from '../../control/journal.ts';
import type { SessionKeeper } from '../../control/session-keeper.ts';
import { after } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { KeptPath } from '../../lib/own-path.ts';
import type { MovingStore } from '../../store/moving-store.ts';
import type { MirrorAnalysis } from '../../threads/mirror-analysis.ts';
import type { Probes } from '../../upstream/probes/probes.ts';
import { version } from '../version.ts';
import type { Entry, Given, Hello } from './messages.ts';
import type { GivesWay } from './takeover-door.ts';

/** What is bound, and under which number what is in force is kept. */
export type Standing = Pick<Given, 'revision' | 'claims' | 'listeners' | 'adminPort' | 'probesPort'>;

export interface GivingWayDeps {
  readonly store: MovingStore;
  readonly admin: Pick<AdminServer, 'rest' | 'retire'>;
  readonly controller: Pick<Controller, 'hold' | 'release' | 'close'>;
  readonly keptSessions: Pick<SessionKeeper, 'rest' | 'resume'> | undefined;
  readonly journal: Pick<Journal, 'record'>;
  readonly probes: Pick<Probes, 'unhealthy'>;
  readonly certificates: Pick<Certificates, 'seed'>;
  readonly mirrorAnalysis: Pick<MirrorAnalysis, 'share'>;
  /** Paths of Unix sockets that are bound. */
  readonly paths: () => readonly string[];
  readonly standing: () => Standing;
  /** Somebody else serves. */
  readonly onLeft: () => void;
  readonly log: Log;
}

const CALM_LIMIT_MS = 10_000;
/** Of the few seconds of a takeover. */
const MAX_ENTRIES = 500;

export const AT_REST = 'Another process takes over from this one: nothing can be changed for a moment.';

export class GivingWay implements GivesWay {
  readonly #deps: GivingWayDeps;
  #lastSeq = 0;
  #keptPaths: KeptPath[] = [];

  constructor(deps: GivingWayDeps) {
    this.#deps = deps;
  }

  async give(): Promise<Given> {
    const { store, admin, controller, keptSessions, probes, certificates, mirrorAnalysis, paths, standing } = this.#deps;
    const rest = admin.rest(AT_REST);
    // Those that have come are carried out before the controller rests.
    if (!(await rest.calm(CALM_LIMIT_MS)) || !(await inTime(controller.hold(), CALM_LIMIT_MS)))
      throw new Error('a change is still under way: try again when it has ended');
    await keptSessions?.rest();
    await mirrorAnalysis.share(true);
    for (const path of paths()) this.#keptPaths.push(new KeptPath(path));
    this.#lastSeq = store.lastSeq;
    store.giveUp();
    const { unhealthy } = probes;
    return { kind: 'given', pid: process.pid, version, ...standing(), unhealthy, ticketSeed: certificates.seed };
  }

  async since(): Promise<readonly Entry[]> {
    const entries = await this.#deps.store.entries({ after: this.#lastSeq, limit: MAX_ENTRIES }).catch(() => []);
    return entries.map(({ atMs, kind, author, revision, detail }) => ({ atMs, kind, author, revision, detail }));
  }

  takeBack(): void {
    this.#deps.store.takeBack();
    for (const path of this.#keptPaths.splice(0)) path.restore();
  }

  async resume({ pid, version: release }: Hello, reason: string): Promise<void> {
    const { store, admin, controller, keptSessions, mirrorAnalysis, journal, standing, log } = this.#deps;
    if (!store.isAway) for (const path of this.#keptPaths.splice(0)) path.drop();
    keptSessions?.resume();
    void mirrorAnalysis.share(false);
    controller.release();
    admin.rest(undefined);
    log.warn({ by: pid, version: release, reason }, 'the takeover failed: this process serves on as before');
    const { revision } = standing();
    await journal.record('takeover', { author: '', revision }, { result: 'failed', pid, version: release, reason });
  }

  leave({ pid, version: release }: Hello): void {
    const { admin, controller, onLeft, log } = this.#deps;
    log.info({ by: pid, version: release }, 'another process has taken over: this one ends');
    // What waits for its turn is refused, so that nobody waits for it.
    controller.close();
    for (const path of this.#keptPaths.splice(0)) path.drop();
    void admin.retire();
    onLeft();
  }
}

/** Whether it has resolved within that time. */
function inTime(work: Promise<void>, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const late = after(limitMs, () => resolve(false));
    void work.then(() => {
      late.stop();
      resolve(true);
    });
  });
}
