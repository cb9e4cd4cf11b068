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

/** Plain data in the grammar, with the keys of today. @param place where it stands in a config */
export function withPresentKeys(value: unknown, place: Place = []): unknown {
  if (Array.isArray(value)) return value.map((item, index) => withPresentKeys(item, [...place, index]));
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [presentName([...place, key]) ?? key, withPresentKeys(inner, [...place, key])]),
  );
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
