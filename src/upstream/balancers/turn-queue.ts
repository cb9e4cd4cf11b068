// Weighted turns by earliest due time: an endpoint is due every 1/weight of a virtual time, so any whole number of
// rounds gives each exactly its count. Staggered beginnings keep the turns of many light endpoints from falling together.

import type { Endpoint } from '../endpoint.ts';
import { avoidedIfReady, isPickable } from './pickable.ts';

/** Unready endpoints whose turn is struck out before all are looked at. */
const MAX_STRUCK = 8;
/** Due times beyond this are counted from 0 again, long before additions lose digits. */
const REBASE_AT = 2 ** 32;
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

export class TurnQueue {
  #endpoints: readonly Endpoint[] = [];
  /** Virtual time between two turns, by endpoint index; that of the greatest weight is 1. */
  #stride = new Float64Array(0);
  /** Virtual time of the next turn, by endpoint index. */
  #due = new Float64Array(0);
  /** Endpoint indexes as a binary heap: the earliest due is first. */
  #heap = new Int32Array(0);
  #time = 0;
  #stagger: number;

  /** @param stagger where the first turns fall, 0 <= x < 1 */
  constructor(stagger: number) {
    this.#stagger = stagger;
  }

  /** Takes over endpoints and weights (all above 0). Those that stay keep the part of their round that is left. */
  update(endpoints: readonly Endpoint[]): void {
    const left = new Map<Endpoint, number>();
    this.#endpoints.forEach((endpoint, index) => {
      left.set(endpoint, Math.max(0, this.#due[index]! - this.#time) / this.#stride[index]!);
    });
    const heaviest = endpoints.reduce((most, endpoint) => Math.max(most, endpoint.weight), 0);
    this.#endpoints = endpoints;
    this.#stride = Float64Array.from(endpoints, (endpoint) => heaviest / endpoint.weight);
    this.#due = Float64Array.from(endpoints, (endpoint, index) => (left.get(endpoint) ?? this.#nextStagger()) * this.#stride[index]!);
    // A sorted list is a heap.
    this.#heap = Int32Array.from(endpoints.keys()).sort((a, b) => this.#due[a]! - this.#due[b]!);
    this.#time = 0;
  }

  /** Picks the ready endpoint that is due first. */
  pick(avoid: Endpoint | undefined): Endpoint | undefined {
    const struckAtMost = Math.min(MAX_STRUCK, this.#heap.length);
    for (let struck = 0; struck < struckAtMost; struck++) {
      const endpoint = this.#endpoints[this.#heap[0]!]!;
      this.#takeTurn(0);
      if (isPickable(endpoint, avoid)) return endpoint;
    }
    return this.#pickAmongReady(avoid);
  }

  #pickAmongReady(avoid: Endpoint | undefined): Endpoint | undefined {
    let best = -1;
    let bestDue = Infinity;
    for (let position = 0; position < this.#heap.length; position++) {
      const index = this.#heap[position]!;
      if (this.#due[index]! >= bestDue || !isPickable(this.#endpoints[index]!, avoid)) continue;
      best = position;
      bestDue = this.#due[index]!;
    }
    if (best === -1) return avoidedIfReady(this.#endpoints, avoid);
    const endpoint = this.#endpoints[this.#heap[best]!]!;
    this.#takeTurn(best);
    return endpoint;
  }

  /** Moves the endpoint at this position of the heap to its next turn. What it missed while unready it does not get back. */
  #takeTurn(position: number): void {
    const index = this.#heap[position]!;
    this.#time = Math.max(this.#time, this.#due[index]!);
    this.#due[index] = this.#time + this.#stride[index]!;
    this.#sink(position);
    if (this.#time > REBASE_AT) this.#rebase();
  }

  #sink(start: number): void {
    const heap = this.#heap;
    const due = this.#due;
    const index = heap[start]!;
    const indexDue = due[index]!;
    let position = start;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && due[heap[child + 1]!]! < due[heap[child]!]!) child++;
      if (due[heap[child]!]! >= indexDue) break;
      heap[position] = heap[child]!;
      position = child;
    }
    heap[position] = index;
  }

  #rebase(): void {
    for (let index = 0; index < this.#due.length; index++) this.#due[index]! -= this.#time;
    this.#time = 0;
  }

  #nextStagger(): number {
    this.#stagger = (this.#stagger + GOLDEN_RATIO) % 1;
    return this.#stagger;
  }
}
