// Which item of one list corresponds to which of another, where the order does not matter. Linear time.

export interface MatchedItems {
  readonly pairs: readonly (readonly [primary: unknown, other: unknown])[];
  readonly missing: readonly unknown[];
  readonly extra: readonly unknown[];
}

export interface MatchSettings {
  readonly as: 'sorted' | 'set';
  readonly by: string | undefined;
}

type PrintOf = (item: unknown) => number;

/** Items of one name, each used once. */
interface Waiting {
  readonly items: unknown[];
  next: number;
}

/**
 * Matches items by the member `by`, else by their fingerprints. By fingerprints, what is left over on both sides is matched as it comes: one
 * changed item among many is compared with what it was. By a member, what is left over is missing or extra.
 */
export function matchItems(
  primary: readonly unknown[],
  other: readonly unknown[],
  settings: MatchSettings,
  printOf: PrintOf,
): MatchedItems {
  const { as, by } = settings;
  const nameOf = (item: unknown): unknown => (by === undefined ? printOf(item) : (memberOf(item, by) ?? printOf(item)));
  const left = groupItems(primary, nameOf, as);
  const right = groupItems(other, nameOf, as);
  const pairs: (readonly [unknown, unknown])[] = [];
  const missing: unknown[] = [];
  for (const [name, { items }] of left) {
    const others = right.get(name);
    for (const item of items) {
      if (others === undefined || others.next >= others.items.length) missing.push(item);
      else pairs.push([item, others.items[others.next++]]);
    }
  }
  const extra = [...right.values()].flatMap(({ items, next }) => items.slice(next));
  if (by !== undefined) return { pairs, missing, extra };
  const shared = Math.min(missing.length, extra.length);
  for (let i = 0; i < shared; i++) pairs.push([missing[i], extra[i]]);
  return { pairs, missing: missing.slice(shared), extra: extra.slice(shared) };
}

function groupItems(list: readonly unknown[], nameOf: (item: unknown) => unknown, as: 'sorted' | 'set'): Map<unknown, Waiting> {
  const groups = new Map<unknown, Waiting>();
  for (const item of list) {
    const name = nameOf(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { items: [item], next: 0 });
    else if (as === 'sorted') group.items.push(item);
  }
  return groups;
}

/** The member as a name that no fingerprint shares; undefined where there is none that could name an item. */
function memberOf(item: unknown, by: string): string | undefined {
  if (typeof item !== 'object' || item === null || !Object.hasOwn(item, by)) return undefined;
  const member = (item as Readonly<Record<string, unknown>>)[by];
  return typeof member === 'string' || typeof member === 'number' ? `${typeof member} ${member}` : undefined;
}
