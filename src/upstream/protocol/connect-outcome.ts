// What a connection that could not be made says about its endpoint.

import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';

/** Descriptors, local ports or memory that this machine has run out of: no fault of the endpoint's. */
const OURS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'EAGAIN', 'ENOBUFS', 'ENOMEM']);

export function connectOutcome(error: NodeJS.ErrnoException): Outcome {
  const code = error.code ?? '';
  if (OURS.has(code)) return OUTCOME.overload;
  return code === 'ETIMEDOUT' ? OUTCOME.connect_timeout : OUTCOME.connect_refused;
}
