// One copy of the counters of a version and its endpoints, in 32-bit cells: counts wrap, and differences are right all the same as long as
// less than 4 billion happen in a window.

import type { BlockGroup } from './block-groups.ts';
import type { CounterBlock } from './counter-block.ts';
import * as at from './counter-layout.ts';
import { LATENCY_BUCKETS } from './latency-buckets.ts';

/** What exchanges of a version did. */
export interface Traffic {
  /** Exchanges that ended. */
  readonly requests: number;
  /** Of these, failed ones: a status of 500 or above, or a response that broke off. */
  readonly errors: number;
  /** Requests to which another version responded in its place. */
  readonly fallbacks: number;
  /** Times one of its endpoints was ejected. */
  readonly ejections: number;
  /** By bucket (`latencyBucket`): whole exchanges, and the time until the head of a response. */
  readonly latency: Uint32Array;
  readonly firstByte: Uint32Array;
}

/** What attempts on an endpoint did. */
export interface EndpointTraffic {
  /** Attempts that ended. */
  readonly requests: number;
  /** Of these, failed ones, and responses with a status of 500 or above. */
  readonly errors: number;
  readonly ejections: number;
}

const ERRORS = 0;
const FALLBACKS = 1;
const EJECTIONS = 2;
const LATENCY = 3;
const FIRST_BYTE = LATENCY + LATENCY_BUCKETS;
const ENDPOINTS = FIRST_BYTE + LATENCY_BUCKETS;

const ENDPOINT_REQUESTS = 0;
const ENDPOINT_ERRORS = 1;
const ENDPOINT_EJECTED = 2;
const PER_ENDPOINT = 3;

/** A number that differs whenever the group counted something. */
export function activityOf({ version }: BlockGroup): number {
  const ended = version.total(at.VERSION_DURATION_SUM_MS) + version.total(at.VERSION_ERRORS);
  return ended + version.total(at.VERSION_FALLBACKS) + version.total(at.VERSION_EJECTIONS);
}

/** The cells of now. */
export function copyRow({ version, endpoints }: BlockGroup): Uint32Array {
  const cells = new Uint32Array(ENDPOINTS + endpoints.length * PER_ENDPOINT);
  cells[ERRORS] = version.total(at.VERSION_ERRORS);
  cells[FALLBACKS] = version.total(at.VERSION_FALLBACKS);
  cells[EJECTIONS] = version.total(at.VERSION_EJECTIONS);
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    cells[LATENCY + bucket] = version.total(at.VERSION_LATENCY + bucket);
    cells[FIRST_BYTE + bucket] = version.total(at.VERSION_FIRST_BYTE + bucket);
  }
  endpoints.forEach((block, index) => copyEndpoint(block, cells, ENDPOINTS + index * PER_ENDPOINT));
  return cells;
}

function copyEndpoint(block: CounterBlock, cells: Uint32Array, first: number): void {
  cells[first + ENDPOINT_REQUESTS] = block.total(at.ENDPOINT_ATTEMPTS);
  cells[first + ENDPOINT_ERRORS] = block.total(at.ENDPOINT_FAILURES) + block.total(at.ENDPOINT_ERROR_RESPONSES);
  cells[first + ENDPOINT_EJECTED] = block.total(at.ENDPOINT_EJECTIONS);
}

export interface Difference {
  readonly version: Traffic;
  /** @param place in the group of now @param before in that of `before`; undefined where it was not there */
  endpoint(place: number, before: number | undefined): EndpointTraffic;
}

/** What happened between two copies. @param before undefined: all of it */
export function differenceOf(now: Uint32Array, before: Uint32Array | undefined): Difference {
  const at = (cell: number, was = cell): number => (now[cell]! - (before?.[was] ?? 0)) >>> 0;
  // Asked for each of thousands of versions: loops cost a tenth of `Uint32Array.from`.
  const latency = now.slice(LATENCY, LATENCY + LATENCY_BUCKETS);
  const firstByte = now.slice(FIRST_BYTE, FIRST_BYTE + LATENCY_BUCKETS);
  let requests = 0;
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    if (before !== undefined) {
      latency[bucket]! -= before[LATENCY + bucket]!;
      firstByte[bucket]! -= before[FIRST_BYTE + bucket]!;
    }
    requests += latency[bucket]!;
  }
  return {
    version: { requests, errors: at(ERRORS), fallbacks: at(FALLBACKS), ejections: at(EJECTIONS), latency, firstByte },
    endpoint(place, was) {
      const count = (cell: number): number => {
        const own = ENDPOINTS + place * PER_ENDPOINT + cell;
        return was === undefined ? now[own]! : at(own, ENDPOINTS + was * PER_ENDPOINT + cell);
      };
      return { requests: count(ENDPOINT_REQUESTS), errors: count(ENDPOINT_ERRORS), ejections: count(ENDPOINT_EJECTED) };
    },
  };
}
