// How many bytes of bodies the process may hold at one time, and who waits for room. It counts what is announced, before a byte of it is read:
// a body that does not fit stays with its client. What viewers hold leaves room for operators, and what operators hold leaves room for admins.

import type { Clock } from '../lib/clock.ts';
import type { Role } from './auth.ts';

const MIB = 1024 * 1024;
/** Of all bodies together, as far as this role may fill it: one whole config of operators at a time, and one more of admins. */
const MAX_BYTES: Readonly<Record<Role, number>> = { viewer: 2 * MIB, operator: 11 * MIB, admin: 20 * MIB };
const ROLES: readonly Role[] = ['admin', 'operator', 'viewer'];
/** A client whose turn does not come until then is told to come again: who sends several at once is told so soon, not after all of them. */
const WAIT_MS = 1_000;

interface Waiting {
  readonly bytes: number;
  readonly settle: (has: boolean) => void;
}

export class BodyRoom {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #waiting: Readonly<Record<Role, Set<Waiting>>> = { viewer: new Set(), operator: new Set(), admin: new Set() };
  #used = 0;

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /** Resolves with true when there is room, which must be given back, or with false when there was none for too long. At most as many bytes as a config. */
  take(bytes: number, role: Role): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting: Waiting = {
        bytes,
        settle: (has) => {
          timer.stop();
          this.#waiting[role].delete(waiting);
          resolve(has);
        },
      };
      const timer = this.#clock.after(WAIT_MS, () => waiting.settle(false), { unref: true });
      this.#waiting[role].add(waiting);
      this.#grant();
    });
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
    this.#grant();
  }

  /** In the order in which they came, so that a large one is not passed for ever by small ones. */
  #grant(): void {
    for (const role of ROLES) {
      for (const waiting of [...this.#waiting[role]]) {
        if (this.#used + waiting.bytes > MAX_BYTES[role]) break;
        this.#used += waiting.bytes;
        waiting.settle(true);
      }
    }
  }
}
