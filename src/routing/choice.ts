// The result of choosing a version: the version, and the reason.

export interface VersionTable {
  /** Position in `PoolTable.versions`. */
  readonly index: number;
  readonly name: string;
}

/**
 * `fallback`: what would have been chosen is not ready, or has failed the request, so another version of the split responds.
 * `slow-start`: another one responds because what would have been chosen is only starting.
 * `remembered`: the user keeps the version that it has, though the weights say otherwise by now.
 */
export const CHOICE_REASONS = [
  'route',
  'override',
  'affinity',
  'affinity-new',
  'weight',
  'fallback',
  'none',
  'slow-start',
  'remembered',
] as const;
/** Positions in `CHOICE_REASONS`. */
export const REASON_ROUTE = 0;
export const REASON_OVERRIDE = 1;
export const REASON_AFFINITY = 2;
export const REASON_AFFINITY_NEW = 3;
export const REASON_WEIGHT = 4;
export const REASON_FALLBACK = 5;
export const REASON_NONE = 6;
export const REASON_SLOW_START = 7;
export const REASON_REMEMBERED = 8;

/** Result of `choose`, reused by its caller. */
export class Choice {
  version: VersionTable | undefined = undefined;
  /** Position in `CHOICE_REASONS`. */
  reason = 0;
  /** Affinity key of the request (for ring-hash as well); empty when unkeyed. */
  key = '';
  /** Whether the response must set the affinity cookie to `key`. */
  setCookie = false;
  /** Name of the override that decided; empty otherwise. */
  override = '';
  /**
   * Whether chance decided, or the hash of a key that nothing was known of: such a choice says nothing of who sent the request, so it may count
   * as evidence. Not what a route, an override, a session or a fallback decided.
   */
  isRandom = false;
  /** Of a random choice: how likely the pool's version under test was at that moment, 0 to 1; 0 where there is none. */
  canaryChance = 0;
  /**
   * Index of the version that chance drew, by weight or by key, whether it is ready or not; -1 where something else decided. Wider than
   * `isRandom`: also where another one responds in its place, and where the user was drawn at an earlier request.
   */
  drawn = -1;
  /** The user had that version before: a session knew it, by the weights of then. */
  kept = false;
}

/** Back to the first values, for another request. */
export function resetChoice(choice: Choice): void {
  choice.version = undefined;
  choice.reason = REASON_NONE;
  choice.key = '';
  choice.setCookie = false;
  choice.override = '';
  choice.isRandom = false;
  choice.canaryChance = 0;
  choice.drawn = -1;
  choice.kept = false;
}
