// Which cell of a block counts what. A cell is one double; a block belongs to one key and one worker.
// Gauges stand for something alive in the worker, so they are zeroed when it dies; counters never go back.

import { MIRROR_OUTCOMES } from './mirror-outcomes.ts';
import { HANDSHAKE_CODES } from './handshakes.ts';
import { OUTCOMES } from './outcomes.ts';
import { HTTP2_FAULT_CODES } from './http2-faults.ts';
import { PASSTHROUGH_CODES } from './passthroughs.ts';
import { PROXY_HEADER_CODES } from './proxy-headers.ts';
import type { CounterKind } from './counter-key.ts';
import { LATENCY_BUCKETS } from './latency-buckets.ts';
import { TUNNEL_AGE_BOUNDS_S, TUNNEL_ENDS } from './tunnel-ends.ts';

/** Upper bounds of the buckets in milliseconds; a last bucket takes the rest. */
export const DURATION_BOUNDS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000] as const;

/** Distinct statuses that a route block tells apart; further ones share one cell. */
const STATUS_PAIRS = 12;

/** Room for reasons; the tables that name them belong to others and must not be longer. */
export const MAX_RETRY_REASONS = 16;
export const MAX_CHOICE_REASONS = 16;

/** Pairs of (status, count), then the count of all other statuses. */
export const ROUTE_OTHER = STATUS_PAIRS * 2;
const ROUTE_CELLS = ROUTE_OTHER + 1;

export const VERSION_IN_FLIGHT = 0;
export const VERSION_BYTES_IN = 1;
export const VERSION_BYTES_OUT = 2;
export const VERSION_DURATION_SUM_MS = 3;
export const VERSION_BUCKETS = 4;
export const VERSION_ATTEMPTS = VERSION_BUCKETS + DURATION_BOUNDS_MS.length + 1;
export const VERSION_RETRIES = VERSION_ATTEMPTS + OUTCOMES.length;
export const VERSION_CHOICES = VERSION_RETRIES + MAX_RETRY_REASONS;
export const VERSION_EJECTIONS = VERSION_CHOICES + MAX_CHOICE_REASONS;
/** Requests that wait until an endpoint is ready. */
export const VERSION_HELD = VERSION_EJECTIONS + 1;
/** Requests to which another version responded in place of this one. */
export const VERSION_FALLBACKS = VERSION_HELD + 1;
/** Requests that the version can take, by its latency; 0 = not known. */
export const VERSION_CONCURRENCY_LIMIT = VERSION_FALLBACKS + 1;
/** 1 while all endpoints are used, ready or not. */
export const VERSION_PANIC = VERSION_CONCURRENCY_LIMIT + 1;
/** Exchanges that it failed: a status of 500 or above, or a response that broke off. A client that left is none. */
export const VERSION_ERRORS = VERSION_PANIC + 1;
/** Exchanges that ended, by how long they took (`latencyBucket`). */
export const VERSION_LATENCY = VERSION_ERRORS + 1;
/** Responses of its endpoints, by the time until their head. */
export const VERSION_FIRST_BYTE = VERSION_LATENCY + LATENCY_BUCKETS;
/** 1 while no endpoint is ready. */
export const VERSION_NOT_READY = VERSION_FIRST_BYTE + LATENCY_BUCKETS;
/** Open tunnels. */
export const VERSION_TUNNELS = VERSION_NOT_READY + 1;
/** Bytes that passed in tunnels, from clients and to them. */
export const VERSION_TUNNEL_BYTES = VERSION_TUNNELS + 1;
/** Tunnels that ended, by why. */
export const VERSION_TUNNEL_ENDS = VERSION_TUNNEL_BYTES + 2;
export const VERSION_TUNNEL_AGE_SUM_MS = VERSION_TUNNEL_ENDS + TUNNEL_ENDS.length;
export const VERSION_TUNNEL_AGES = VERSION_TUNNEL_AGE_SUM_MS + 1;
/** Open streams of events, and those that a drain has ended. */
export const VERSION_EVENT_STREAMS = VERSION_TUNNEL_AGES + TUNNEL_AGE_BOUNDS_S.length + 1;
export const VERSION_EVENT_STREAMS_DRAINED = VERSION_EVENT_STREAMS + 1;
const VERSION_CELLS = VERSION_EVENT_STREAMS_DRAINED + 1;

export const MIRROR_IN_FLIGHT = 0;
export const MIRROR_CONNECTIONS = 1;
/** Bytes that wait for the shadow. */
export const MIRROR_WAITING = 2;
export const MIRROR_OUTCOME = 3;
/** Exchanges whose responses were to be compared, and for which there was no room. */
export const MIRROR_UNCOMPARED = MIRROR_OUTCOME + MIRROR_OUTCOMES.length;
/** 1 for each breaker that holds copies back after failures in a row: one for copies, and one for second copies. */
export const MIRROR_PAUSED = MIRROR_UNCOMPARED + 1;
const MIRROR_CELLS = MIRROR_PAUSED + 1;

export const LISTENER_OPEN = 0;
export const LISTENER_ACCEPTED = 1;
export const LISTENER_REQUESTS = 2;
export const LISTENER_REFUSED = 3;
/** Openings of connections over TLS that ended, by how. */
export const LISTENER_HANDSHAKES = LISTENER_REFUSED + OUTCOMES.length;
/** Open tunnels. */
export const LISTENER_TUNNELS = LISTENER_HANDSHAKES + HANDSHAKE_CODES.length;
/** Connections that were to begin with a PROXY header, by what came. */
export const LISTENER_PROXY_HEADERS = LISTENER_TUNNELS + 1;
/** Connections that were to be passed through, by how that began. */
export const LISTENER_PASSTHROUGHS = LISTENER_PROXY_HEADERS + PROXY_HEADER_CODES.length;
/** Open streams of HTTP/2. */
export const LISTENER_STREAMS = LISTENER_PASSTHROUGHS + PASSTHROUGH_CODES.length;
/** Connections and streams of HTTP/2 that were ended for what a client did, by why. */
export const LISTENER_HTTP2_FAULTS = LISTENER_STREAMS + 1;
const LISTENER_CELLS = LISTENER_HTTP2_FAULTS + HTTP2_FAULT_CODES.length;

export const ENDPOINT_IN_FLIGHT = 0;
export const ENDPOINT_CONNECTIONS = 1;
/** Counts the unready, so that a fresh cell says ready. */
export const ENDPOINT_NOT_READY = 2;
export const ENDPOINT_FAILURES = 3;
export const ENDPOINT_EJECTIONS = 4;
/** Stamp of the ejection that the worker decided on; 0 when there is none. */
export const ENDPOINT_EJECTED = 5;
/** Attempts that ended, however. */
export const ENDPOINT_ATTEMPTS = 6;
/** Of these, the ones that count against it: failures that are its own, and responses of 500 and above. */
export const ENDPOINT_FAULTS = 7;
/** 1 while the endpoint gets nothing new because it leaves or is drained. */
export const ENDPOINT_DRAINING = 8;
/** Responses with a status of 500 or above. */
export const ENDPOINT_ERROR_RESPONSES = 9;
/** When it came into use, new or again (`processMs`); 0 where it was there from the beginning. */
export const ENDPOINT_STARTED = 10;
const ENDPOINT_CELLS = 11;

export const WORKER_LOOP_UTILIZATION = 0;
export const WORKER_LOOP_DELAY_MS = 1;
export const WORKER_INTERNAL_ERRORS = 2;
/** Ejections begun and ended: others look at endpoints when it has changed. */
export const WORKER_EJECTION_CHANGES = 3;
/** Of its heap and what that refers to; garbage counts until it is collected. */
export const WORKER_MEMORY_BYTES = 4;
const WORKER_CELLS = 5;

export const BLOCK_CELLS: Readonly<Record<CounterKind, number>> = {
  listener: LISTENER_CELLS,
  route: ROUTE_CELLS,
  version: VERSION_CELLS,
  endpoint: ENDPOINT_CELLS,
  mirror: MIRROR_CELLS,
  worker: WORKER_CELLS,
};

export const GAUGE_CELLS: Readonly<Record<CounterKind, readonly number[]>> = {
  listener: [LISTENER_OPEN, LISTENER_TUNNELS, LISTENER_STREAMS],
  route: [],
  version: [
    VERSION_IN_FLIGHT,
    VERSION_HELD,
    VERSION_CONCURRENCY_LIMIT,
    VERSION_PANIC,
    VERSION_NOT_READY,
    VERSION_TUNNELS,
    VERSION_EVENT_STREAMS,
  ],
  endpoint: [ENDPOINT_IN_FLIGHT, ENDPOINT_CONNECTIONS, ENDPOINT_NOT_READY, ENDPOINT_EJECTED, ENDPOINT_DRAINING, ENDPOINT_STARTED],
  mirror: [MIRROR_IN_FLIGHT, MIRROR_CONNECTIONS, MIRROR_WAITING, MIRROR_PAUSED],
  worker: [WORKER_LOOP_UTILIZATION, WORKER_LOOP_DELAY_MS, WORKER_MEMORY_BYTES],
};
