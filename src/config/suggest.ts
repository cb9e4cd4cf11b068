// "Did you mean": the known word nearest to an unknown one.

const MAX_WORD_LENGTH = 64;
/** So many are looked at. */
const MAX_CANDIDATES = 500;
const MAX_LISTED = 10;
const MAX_SHOWN_LENGTH = 100;

/** The nearest candidate, or undefined when none is near: at most one edit per three characters. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_WORD_LENGTH) return undefined;
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  let left = MAX_CANDIDATES;
  for (const candidate of candidates) {
    if (left-- === 0) break;
    if (Math.abs(candidate.length - word.length) >= least) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** ` (did you mean "x"?)`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const nearest = suggest(word, candidates);
  return nearest === undefined ? '' : ` (did you mean "${nearest}"?)`;
}

/** ` (did you mean "v2"? there are v1, v2)`: which one was perhaps meant, and those that there are; nothing where there are none. */
function whichOf(word: string, candidates: Iterable<string>): string {
  const names = [...candidates];
  const nearest = suggest(word, names);
  if (names.length === 1 && nearest !== undefined) return ` (did you mean "${nearest}"?)`;
  const hints = [...(nearest === undefined ? [] : [`did you mean "${nearest}"?`]), ...(names.length === 0 ? [] : [listed(names)])];
  return hints.length === 0 ? '' : ` (${hints.join(' ')})`;
}

/** `there is no version "v9"`, and which there are. */
export function noSuch(what: string, name: string, names: Iterable<string>): string {
  return `there is no ${what} ${JSON.stringify(name.slice(0, MAX_SHOWN_LENGTH))}${whichOf(name, names)}`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_LISTED).join(', ');
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : '';
  return `there ${names.length === 1 ? 'is' : 'are'} ${shown}${more}`;
}

/** Optimal string alignment: insert, delete, replace, or swap two neighbours. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min((above[column - 1] ?? 0) + (same ? 0 : 1), (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) best = Math.min(best, (before[column - 2] ?? 0) + 1);
      current.push(best);
    }
    [before, above] = [above, current];
  }
  return above[b.length] ?? 0;
}
