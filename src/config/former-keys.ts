// Keys that had another name in an earlier release. A config that says one is told of the new name; what Sluice itself has kept is read as if
// it had been written today.

import { isMap } from '../lib/plain.ts';

type Place = readonly (string | number)[];

/** `*` stands for any name or position. */
const FORMER_KEYS = [
  { place: 'pools.*.affinity.hold', name: 'remember' },
  { place: 'pools.*.mirrors.*.limits.answer', name: 'response' },
].map(({ place, name }) => ({ place: place.split('.'), name }));

/** What the key at the end of this place is called today; undefined when it never had another name. */
export function presentName(place: Place): string | undefined {
  return FORMER_KEYS.find(
    (former) => former.place.length === place.length && former.place.every((part, index) => part === '*' || part === place[index]),
  )?.name;
}

/** Plain data in the grammar, with the keys of today; the same object where it has no other. @param place where it stands in a config */
export function withPresentKeys(value: unknown, place: Place = []): unknown {
  const former = FORMER_KEYS.filter((each) => place.every((part, depth) => fits(each.place[depth], part)));
  return renamed(value, place.length, former);
}

/** @param former those that may be in the value, which stands so deep */
function renamed(value: unknown, depth: number, former: typeof FORMER_KEYS): unknown {
  if (former.length === 0) return value;
  const within = (part: string | number): typeof FORMER_KEYS => former.filter(({ place }) => fits(place[depth], part));
  if (Array.isArray(value)) {
    const items = value.map((item, index) => renamed(item, depth + 1, within(index)));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isMap(value)) return value;
  const entries = Object.entries(value).map(([key, inner]): readonly [string, unknown] => {
    const further = within(key);
    return [further.find(({ place }) => place.length === depth + 1)?.name ?? key, renamed(inner, depth + 1, further)];
  });
  const isSame = Object.keys(value).every((key, index) => entries[index]![0] === key && entries[index]![1] === value[key]);
  return isSame ? value : Object.fromEntries(entries);
}

function fits(part: string | undefined, given: string | number): boolean {
  return part === '*' || part === given;
}

/** Amendments as they were stored: in their paths as well. Anything else is returned as it is. */
export function withPresentPaths(stored: unknown): unknown {
  if (!Array.isArray(stored)) return stored;
  return stored.map((amendment: unknown) => {
    if (!isMap(amendment) || !Array.isArray(amendment['path'])) return amendment;
    const place = amendment['path'] as Place;
    const path = place.map((part, index) => presentName(place.slice(0, index + 1)) ?? part);
    const values = ['value', 'base'].filter((name) => Object.hasOwn(amendment, name));
    return { ...amendment, path, ...Object.fromEntries(values.map((name) => [name, withPresentKeys(amendment[name], place)])) };
  });
}
