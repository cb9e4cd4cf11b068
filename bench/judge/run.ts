// One run: a stream of a cell, divided by the slots of production, shown to all judges at once.

import { Slots } from '../../src/routing/slots.ts';
import { hashString, toFraction } from '../../src/lib/hash.ts';
import type { Cell } from './cells.ts';
import { PER_SECOND } from './cells.ts';
import type { Decision, Judge, Running } from './judge.ts';

/** What became of one judge's run. Counts are of the time since the canary has its fault; -1 = never. */
export interface Outcome {
  rolledBackAt: number;
  promotedAt: number;
  /** After the fault. */
  heldAt: number;
  /** Canary requests, failed ones, and users with a failed one, until it was rolled back. */
  exposed: number;
  failed: number;
  users: number;
}

const RESTART_EVERY = 50_000;
/** As long as the window of the guard. */
const UNITS_EVERY = 30 * PER_SECOND;

const NOTHING = {
  ...{ canary: 0, canaryFailed: 0, baseline: 0, baselineFailed: 0 },
  ...{ canaryUnits: 0, canaryUnitsFailed: 0, baselineUnits: 0, baselineUnitsFailed: 0 },
};

export function runCell(cell: Cell, judges: readonly Judge[], requests: number, random: () => number): readonly Outcome[] {
  const stream = new Stream(cell, judges, random);
  for (let at = 0; at < requests && stream.isWatched; at++) stream.request(at);
  return stream.outcomes;
}

class Stream {
  readonly outcomes: readonly Outcome[];
  isWatched = true;
  readonly #cell: Cell;
  readonly #random: () => number;
  readonly #running: readonly Running[];
  readonly #slots: Slots[] = [];
  #weight = -1;
  readonly #salt: number;
  readonly #offset: number;
  readonly #cumulative: number[] = [];
  readonly #seen = new Set<number>();
  readonly #hit = new Set<number>();
  #exposed = 0;
  #failed = 0;
  readonly #window = { ...NOTHING };
  /** By user, the half minute in which it was counted last. */
  readonly #counted = new Map<number, number>();

  constructor(cell: Cell, judges: readonly Judge[], random: () => number) {
    this.#cell = cell;
    this.#random = random;
    this.#running = judges.map((judge) => judge.begin());
    this.outcomes = judges.map(() => ({ rolledBackAt: -1, promotedAt: -1, heldAt: -1, exposed: 0, failed: 0, users: 0 }));
    this.#salt = Math.floor(random() * 2 ** 31);
    this.#offset = cell.every === undefined ? 0 : Math.floor(random() * cell.every);
    let sum = 0;
    for (let user = 0; user < (cell.users ?? 0); user++) this.#cumulative.push((sum += 1 / (user + 10)));
  }

  request(at: number): void {
    const cell = this.#cell;
    const weight = cell.weight(at);
    if (weight !== this.#weight || (cell.workers === 2 && at % RESTART_EVERY === 0)) this.#restart(weight);
    const user = cell.users === undefined ? -1 : this.#drawUser();
    const isCanary = user < 0 ? this.#nextSlots().next() : toFraction(hashString(String(user), this.#salt)) < weight;
    if (isCanary) {
      this.#window.canary++;
      if (at >= (cell.faultAt ?? 0)) this.#exposed++;
    } else this.#window.baseline++;
    const fails = this.#fails(at, isCanary, user);
    this.#countUnit(at, user, isCanary, fails);
    if (fails) this.#fail(at, isCanary, user);
    if ((at + 1) % PER_SECOND === 0) this.#tick((at + 1) / PER_SECOND, at);
  }

  #countUnit(at: number, user: number, isCanary: boolean, fails: boolean): void {
    const half = Math.floor(at / UNITS_EVERY);
    if (user >= 0 && this.#counted.get(user) === half) return;
    if (user >= 0) this.#counted.set(user, half);
    this.#window[isCanary ? 'canaryUnits' : 'baselineUnits']++;
    if (fails) this.#window[isCanary ? 'canaryUnitsFailed' : 'baselineUnitsFailed']++;
  }

  #restart(weight: number): void {
    this.#weight = weight;
    for (let worker = 0; worker < (this.#cell.workers ?? 1); worker++) this.#slots[worker] = new Slots(weight, this.#random);
  }

  #nextSlots(): Slots {
    return this.#slots[this.#slots.length === 2 && this.#random() < 0.2 ? 1 : 0]!;
  }

  #drawUser(): number {
    const cumulative = this.#cumulative;
    const x = this.#random() * cumulative.at(-1)!;
    let [low, high] = [0, cumulative.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #fails(at: number, isCanary: boolean, user: number): boolean {
    const { every } = this.#cell;
    if (every !== undefined) return at % every === this.#offset;
    const isBroken = user >= 0 && toFraction(hashString(`broken ${user}`, this.#salt)) < 0.01;
    const rate = isBroken ? 0.5 : this.#cell.rate(at);
    return this.#random() < (isCanary ? Math.min(1, rate * this.#cell.ratio(at)) : rate);
  }

  #fail(at: number, isCanary: boolean, user: number): void {
    if (isCanary) {
      this.#window.canaryFailed++;
      if (at >= (this.#cell.faultAt ?? 0)) {
        this.#failed++;
        if (user >= 0) this.#hit.add(user);
      }
    } else this.#window.baselineFailed++;
    const isFirst = user < 0 || !this.#seen.has(user);
    if (user >= 0) this.#seen.add(user);
    for (let i = 0; i < this.#running.length; i++) {
      if (this.outcomes[i]!.rolledBackAt < 0) this.#take(i, at, this.#running[i]!.failed(this.#weight, isCanary, isFirst));
    }
  }

  #tick(second: number, at: number): void {
    for (let i = 0; i < this.#running.length; i++) {
      if (this.outcomes[i]!.rolledBackAt < 0) this.#take(i, at, this.#running[i]!.tick(second, this.#window));
    }
    Object.assign(this.#window, NOTHING);
  }

  #take(judge: number, at: number, decision: Decision): void {
    if (decision === 'go on') return;
    const outcome = this.outcomes[judge]!;
    if (decision === 'hold') {
      if (outcome.heldAt < 0 && at >= (this.#cell.faultAt ?? 0)) outcome.heldAt = at + 1;
      return;
    }
    if (decision === 'promote') {
      if (outcome.promotedAt < 0) outcome.promotedAt = at + 1;
      return;
    }
    outcome.rolledBackAt = at + 1;
    outcome.exposed = this.#exposed;
    outcome.failed = this.#failed;
    outcome.users = this.#cell.users === undefined ? this.#failed : this.#hit.size;
    this.isWatched = this.outcomes.some(({ rolledBackAt }) => rolledBackAt < 0);
  }
}
