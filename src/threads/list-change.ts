// A long list of which most stays, on its way to a thread that has the list before: what stays at its beginning and end is not sent again.

export interface ListChange<T> {
  /** How many of the list before stay at its beginning, and how many at its end. */
  readonly start: number;
  readonly end: number;
  /** What stands between them now. */
  readonly middle: readonly T[];
}

/** Items are compared as objects. */
export function changeOf<T>(before: readonly T[], after: readonly T[]): ListChange<T> {
  const least = Math.min(before.length, after.length);
  let [start, end] = [0, 0];
  while (start < least && before[start] === after[start]) start++;
  while (end < least - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  return { start, end, middle: after.slice(start, after.length - end) };
}

/** The list after; the one before itself when nothing changed. */
export function changed<T>(before: readonly T[], { start, end, middle }: ListChange<T>): readonly T[] {
  if (middle.length === 0 && start + end === before.length) return before;
  return [...before.slice(0, start), ...middle, ...before.slice(before.length - end)];
}
