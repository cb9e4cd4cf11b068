// The label test while events come: one pass over 24 numbers for each, and ready for a ratio that changes late.
//
// Evidence from the start alone is slow when a long time was clean, since what it lost has to be won back first. So a part of the wealth is kept and
// staked later: E = sum v_j E^(j), where E^(j) begins with 1 at start j. A mixture over starts is an e-process when each start depends on the past
// alone (J. Shin, A. Ramdas, A. Rinaldo, E-detectors, New England J. Stat. Data Sci. 2, 2024). All E^(j) of one alternative grow by the same factor,
// so that their sum is one number: a start adds to it.

import { logSum, logSumOf } from './mean-of-evidence.ts';
import type { LabelTest } from './label-test.ts';
import { addCounts, ALTERNATIVES, checkSegment, fillTheirs } from './label-test.ts';
import { checkCount } from './numbers.ts';

/** Plain JSON; as small after a year as after an hour. */
export interface LabelState {
  readonly events: number;
  /** For each alternative, the natural logarithm of what was staked on it so far and is its share of the wealth. */
  readonly logs: readonly number[];
}

/** Under which events come that are still to come. */
export interface Chances {
  readonly chance: number;
  readonly theirChance?: number;
}

/** What is staked at once. The rest is for late changes: it costs ln(1 / 0.8) at the start. */
const AT_ONCE = 0.8;
/** Events between two starts. */
const START_EVERY = 16;
/** The longer nothing has changed, the fewer starts are likely per event: as many events as the first half of the rest is for. */
const LIKELY = 512;

/**
 * `again` stakes at the start and then after each 16 events: for what may go wrong at any time. `once` stakes all at the start: for what is said of
 * the whole time. The starts are driven by one judge in the order in which it adds; counts merge (`mergeSegments`), states do not.
 */
export class LabelEvidence {
  readonly #test: LabelTest;
  readonly #starts: 'once' | 'again';
  readonly #logs = new Float64Array(ALTERNATIVES);
  readonly #each = new Float64Array(ALTERNATIVES);
  #chance = -1;
  #events = 0;

  /** Goes on from `state`, of the same test. Throws a RangeError for one that is none. */
  constructor(test: LabelTest, starts: 'once' | 'again', state?: LabelState) {
    this.#test = test;
    this.#starts = starts;
    if (state === undefined) this.#logs.fill(Math.log(1 - this.#kept(0)) - Math.log(ALTERNATIVES));
    else this.#restore(state);
  }

  get events(): number {
    return this.#events;
  }

  /** Natural logarithm of the e-value. */
  get log(): number {
    const staked = logSumOf(this.#logs);
    return this.#starts === 'once' ? staked : logSum(staked, Math.log(this.#kept(this.#events)));
  }

  /**
   * Adds the events of one segment that came since the last call; what is added at once counts as one moment, and starts that fell due in it begin
   * after it. Both counts must be as fresh as each other: events of ours that are told sooner than theirs look like too many.
   */
  add(chance: number, ours: number, theirs: number): void {
    checkSegment(chance, ours, theirs);
    const events = this.#events + ours + theirs;
    checkCount(events, 'The number of events');
    if (ours + theirs === 0) return;
    if (chance !== this.#chance) fillTheirs(this.#each, chance, this.#test);
    this.#chance = chance;
    addCounts(this.#logs, this.#each, { chance, ours, theirs }, this.#test);
    this.#start(this.#events, events);
    this.#events = events;
  }

  /**
   * At least what `log` will be after so many more events, however they come: at once or one by one, in any order. Only of a test towards `above`.
   * `chance` is that of the events of ours, `theirChance` the greatest under which one of theirs may come.
   */
  logAtLeast({ chance, theirChance = chance }: Chances, ours: number, theirs: number): number {
    checkSegment(chance, ours, theirs);
    checkSegment(theirChance, ours, theirs);
    const events = this.#events + ours + theirs;
    // What is staked meanwhile may meet all events of theirs, and none of ours.
    const lost = new Float64Array(ALTERNATIVES);
    fillTheirs(this.#each, theirChance, this.#test);
    addCounts(lost, this.#each, { chance: theirChance, ours: 0, theirs }, this.#test);
    const staked = this.#kept(this.#events) - this.#kept(events);
    const late = staked > 0 ? Math.log(staked / ALTERNATIVES) + logSumOf(lost) : -Infinity;
    for (let k = 0; k < ALTERNATIVES; k++) lost[k]! += this.#logs[k] as number;
    fillTheirs(this.#each, chance, this.#test);
    addCounts(lost, this.#each, { chance, ours, theirs: 0 }, this.#test);
    this.#chance = -1;
    const left = this.#kept(events);
    return logSum(logSum(logSumOf(lost), late), left > 0 ? Math.log(left) : -Infinity);
  }

  state(): LabelState {
    return { events: this.#events, logs: [...this.#logs] };
  }

  #start(before: number, now: number): void {
    const stake = this.#kept(before) - this.#kept(now);
    if (!(stake > 0)) return;
    const each = Math.log(stake / ALTERNATIVES);
    for (let k = 0; k < ALTERNATIVES; k++) this.#logs[k] = logSum(this.#logs[k] as number, each);
  }

  /** What is not yet staked after so many events. */
  #kept(events: number): number {
    if (this.#starts === 'once') return 0;
    const started = events - (events % START_EVERY);
    return (1 - AT_ONCE) / (1 + Math.log2(1 + started / LIKELY));
  }

  #restore({ events, logs }: LabelState): void {
    checkCount(events, 'The number of events');
    if (logs.length !== ALTERNATIVES || !logs.every(Number.isFinite))
      throw new RangeError(`A state has ${ALTERNATIVES} finite logarithms.`);
    this.#events = events;
    this.#logs.set(logs);
  }
}
