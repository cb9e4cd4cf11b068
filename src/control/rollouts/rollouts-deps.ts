// What all rollouts of an instance are given to work with.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Controller } from '../controller.ts';
import type { Current } from '../in-force/current.ts';
import type { Breakers } from './breakers.ts';
import type { Freeze } from './freeze.ts';
import type { KeptRollouts } from './kept-rollouts.ts';
import type { Links } from './links.ts';
import type { Look } from './look.ts';
import type { Planner } from './planner.ts';
import type { ReportBook } from './report-book.ts';
import type { EffectRunner, OutsideChecks, Counting } from './ports.ts';
import type { Alarms } from './alarms.ts';
import type { Drills } from './drills.ts';

export interface RolloutsDeps {
  readonly clock: Clock;
  readonly current: Pick<Current, 'config' | 'served' | 'revision'>;
  readonly controller: Pick<Controller, 'submit'>;
  readonly counts: Counting;
  readonly effects: EffectRunner;
  readonly outside: OutsideChecks;
  readonly look: Look;
  /** Requests of a pool. */
  readonly perSecond: (pool: string) => number;
  readonly kept: KeptRollouts;
  readonly links: Pick<Links, 'read'>;
  readonly reports: ReportBook;
  readonly breakers: Breakers;
  readonly frozen: Freeze;
  readonly drills: Pick<Drills, 'fault'>;
  readonly alarmsKnown: Alarms;
  readonly planner: Planner;
  /** A short random text: of ids and salts. */
  readonly newWord: () => string;
  readonly log: Log;
}
