// How much a store keeps. Numbers have no gaps and only the oldest go, so that what is kept is a span of numbers.

/** The newest is always kept. */
export interface Bound {
  readonly count: number;
  /** Of all texts together, in UTF-16 units. */
  readonly size: number;
}

export interface Retention {
  readonly revisions: Bound;
  readonly entries: Bound;
}

/** Empty when `last` is below `first`. */
export interface Span {
  readonly first: number;
  readonly last: number;
  readonly size: number;
}

/** What is kept of both. */
export interface Extent {
  readonly revisions: Span;
  readonly entries: Span;
}

const MIB = 1024 * 1024;

/** The sizes matter only for large configs: 64 MiB are 1,000 revisions of 64 KiB, and are checked within a second at a start. */
export const DEFAULT_RETENTION: Retention = {
  revisions: { count: 1_000, size: 64 * MIB },
  entries: { count: 10_000, size: 16 * MIB },
};

export const NOTHING: Extent = { revisions: { first: 1, last: 0, size: 0 }, entries: { first: 1, last: 0, size: 0 } };

// More than the one that each append adds, so that a lowered bound is reached in time; few, so that no append is slow.
const DROPS_AT_ONCE = 8;

/** The span with one more at its end, of that size, and without the oldest that the bound has no room for. */
export function extend(span: Span, size: number, bound: Bound, sizeOf: (number: number) => number): Span {
  const last = span.last + 1;
  let { first } = span;
  let total = span.size + size;
  for (let drops = 0; drops < DROPS_AT_ONCE && first < last; drops++) {
    if (last - first < bound.count && total <= bound.size) break;
    total -= sizeOf(first);
    first++;
  }
  return { first, last, size: total };
}

/** Things of a page. */
export const MAX_PAGE = 1_000;

/** How many a page may have: a whole number from 0 to `MAX_PAGE`. */
export function pageLength(limit: number): number {
  return Number.isNaN(limit) ? 0 : Math.trunc(Math.min(Math.max(limit, 0), MAX_PAGE));
}
