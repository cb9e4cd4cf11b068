// One address of a version with its living state in this worker: connections, load, latency. It outlives Tables.

import type { Address, EndpointConfig } from '../config/model.ts';
import type { EndpointCounters } from '../telemetry/counters.ts';
import type { Introduction } from './introduction.ts';
import type { UpstreamStream } from './protocol/upstream-stream.ts';
import { Outlier } from './resilience/outlier.ts';

/** Left the Config, or is drained: it gets nothing new. */
export const NOT_READY_DRAINING = 1;
/** Active probes found it unhealthy. */
export const NOT_READY_UNHEALTHY = 2;
/** Passive observation ejected it. */
export const NOT_READY_EJECTED = 4;

/** An endpoint by name, wherever it lives; plain data. */
export interface EndpointName {
  readonly pool: string;
  readonly version: string;
  /** The key of its address. */
  readonly endpoint: string;
}

/** One string per name; no part of a name holds a line feed. */
export function identifyEndpoint({ pool, version, endpoint }: EndpointName): string {
  return `${pool}\n${version}\n${endpoint}`;
}

/** A connection as its endpoint sees it. */
export interface LiveConnection {
  readonly endpoint: Endpoint;
  /** Its endpoint is drained: what would not end by itself ends within this time; 0 = there is no deadline. */
  leave(withinMs: number): void;
  /** The drain was called off. */
  stay(): void;
  /** Ends it at once; the exchanges on it hear that their endpoint was drained. */
  cut(): void;
  /** Ends it at once; the exchanges on it hear nothing more. */
  destroy(): void;
}

/** One that carries streams: one of HTTP/1 a single one, others may carry many. */
export interface PooledConnection extends LiveConnection {
  /** For whom alone it is; undefined: for anybody. */
  readonly introduction: Introduction | undefined;
  /** That of its set when it was made. */
  readonly manner: number;
  /** Streams that it carries now. */
  readonly streams: number;
  /** Whether it has room for a stream beside those that it carries. One of HTTP/1 carries one alone. */
  readonly hasRoom: boolean;
  /** A stream for another exchange; the connection must have room for it. */
  takeStream(): UpstreamStream;
  /** It gets no further stream, and closes when it carries none. */
  retire(): void;
}

export class Endpoint {
  readonly address: Address;
  readonly key: string;
  /** What stands in Host where a client gave none. */
  readonly authority: string;
  readonly counters: EndpointCounters;
  /** Whom its TLS must prove to be, unless its version says it for all. */
  name = '';
  weight: number;
  zone: string | undefined;
  /** How long it may take to be drained; 0 = as long as its pool allows. */
  drainMs = 0;
  /** Position of its zone in the version's order. */
  zoneRank = 0;
  /** Connections with room for another stream; the last is the most recently used and the first to be used again. */
  readonly free: PooledConnection[] = [];
  /** Asked over TLS, it has chosen HTTP/1; as long as it has connections. */
  choseHttp1 = false;
  /** Streams that a connection of HTTP/2 to it may carry, as it said last. */
  streamsAtOnce = Infinity;
  /** Unused connections that are each for one client; the one kept longest comes first. */
  readonly reserved = new Set<PooledConnection>();
  /** All open connections, used or not, those being made included. */
  readonly connections = new Set<LiveConnection>();
  /** Attempts under way. */
  inFlight = 0;
  /** Why it may not be picked: a set of the bits above (`NOT_READY_…`); 0 when nothing speaks against it. Changed by its version alone. */
  notReadyReasons = 0;
  /** Reasons that do not count at present (a panic). Changed by the version's selection alone. */
  ignored = 0;
  /** How it fails; its version judges. */
  readonly outlier = new Outlier();
  /** Balancers that follow latency keep their running estimate here (milliseconds, and when it was last touched). */
  costMs = 0;
  costAtMs = 0;

  constructor({ address, key, weight, zone }: EndpointConfig, counters: EndpointCounters) {
    this.address = address;
    this.key = key;
    this.authority = address.kind === 'tcp' ? key : 'localhost';
    this.weight = weight;
    this.zone = zone;
    this.counters = counters;
  }

  /** Whether it may be picked. */
  get ready(): boolean {
    return (this.notReadyReasons & ~this.ignored) === 0 && this.weight > 0;
  }
}
