// The seam for whoever looks at copies: it hears what the primary and its copies answered to one request. It must not keep what it is given
// without copying it, must not take long, and must bound what it keeps.

import type { ResponseHead } from '../../http1/response-head.ts';
import type { MirrorTable } from '../../routing/table.ts';
import type { MirrorOutcome } from '../../telemetry/mirror-outcomes.ts';
import type { MirrorTarget } from '../../upstream/mirror-runtime.ts';
import type { Exchange } from '../exchange.ts';

/** `candidate`: the shadow. `second`: another endpoint of the version that the primary's answer comes from. */
export type CopyRole = 'candidate' | 'secondary';
export type Side = 'primary' | CopyRole;

export interface ResponseTap {
  /** Whether a second copy shall be sent. Asked once, before anything is known of any answer. */
  readonly wantsSecondary: boolean;
  /** The final head of an answer. `latencyMs`: since the attempt began or the whole request was sent, whichever was later. */
  onHead(side: Side, head: ResponseHead, latencyMs: number): void;
  /** Body bytes as framed (`head.body` says how), in memory that is overwritten afterwards. */
  onBody(side: Side, bytes: Buffer, from: number, to: number): void;
  /** The primary's exchange has ended; how is in its `outcome` and `status`. */
  onPrimaryEnd(exchange: Exchange): void;
  /** A copy has ended; it may do so before the primary or after it, and before it began. */
  onCopyEnd(side: CopyRole, outcome: MirrorOutcome): void;
}

/** Asked once for each request and mirror. */
export type TapFactory = (mirror: MirrorTable, shadow: MirrorTarget, exchange: Exchange) => ResponseTap | undefined;

/** Tells several as one. */
export class TapGroup implements ResponseTap {
  readonly wantsSecondary: boolean;
  readonly #all: readonly ResponseTap[];

  constructor(all: readonly ResponseTap[]) {
    this.#all = all;
    this.wantsSecondary = all.some((one) => one.wantsSecondary);
  }

  onHead(side: Side, head: ResponseHead, latencyMs: number): void {
    for (const one of this.#all) one.onHead(side, head, latencyMs);
  }

  onBody(side: Side, bytes: Buffer, from: number, to: number): void {
    for (const one of this.#all) one.onBody(side, bytes, from, to);
  }

  onPrimaryEnd(exchange: Exchange): void {
    for (const one of this.#all) one.onPrimaryEnd(exchange);
  }

  onCopyEnd(side: CopyRole, outcome: MirrorOutcome): void {
    for (const one of this.#all) one.onCopyEnd(side, outcome);
  }
}
