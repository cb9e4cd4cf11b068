// A share that grows with time: linear, from a tenth to all of it.

/** Share at the beginning: nothing would begin without any. */
const LEAST = 0.1;

/** The part of its full share that something has `ageMs` after it began: 0.1 to 1; 1 once the window is over. */
export function growingShare(ageMs: number, windowMs: number): number {
  return ageMs >= windowMs ? 1 : Math.max(LEAST, ageMs / windowMs);
}
