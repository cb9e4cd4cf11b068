// What versions and their endpoints counted lately: copies of the counters, one a second at most and none while nothing happens, thinned out
// as they age. Differences between them and now are the figures of a window. Bounded: about 30 copies of 1.2 KB for each version in use.

import type { CounterBlock } from './counter-block.ts';
import type { CounterRegistry } from './counter-registry.ts';
import { groupBlocks, type BlockGroup } from './block-groups.ts';
import { activityOf, copyRow, differenceOf } from './traffic-row.ts';
import type { EndpointTraffic, Traffic } from './traffic-row.ts';

/** The longest window. */
export const MAX_WINDOW_MS = 5 * 60_000;
/** The shortest window. */
export const MIN_WINDOW_MS = 1000;
/** How often to look. */
export const LOOK_MS = 1000;

/** Copies are kept this far apart, by their age. */
const SPACING: readonly (readonly [youngerThanMs: number, spacingMs: number])[] = [
  [12_000, 1000],
  [75_000, 5000],
  [Infinity, 30_000],
];
/** With more versions than this a copy is made each 5 s at most. */
const MANY_VERSIONS = 300;
/** Clocks of looks and copies differ by a little. */
const SLACK_MS = 100;

interface Row {
  readonly group: BlockGroup;
  readonly cells: Uint32Array;
  readonly activity: number;
}

interface Copy {
  readonly atMs: number;
  /** Until then nothing had changed. */
  untilMs: number;
  /** By the block of the version; rows of versions that rested are those of the copy before. */
  readonly rows: ReadonlyMap<CounterBlock, Row>;
}

/** Figures of one window, and how much of it they cover: less where the version, or the instance, is younger. */
interface Measured<T> {
  readonly measuredMs: number;
  readonly counted: T;
}

export interface VersionWindow extends Measured<Traffic> {
  /** By their keys, in no order. */
  readonly endpoints: ReadonlyMap<string, Measured<EndpointTraffic>>;
}

/** A moment of a version. */
export interface TrafficMark {
  readonly block: CounterBlock;
  readonly cells: Uint32Array;
}

export class TrafficHistory {
  readonly #counters: Pick<CounterRegistry, 'blocks'>;
  readonly #nowMs: () => number;
  /** Oldest first; never empty. */
  #copies: Copy[];
  #groups: ReadonlyMap<string, BlockGroup> = new Map();
  #grouped: readonly unknown[] = [];

  /** @param nowMs monotonic */
  constructor(counters: Pick<CounterRegistry, 'blocks'>, nowMs: () => number) {
    this.#counters = counters;
    this.#nowMs = nowMs;
    const atMs = nowMs();
    this.#copies = [{ atMs, untilMs: atMs, rows: new Map() }];
  }

  /** Copies that are kept. */
  get copies(): number {
    return this.#copies.length;
  }

  /** Copies what has changed since the look before; call it every `LOOK_MS`. */
  look(): void {
    this.#regroup();
    const last = this.#copies.at(-1)!;
    const atMs = this.#nowMs();
    if (this.#groups.size > MANY_VERSIONS && atMs - last.untilMs < SPACING[1]![1] - SLACK_MS) return;
    const rows = new Map<CounterBlock, Row>();
    let changed = this.#groups.size !== last.rows.size;
    for (const group of this.#groups.values()) {
      const row = rowOf(group, last.rows.get(group.version));
      if (row !== last.rows.get(group.version)) changed = true;
      rows.set(group.version, row);
    }
    if (!changed) {
      last.untilMs = atMs;
      return;
    }
    this.#copies.push({ atMs, untilMs: atMs, rows });
    this.#copies = thinned(this.#copies, atMs);
  }

  /** What a version counted in the `windowMs` before now; undefined when it is not counted at all. */
  window(pool: string, version: string, windowMs: number): VersionWindow | undefined {
    this.#regroup();
    const group = this.#groups.get(`${pool}\n${version}`);
    if (group === undefined) return undefined;
    const nowMs = this.#nowMs();
    const begin = this.#beginOf(nowMs - windowMs, ({ rows }) => rows.has(group.version));
    const { cells, group: before } = begin.copy?.rows.get(group.version) ?? NOTHING;
    const now = copyRow(group);
    const counted = differenceOf(now, cells);
    const endpoints = new Map<string, Measured<EndpointTraffic>>();
    group.endpoints.forEach((block, index) => {
      const known = before?.places.get(block);
      const sinceMs = known === undefined ? this.#beginOf(nowMs - windowMs, (copy) => knows(copy, group, block)).sinceMs : begin.sinceMs;
      const { key } = block;
      if (key.kind !== 'endpoint') return;
      const traffic = counted.endpoint(index, known);
      endpoints.set(key.endpoint, { measuredMs: Math.max(nowMs - sinceMs, 0), counted: traffic });
    });
    return { measuredMs: Math.max(nowMs - begin.sinceMs, 0), counted: counted.version, endpoints };
  }

  /** What a version has counted by now, for `since`; undefined when it is not counted at all. */
  mark(pool: string, version: string): TrafficMark | undefined {
    this.#regroup();
    const group = this.#groups.get(`${pool}\n${version}`);
    return group && { block: group.version, cells: copyRow(group) };
  }

  /** What a version counted since then; undefined when it is another one by now. */
  since(pool: string, version: string, { block, cells }: TrafficMark): Traffic | undefined {
    this.#regroup();
    const group = this.#groups.get(`${pool}\n${version}`);
    return group?.version === block ? differenceOf(copyRow(group), cells).version : undefined;
  }

  /** Where a window over what `has` finds in copies begins: at a copy, or where it first was. */
  #beginOf(wantedMs: number, has: (copy: Copy) => boolean): { readonly copy: Copy | undefined; readonly sinceMs: number } {
    let first = this.#copies.findLastIndex(({ atMs }) => atMs <= wantedMs);
    if (first < 0) first = 0;
    const copy = this.#copies[first]!;
    if (has(copy)) return { copy, sinceMs: copy.atMs > wantedMs ? copy.atMs : Math.min(copy.untilMs, wantedMs) };
    let lacking = copy;
    for (const each of this.#copies.slice(first + 1)) {
      if (has(each)) break;
      lacking = each;
    }
    return { copy: undefined, sinceMs: Math.max(lacking.untilMs, wantedMs) };
  }

  #regroup(): void {
    const [versions, endpoints] = [this.#counters.blocks('version'), this.#counters.blocks('endpoint')];
    if (versions === this.#grouped[0] && endpoints === this.#grouped[1]) return;
    this.#grouped = [versions, endpoints];
    this.#groups = groupBlocks(versions, endpoints, this.#groups);
  }
}

const NOTHING: { readonly cells: undefined; readonly group: undefined } = { cells: undefined, group: undefined };

function knows({ rows }: Copy, { version }: BlockGroup, endpoint: CounterBlock): boolean {
  return rows.get(version)?.group.places.has(endpoint) === true;
}

function rowOf(group: BlockGroup, before: Row | undefined): Row {
  const activity = activityOf(group);
  if (before !== undefined && before.group === group && before.activity === activity) return before;
  return { group, cells: copyRow(group), activity };
}

/** Without copies that lie closer together than their age allows: the last of each span stays. So does one that is older than any window: windows begin there. */
function thinned(copies: readonly Copy[], nowMs: number): Copy[] {
  return copies.filter((copy, index) => {
    const next = copies[index + 1];
    if (next === undefined) return true;
    if (nowMs - next.atMs > MAX_WINDOW_MS) return false;
    const [, spacingMs] = SPACING.find(([youngerThanMs]) => nowMs - copy.atMs < youngerThanMs)!;
    return spanOf(copy, spacingMs) !== spanOf(next, spacingMs);
  });
}

function spanOf({ atMs }: Copy, spacingMs: number): number {
  return Math.floor((atMs + SLACK_MS) / spacingMs);
}
