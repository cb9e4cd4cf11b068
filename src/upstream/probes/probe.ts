// What a probe is: one question to one endpoint, on a connection of its own. It knows no time: who began it cancels it.

import type { EndpointConfig, HealthConfig } from '../../config/model.ts';
import type { DialManner } from './dial.ts';

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

/** Begins a probe. `onEnd` is called at most once, never before the call has returned. The address must not be a DNS service. */
export type Probe = (endpoint: EndpointConfig, health: HealthConfig, onEnd: ProbeEnd, manner: DialManner) => Probing;
