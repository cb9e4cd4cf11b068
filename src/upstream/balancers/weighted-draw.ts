// Draws endpoints with chances proportional to their weights in constant time, whatever their number.
// Walker's alias method (Walker 1977), with the tables built as in Vose 1991.

import type { Endpoint } from '../endpoint.ts';
import { dropWeightless, isPickable } from './pickable.ts';

/** Draws before a caller has to look at all endpoints: with half of them unready, that is needed once in 256 picks. */
const MAX_DRAWS = 8;

export class WeightedDraw {
  /** All endpoints with a weight above 0. */
  endpoints: readonly Endpoint[] = [];
  readonly #random: () => number;
  /** Chance that a cell keeps its own endpoint instead of giving way to its alias. */
  #keep = new Float64Array(0);
  #alias = new Int32Array(0);

  /** @param random fractions, 0 <= x < 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Takes over endpoints and their weights as they are now. */
  update(endpoints: readonly Endpoint[]): void {
    this.endpoints = dropWeightless(endpoints);
    const count = this.endpoints.length;
    this.#keep = new Float64Array(count).fill(1);
    this.#alias = Int32Array.from({ length: count }, (_, index) => index);
    fillAliasTable(this.endpoints, this.#keep, this.#alias);
  }

  /** Draws a ready endpoint other than `avoid`; undefined when a few draws found none. */
  drawReady(avoid: Endpoint | undefined): Endpoint | undefined {
    if (this.endpoints.length === 0) return undefined;
    for (let draws = 0; draws < MAX_DRAWS; draws++) {
      const endpoint = this.endpoints[this.#drawIndex()]!;
      if (isPickable(endpoint, avoid)) return endpoint;
    }
    return undefined;
  }

  /** Draws a ready endpoint that is neither `first` nor `avoid`; undefined when a few draws found none. */
  drawReadyOther(first: Endpoint, avoid: Endpoint | undefined): Endpoint | undefined {
    const count = this.endpoints.length;
    if (count < 2) return undefined;
    for (let draws = 0; draws < MAX_DRAWS; draws++) {
      let index = this.#drawIndex();
      if (this.endpoints[index] === first) index = this.#otherIndex(index);
      const endpoint = this.endpoints[index]!;
      if (isPickable(endpoint, avoid)) return endpoint;
    }
    return undefined;
  }

  /** A position in `endpoints`, all alike; for scans that must not favour the first. */
  uniformIndex(): number {
    return Math.floor(this.#random() * this.endpoints.length);
  }

  #drawIndex(): number {
    const point = this.#random() * this.#keep.length;
    const cell = Math.floor(point);
    return point - cell < this.#keep[cell]! ? cell : this.#alias[cell]!;
  }

  #otherIndex(index: number): number {
    const count = this.endpoints.length;
    const other = index + 1 + Math.floor(this.#random() * (count - 1));
    return other < count ? other : other - count;
  }
}

/** Every cell that has too little is filled up from one that has too much; what rounding leaves over keeps its cell. */
function fillAliasTable(endpoints: readonly Endpoint[], keep: Float64Array, alias: Int32Array): void {
  const mean = endpoints.reduce((sum, endpoint) => sum + endpoint.weight, 0) / endpoints.length;
  const parts = endpoints.map((endpoint) => endpoint.weight / mean);
  const poor: number[] = [];
  const rich: number[] = [];
  parts.forEach((part, index) => (part < 1 ? poor : rich).push(index));
  while (poor.length > 0 && rich.length > 0) {
    const sink = poor.pop()!;
    const giver = rich.at(-1)!;
    keep[sink] = parts[sink]!;
    alias[sink] = giver;
    parts[giver]! -= 1 - parts[sink]!;
    if (parts[giver]! < 1) poor.push(rich.pop()!);
  }
}
