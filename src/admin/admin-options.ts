// What the admin server is given: where to listen, and the ports behind it.

import type { AdminConfig, Address } from '../config/model.ts';
import type { ControlApi } from '../control/control-api.ts';
import type { ListenerFiles } from '../control/ports.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';

interface AdminPorts {
  readonly ready: () => Readiness;
  /** Prometheus text. */
  readonly metrics: () => Promise<Buffer>;
  /** Called with errors that a client sees only as 500. */
  readonly onError?: (error: Error) => void;
}

/** `reason` is empty when ok: else `starting`, `draining`, `no workers` or `overload`. */
export interface Readiness {
  readonly ok: boolean;
  readonly reason: string;
}

/** Who may call, how often and by which names. */
export type AdminAccess = Pick<AdminConfig, 'tokens' | 'limits'> & Partial<Pick<AdminConfig, 'hosts' | 'tls' | 'links'>>;

export interface AdminServerOptions {
  /** Where to listen; cannot change live. */
  readonly address: Address;
  /** Permissions of the file where that is a Unix socket; undefined: as the umask has it. */
  readonly mode?: number | undefined;
  /** Where probes and metrics alone are served as well; cannot change live. */
  readonly probesAddress?: Address | undefined;
  readonly probesMode?: number | undefined;
  /** Another process may bind its ports beside this one, to take over. */
  readonly reusePort?: boolean;
  readonly metricsType: string;
  readonly ports: AdminPorts;
  /** Absent: only the probes are served. */
  readonly control?: ControlApi;
  /** At the start; see `configure`. */
  readonly config?: AdminAccess;
  /** Reads what `config.tls` names, before it listens; absent: plaintext. */
  readonly readTls?: (() => Promise<ListenerFiles>) | undefined;
  /** For tokens that nobody can use. */
  readonly log?: Pick<Log, 'error' | 'info' | 'warn'>;
  /** Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** The version of Sluice, for the OpenAPI document. */
  readonly build?: string;
}
