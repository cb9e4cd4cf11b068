// When a label test is certain to fail, told before the events come: so that a thread that counts them can stop at once, with integers alone and without
// asking the judge. Its word is never beyond that of the test.

import type { Chances, LabelEvidence } from './label-evidence.ts';

/** Events of theirs, from 0, for which it is told how many of ours suffice. */
export const TRIP_COLUMNS = 8;
/** So many of ours are never enough. */
export const NEVER = 0x7fff_ffff;

/** More are not looked for: who is so far from failing is told by the judge. */
const FARTHEST = 512;
/** Sums in another order differ by less. */
const ROUNDING = 1e-9;

/**
 * For each number of further events of theirs, from 0, how many further ones of ours suffice that the logarithm of the evidence reaches `needed`, in
 * whatever order both come. Of a test towards `above`. Grows with theirs; NEVER where up to 512 do not suffice.
 */
export function tripTable(evidence: LabelEvidence, chances: Chances, needed: number): readonly number[] {
  const table: number[] = [];
  let least = 1;
  for (let theirs = 0; theirs < TRIP_COLUMNS; theirs++) {
    least = least === NEVER ? NEVER : fewest(least, (ours) => suffices(evidence, chances, { ours, theirs, needed }));
    table.push(least);
  }
  return table;
}

/** Whether so many further events of both are certain to be enough. */
export function suffices(
  evidence: LabelEvidence,
  chances: Chances,
  { ours, theirs, needed }: { readonly ours: number; readonly theirs: number; readonly needed: number },
): boolean {
  return evidence.logAtLeast(chances, ours, theirs) >= needed + ROUNDING;
}

/** The fewest from `least` on, up to FARTHEST, that do. */
function fewest(least: number, isEnough: (count: number) => boolean): number {
  if (isEnough(least)) return least;
  let [below, enough] = [least, least];
  do {
    if (enough >= FARTHEST) return NEVER;
    below = enough;
    enough = Math.min(FARTHEST, enough * 2);
  } while (!isEnough(enough));
  while (enough - below > 1) {
    const middle = (below + enough) >> 1;
    if (isEnough(middle)) enough = middle;
    else below = middle;
  }
  return enough;
}
