// Looks, for all versions of a worker, for ejections that are over and for those of other workers: at most 100 ms late while the
// event loop turns. One deadline per worker; as long as nobody ejects anything a look costs one cell per worker. A worker at rest looks
// only while something is ejected: the others tell it when they eject (`restart`), and it looks before it serves again.

import { Deadline } from '../../lib/deadlines.ts';
import type { DeadlineOwner } from '../../lib/deadlines.ts';
import type { OutlierEjector, OutlierEjectorDeps } from './outlier-ejector.ts';

/** Deadlines fire up to two ticks (40 ms) late. */
const LOOK_MS = 40;
/** Looks that follow a change: on some machines one cell may be seen to change before another that was written first. */
const LOOKS = 2;

export class SharedEjections implements DeadlineOwner {
  readonly #deps: OutlierEjectorDeps;
  readonly #ejectors: () => Iterable<OutlierEjector>;
  readonly #deadline: Deadline;
  #seen = 0;
  #looks = LOOKS;
  #awake = true;

  constructor(deps: OutlierEjectorDeps, ejectors: () => Iterable<OutlierEjector>) {
    this.#deps = deps;
    this.#ejectors = ejectors;
    this.#deadline = new Deadline(this);
  }

  /** There may be new endpoints: others may have ejected them already. */
  restart(): void {
    this.#looks = LOOKS;
    this.#deps.deadlines.arm(this.#deadline, LOOK_MS);
  }

  /** Whether this worker has anything to do. */
  pace(awake: boolean): void {
    this.#awake = awake;
    if (awake) this.onDeadline();
    else this.#restIfDone();
  }

  #restIfDone(): void {
    if (this.#looks === 0 && ![...this.#ejectors()].some(({ ejected }) => ejected > 0)) this.#deadline.disarm();
  }

  onDeadline(): void {
    this.#deps.deadlines.armQuietly(this.#deadline, LOOK_MS);
    const seen = this.#deps.counters.worker().ejectionChanges();
    if (seen !== this.#seen) this.#looks = LOOKS;
    this.#seen = seen;
    for (const ejector of this.#ejectors()) if (this.#looks > 0 || ejector.ejected > 0) ejector.review();
    if (this.#looks > 0) this.#looks--;
    if (!this.#awake) this.#restIfDone();
  }
}
