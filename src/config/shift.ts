// What a rollout asks of a pool, all of it in one change: its split, and exactly these overrides, mirrors and drains of its own. Pure.

import { isMap } from '../lib/plain.ts';
import { isRefused, removeMirror, removeOverride, setMirror, setOverride, setSplit, standingValue } from './changes.ts';
import type { Changed, Standing } from './changes.ts';
import { itemsOf, readField } from './field.ts';
import { setDrain } from './set-drain.ts';

export interface Shift {
  readonly pool: string;
  /** Names of its overrides and mirrors are this one, or begin with it and a hyphen. */
  readonly rollout: string;
  /** Undefined: they stay as they are. */
  readonly weights: Readonly<Record<string, number>> | undefined;
  readonly salts: Readonly<Record<string, string>>;
  /** The version under test; empty: none any more. */
  readonly canary: string;
  /** Its overrides by name, as YAML says them; others of its own are removed. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly mirrors: Readonly<Record<string, unknown>>;
  /** Endpoints of a version that it drains, and lets back. */
  /** It goes back to the split from before: users leave what is bad, whether or not that can be kept. */
  readonly isBack: boolean;
  readonly drains: readonly { readonly version: string; readonly endpoint: string; readonly drained: boolean }[];
}

/** Of several pools, likewise. */
export function shiftPools(standing: Standing, shifts: readonly Shift[]): Changed {
  let now = standing;
  for (const shift of shifts) {
    const changed = shiftPool(now, shift);
    if (isRefused(changed)) return changed;
    now = { ...now, amendments: changed };
  }
  return now.amendments;
}

/** All amendments from now on, or the first of its parts that is refused. */
export function shiftPool(standing: Standing, shift: Shift): Changed {
  const { pool, weights, salts, canary, overrides, mirrors, drains } = shift;
  const steps: ((now: Standing) => Changed)[] = [
    ...(weights === undefined ? [] : [(now: Standing): Changed => setSplit(now, pool, weights, { salts, canary })]),
    ...ownNames(standing, shift, 'overrides')
      .filter((name) => !Object.hasOwn(overrides, name))
      .map((name) => (now: Standing) => removeOverride(now, pool, name)),
    ...Object.entries(overrides).map(
      ([name, value]) =>
        (now: Standing) =>
          setOverride(now, pool, name, value),
    ),
    ...ownNames(standing, shift, 'mirrors')
      .filter((name) => !Object.hasOwn(mirrors, name))
      .map((name) => (now: Standing) => removeMirror(now, pool, name)),
    ...Object.entries(mirrors).map(
      ([name, value]) =>
        (now: Standing) =>
          setMirror(now, pool, name, value),
    ),
    ...drains.map(
      ({ version, endpoint, drained }) =>
        (now: Standing) =>
          setDrain(now, { pool, version, endpoint }, drained),
    ),
  ];
  let now = standing;
  for (const step of steps) {
    const changed = step(now);
    if (isRefused(changed)) return changed;
    now = { ...now, amendments: changed };
  }
  return now.amendments;
}

function ownNames(standing: Standing, { pool, rollout }: Shift, list: 'overrides' | 'mirrors'): readonly string[] {
  const found = readField(standingValue(standing), ['pools', pool, list]);
  const names = Array.isArray(found)
    ? [...itemsOf(found, ['pools', pool, list]).keys()].map(String)
    : isMap(found)
      ? Object.keys(found)
      : [];
  return names.filter((name) => isOwned(name, rollout));
}

/** Whether an override or mirror of this name belongs to the rollout. */
function isOwned(name: string, rollout: string): boolean {
  return name === rollout || name.startsWith(`${rollout}-`);
}
