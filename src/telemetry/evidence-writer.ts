// The writing side of the evidence: what one worker counts in one segment of a rollout. Plain additions in cells of its own; nothing here
// allocates, waits or throws.

import {
  ASSIGNED,
  CANARY,
  ERRORS,
  FINISHED,
  GUARDED,
  GUARDED_FAILED,
  MET,
  REQUESTS,
  rowAt,
  segmentAt,
  SEGMENTS,
  SLOW_P50,
  SLOW_P90,
} from './evidence-layout.ts';
import type { Arm } from './evidence-layout.ts';
import type { EvidenceNews } from './evidence-news.ts';
import type { SignalsReader, SlowBounds } from './evidence-signals.ts';
import type { SizeWriter } from './body-sizes.ts';
import type { TopWriter } from './evidence-top.ts';
import { MARK_MET, NO_ROOM, NO_USER } from './evidence-users.ts';
import type { EvidenceUsers } from './evidence-users.ts';
import type { ValueSender } from './evidence-values.ts';

/** An event that is seen on the data path, and its position among the checks of kind `event`. */
export interface SeenEvent {
  /** Of a field of the response, in lower case, or of a route. */
  readonly name: string;
  readonly position: number;
}

export interface EvidenceWriterDeps {
  /** Indexes of the two versions in the Table. */
  readonly baseline: number;
  readonly canary: number;
  /** All parts of the buffer that has the segment. */
  readonly cells: Float64Array;
  /** Whose part is written. */
  readonly worker: number;
  /** Number of the segment in the rollout, from 0. */
  readonly segment: number;
  readonly users: EvidenceUsers;
  readonly signals: SignalsReader;
  readonly news: Pick<EvidenceNews, 'raise'>;
  readonly fields: readonly SeenEvent[];
  readonly routes: readonly SeenEvent[];
  /** Positions of checks that count redirects, and responses without a body. */
  readonly redirects: readonly number[];
  readonly emptyBodies: readonly number[];
  /** Of checks that count bodies that are much smaller than usual, and what is usual; undefined where there is none. */
  readonly smallBodies: readonly number[];
  readonly sizes: SizeWriter | undefined;
  readonly top: Pick<TopWriter, 'add'>;
  /** Fields of responses with a value, and who takes it. */
  readonly valueFields: readonly SeenEvent[];
  readonly values: Pick<ValueSender, 'send'> | undefined;
}

export class EvidenceWriter {
  readonly baseline: number;
  readonly canary: number;
  readonly users: EvidenceUsers;
  readonly signals: SignalsReader;
  readonly fields: readonly SeenEvent[];
  readonly routes: readonly SeenEvent[];
  readonly redirects: readonly number[];
  readonly emptyBodies: readonly number[];
  readonly smallBodies: readonly number[];
  readonly sizes: SizeWriter | undefined;
  readonly valueFields: readonly SeenEvent[];
  readonly #cells: Float64Array;
  readonly #worker: number;
  readonly #segment: number;
  readonly #news: Pick<EvidenceNews, 'raise'>;
  readonly #top: Pick<TopWriter, 'add'>;
  readonly #values: Pick<ValueSender, 'send'> | undefined;

  constructor(deps: EvidenceWriterDeps) {
    this.baseline = deps.baseline;
    this.canary = deps.canary;
    this.users = deps.users;
    this.signals = deps.signals;
    this.fields = deps.fields;
    this.routes = deps.routes;
    this.redirects = deps.redirects;
    this.emptyBodies = deps.emptyBodies;
    this.smallBodies = deps.smallBodies;
    this.sizes = deps.sizes;
    this.#cells = deps.cells;
    this.#worker = deps.worker;
    this.#segment = deps.segment;
    this.#news = deps.news;
    this.#top = deps.top;
    this.valueFields = deps.valueFields;
    this.#values = deps.values;
  }

  boundsOf(arm: Arm): SlowBounds {
    return arm === CANARY ? this.signals.canaryBounds : this.signals.baselineBounds;
  }

  /** Where requests count that are drawn for the arm now. */
  rowOf(arm: Arm): number {
    return rowAt(this.#worker, this.#segment % SEGMENTS, arm);
  }

  /**
   * Where a user counts who keeps the version of an earlier draw: with those of that draw, whose share was another. -1: it was not drawn for this
   * arm since the rollout began, or too long ago.
   */
  rowOfKept(arm: Arm, user: number): number {
    const drawn = this.users.segmentOf(user, arm);
    if (drawn < 0) return -1;
    const segment = this.#segment - ((this.#segment - drawn) & 0xff);
    const isHere = segment >= 0 && Math.floor(segment / SEGMENTS) === Math.floor(this.#segment / SEGMENTS);
    return isHere ? rowAt(this.#worker, segment % SEGMENTS, arm) : -1;
  }

  /** Chance drew the arm for a request. @param user its slot, or NO_USER */
  assigned(row: number, arm: Arm, user: number): void {
    this.#cells[row + REQUESTS]!++;
    if (user === NO_USER || this.users.assign(user, this.#segment, arm)) this.#cells[row + ASSIGNED]!++;
    if (arm === CANARY && (user === NO_USER || this.users.mark(user, MARK_MET))) this.#cells[row + MET]!++;
  }

  /** A user that there was no room for has failed: its slot from here on, or NO_ROOM. That it was drawn has been counted nowhere. */
  listFailed(key: string, row: number, arm: Arm): number {
    const user = this.users.findFailed(key);
    if (user === NO_ROOM) return user;
    this.users.assign(user, this.#segment, arm);
    if (arm === CANARY && this.users.mark(user, MARK_MET)) this.#cells[row + MET]!++;
    return user;
  }

  /** What happens to such a request is known. */
  finished(row: number, user: number): void {
    if (user === NO_USER || (this.#isRated(user) && this.users.finish(user, segmentAt(row)))) this.#cells[row + FINISHED]!++;
  }

  /** @param cell ERRORS to CLIENT_ERRORS; the caller sees to it that an exchange counts in it once */
  bad(row: number, arm: Arm, user: number, cell: number): void {
    // First: once it has failed it is not among those who may.
    if (cell === ERRORS && user !== NO_USER) this.finished(row, user);
    if (arm === CANARY) this.#top.add(cell, user);
    if (user !== NO_USER && !this.users.mark(user, 1 << cell)) return;
    this.#cells[row + cell]!++;
    // Ordinary times pass the lower bounds all the time: they are evidence for the next look.
    if (arm !== CANARY || cell === SLOW_P50 || cell === SLOW_P90) return;
    if (segmentAt(row) === this.#segment % SEGMENTS) this.signals.trips.look(this.#cells, this.#segment, cell);
    this.#news.raise(this.signals);
  }

  /** @param cell EVENTS + position */
  good(row: number, user: number, cell: number): void {
    if (user === NO_ROOM) return;
    if (user === NO_USER || this.users.mark(user, 1 << cell)) this.#cells[row + cell]!++;
  }

  /** A request has ended that a guard counts; a user counts once in its window. */
  guarded(row: number, user: number, failed: boolean): void {
    if (user !== NO_USER && (!this.#isRated(user) || !this.users.enter(user, this.signals.window))) return;
    this.#cells[row + GUARDED]!++;
    if (failed) this.#cells[row + GUARDED_FAILED]!++;
  }

  /** @param position among the checks of values */
  value(position: number, arm: Arm, user: number, value: number): void {
    if (user !== NO_USER && !this.#isRated(user)) return;
    this.#values?.send({ user, segment: this.#segment, arm, position, value });
  }

  #isRated(user: number): boolean {
    return user !== NO_ROOM && !this.users.isFailedAlone(user);
  }
}
