// What the admin server is given: where to listen, and the ports behind it.

import type { AdminConfig, Address } from '../config/model.ts';
import type { ControlApi } from '../control/control-api.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';

export interface AdminPorts {
  readonly ready: () => Readiness;
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
  /** Called with errors that a client sees only as 500. */
  readonly onError?: (error: Error) => void;
}

/** `reason` is empty when ok: else `starting`, `draining`, `no workers` or `overload`. */
export interface Readiness {
  readonly ok: boolean;
  readonly reason: string;
}

export interface AdminServerOptions {
  /** Where to listen; cannot change live. */
  readonly address: Address;
  readonly metricsType: string;
  readonly ports: AdminPorts;
  /** Absent: only the probes are served. */
  readonly control?: ControlApi;
  /** Tokens and limits at the start; see `configure`. */
  readonly config?: Pick<AdminConfig, 'tokens' | 'limits'>;
  /** For tokens that nobody can use. */
  readonly log?: Pick<Log, 'info' | 'warn'>;
  /** Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** The version of Sluice, for the OpenAPI document. */
  readonly build?: string;
}
