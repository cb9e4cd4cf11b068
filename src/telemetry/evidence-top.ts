// Who has most of a canary's bad events: one user with a broken client must not look like a broken canary. For each worker and kind of event a
// table of 16 users in shared memory, of which the rarest are forgotten; what it says of a user is at most what that had, and less by at most a
// 17th of all (J. Misra, D. Gries, Finding repeated elements, Science of Computer Programming 2, 1982).

import { CLIENT_ERRORS, ERRORS, GAVE_UP, SLOW_P99 } from './evidence-layout.ts';

/** Cells of the evidence that are looked at. */
const CELLS = [ERRORS, SLOW_P99, GAVE_UP, CLIENT_ERRORS] as const;
const USERS = 16;
/** The number of events, then users (their slots, from 1) and their counts: three cache lines. */
const TABLE_CELLS = 48;
const PART_CELLS = CELLS.length * TABLE_CELLS;

export type TopCell = (typeof CELLS)[number];

export function createTop(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(workers * PART_CELLS * Int32Array.BYTES_PER_ELEMENT);
}

/** A worker's side. */
export class TopWriter {
  readonly #cells: Int32Array;

  constructor(memory: SharedArrayBuffer, worker: number) {
    this.#cells = new Int32Array(memory, worker * PART_CELLS * Int32Array.BYTES_PER_ELEMENT, PART_CELLS);
  }

  /** @param cell of the evidence; others than those of TopCell are left out. @param user its slot; below 0 for a request without a key */
  add(cell: number, user: number): void {
    const table = CELLS.indexOf(cell as TopCell) * TABLE_CELLS;
    if (table < 0) return;
    const cells = this.#cells;
    cells[table]!++;
    if (user < 0) return;
    let free = -1;
    for (let at = table + 1; at <= table + USERS; at++) {
      if (cells[at] === user + 1) {
        cells[at + USERS]!++;
        return;
      }
      if (cells[at] === 0) free = at;
    }
    if (free >= 0) {
      cells[free] = user + 1;
      cells[free + USERS] = 1;
      return;
    }
    for (let at = table + 1; at <= table + USERS; at++) {
      if (--cells[at + USERS]! === 0) cells[at] = 0;
    }
  }
}

/** The part of all such events of the canary that the user with most of them has, at least; undefined while no user is known. */
export function topShare(memory: SharedArrayBuffer, workers: number, cell: TopCell): number | undefined {
  const cells = new Int32Array(memory);
  const counts = new Map<number, number>();
  let events = 0;
  for (let worker = 0; worker < workers; worker++) {
    const table = worker * PART_CELLS + CELLS.indexOf(cell) * TABLE_CELLS;
    events += cells[table]!;
    for (let at = table + 1; at <= table + USERS; at++) {
      const user = cells[at]!;
      if (user !== 0) counts.set(user, (counts.get(user) ?? 0) + cells[at + USERS]!);
    }
  }
  if (counts.size === 0 || events === 0) return undefined;
  return Math.min(1, Math.max(...counts.values()) / events);
}
