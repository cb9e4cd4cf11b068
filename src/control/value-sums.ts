// What the users of one rollout are worth: of each value the sum per user, no more than the check's cap, added up by the arm and the segment in which
// the user was first drawn. What users do later counts there as well, whichever version serves them then: the draw is what was left to chance.

import { BASELINE, CANARY } from '../telemetry/evidence-layout.ts';
import type { Arm } from '../telemetry/evidence-layout.ts';
import { SLOTS } from '../telemetry/evidence-users.ts';
import type { EvidenceUsers } from '../telemetry/evidence-users.ts';
import { ValueReceiver } from '../telemetry/evidence-values.ts';
import type { SentValue } from '../telemetry/evidence-values.ts';
import type { CountedValue } from './ports.ts';

/** Of one check: the sum over units, and the sum of their squares. */
export type ValuePair = readonly [sum: number, squares: number];

/** The segment that a user was drawn in is known by its last 8 bits. */
const SEGMENT_MASK = 0xff;

export class ValueSums {
  readonly #checks: readonly CountedValue[];
  readonly #users: EvidenceUsers;
  readonly #received: ValueReceiver | undefined;
  /** By position: what each user has by its slot, 2 MB each; made with the first value. */
  readonly #totals: Float64Array[] = [];
  /** By segment, for each arm and check a sum and squares. */
  readonly #sums = new Map<number, Float64Array>();
  /** Texts of responses that were no amount. */
  unreadable = 0;

  /** @param sent by this many workers; undefined where no check looks at responses */
  constructor(checks: readonly CountedValue[], users: EvidenceUsers, sent: { memory: SharedArrayBuffer; workers: number } | undefined) {
    this.#checks = checks;
    this.#users = users;
    this.#received = sent && new ValueReceiver(sent.memory, sent.workers);
  }

  /** Values that workers had no room for. */
  get lost(): number {
    return this.#received?.lost ?? 0;
  }

  /** Takes what the workers have seen. @param segment the last one */
  drain(segment: number): void {
    this.#received?.drain((sent) => this.#take(sent, segment));
  }

  /** A value of a user that is known. False: it was not drawn, or no check has it. */
  tell(event: string, { user, value, segment }: { readonly user: number; readonly value: number; readonly segment: number }): boolean {
    let counted = false;
    for (const [position, { source }] of this.#checks.entries()) {
      if (source.kind === 'told' && source.event === event && this.#addOfUser({ user, position, value }, segment)) counted = true;
    }
    return counted;
  }

  /** Of each check, in this segment. */
  of(segment: number, arm: Arm): readonly ValuePair[] {
    const sums = this.#sums.get(segment);
    return this.#checks.map((_, position) => {
      const at = this.#placeOf(arm, position);
      return [sums?.[at] ?? 0, sums?.[at + 1] ?? 0];
    });
  }

  #take({ user, segment, arm, position, value }: SentValue, last: number): void {
    const check = this.#checks[position];
    if (check === undefined) return;
    if (Number.isNaN(value)) this.unreadable++;
    else if (user >= 0) this.#addOfUser({ user, position, value }, last);
    else this.#add({ segment, arm: arm === CANARY ? CANARY : BASELINE, position }, 0, Math.min(check.cap, value));
  }

  #addOfUser({ user, position, value }: Pick<SentValue, 'user' | 'position' | 'value'>, last: number): boolean {
    const arm = ([BASELINE, CANARY] as const).find((each) => this.#users.segmentOf(user, each) >= 0);
    if (arm === undefined) return false;
    const segment = last - ((last - this.#users.segmentOf(user, arm)) & SEGMENT_MASK);
    const totals = (this.#totals[position] ??= new Float64Array(SLOTS));
    const before = totals[user]!;
    const now = Math.min(this.#checks[position]!.cap, before + value);
    totals[user] = now;
    this.#add({ segment, arm, position }, before, now);
    return true;
  }

  #add({ segment, arm, position }: { segment: number; arm: Arm; position: number }, before: number, now: number): void {
    let sums = this.#sums.get(segment);
    if (sums === undefined) this.#sums.set(segment, (sums = new Float64Array(this.#checks.length * 4)));
    const at = this.#placeOf(arm, position);
    sums[at]! += now - before;
    sums[at + 1]! += now * now - before * before;
  }

  #placeOf(arm: Arm, position: number): number {
    return (arm * this.#checks.length + position) * 2;
  }
}
