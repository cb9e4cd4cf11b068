// What a probe is: one question to one endpoint, on a connection of its own. It knows no time: who began it cancels it.

import type { EndpointConfig, HealthConfig } from '../../config/model.ts';

/**
 * How a probe ended. `ok`; `connect`: no connection; `timeout`; `status`, `body`: not the expected one; `broken`: the connection
 * ended before the response did, or what came is not HTTP.
 */
export const PROBE_RESULTS = ['ok', 'connect', 'timeout', 'status', 'body', 'broken'] as const;
export type ProbeResult = (typeof PROBE_RESULTS)[number];

/** `detail` is for people: what was found, empty where all is well. */
export type ProbeEnd = (result: ProbeResult, detail: string) => void;

export interface Probing {
  /** Gives the probe up and closes its connection; `onEnd` is not called any more. Idempotent. */
  cancel(): void;
}

/** What a probe of an endpoint that speaks TLS is made with. */
export interface ProbeTls {
  /** Undefined: those that come with Node. */
  readonly authorities: { readonly pem: string } | undefined;
  /** PEM. */
  readonly certificate: { readonly cert: string; readonly key: string } | undefined;
  readonly verify: boolean;
  readonly minVersion: '1.2' | '1.3';
  /** Whom all endpoints must prove to be; undefined: each its own host. */
  readonly serverName: string | undefined;
}

/** Begins a probe. `onEnd` is called at most once, never before the call has returned. The address must not be a DNS service. */
export type Probe = (endpoint: EndpointConfig, health: HealthConfig, onEnd: ProbeEnd, tls?: ProbeTls) => Probing;
