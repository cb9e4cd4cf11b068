// The seam for whoever compares answers: it hears what the primary and a shadow answered to one request. Nobody listens unless
// `Shadows.findWitness` is set. It must not keep what it is given without copying it, must not take long, and must bound what it keeps.

import type { ResponseHead } from '../http1/response-head.ts';
import type { MirrorTable } from '../routing/mirror.ts';
import type { MirrorOutcome } from '../telemetry/mirror-outcomes.ts';
import type { Exchange } from './exchange.ts';

export type Side = 'primary' | 'shadow';

export interface Witness {
  /** The final head of an answer. */
  onHead(side: Side, head: ResponseHead): void;
  /** Body bytes as framed (`head.body` says how), in memory that is overwritten afterwards. */
  onBody(side: Side, bytes: Buffer, from: number, to: number): void;
  /** The primary's exchange has ended; `status` is what the client got, 0 for nothing. `tookMs`: since its request began. */
  onPrimaryEnd(status: number, tookMs: number): void;
  /** The copy has ended; it may do so before the primary or after it. `tookMs`: since it began. */
  onShadowEnd(outcome: MirrorOutcome, tookMs: number): void;
}

/** Asked once for each copy. */
export type FindWitness = (mirror: MirrorTable, exchange: Exchange) => Witness | undefined;
