// The seam for what looks at copies: it hears what the primary and its copies respond to one request. A tap must not keep what it is given
// without copying it, must not take long, and must bound what it keeps.

import type { IncomingResponse } from '../../http/response.ts';
import type { MirrorTable } from '../../routing/table.ts';
import type { PoolTable } from '../../routing/table.ts';
import type { MirrorOutcome } from '../../telemetry/mirror-outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import type { MirrorTarget } from '../../upstream/mirror-target.ts';

/** `candidate`: the shadow. `secondary`: another endpoint of the version that the primary's response comes from. */
export type CopyRole = 'candidate' | 'secondary';
export type Side = 'primary' | CopyRole;

/** The version that responds to the client. Two of them are the same version when they are the same object. */
interface PrimaryVersion {
  /** Nothing may be added to what it has to do. */
  readonly isBusy: boolean;
}

/** The request that is copied. It stays as it is when the exchange has ended, so that a tap may keep it. */
export interface CopiedRequest {
  readonly pool: PoolTable;
  readonly route: string;
  readonly version: PrimaryVersion;
  readonly method: string;
  readonly authority: string;
  readonly target: string;
  readonly requestId: string;
  /** Monotonic. */
  readonly startedMs: number;
}

/** How the exchange with the primary ended. */
export interface PrimaryEnd {
  readonly outcome: Outcome;
  /** Sent to the client; 0 when no response was begun. */
  readonly status: number;
  /** Whether the client sent the whole request. */
  readonly requestDone: boolean;
  /** The version that responded; another one than that of the copied request after a fallback. */
  readonly version: PrimaryVersion;
}

export interface ResponseTap {
  /** Whether a second copy shall be sent. Asked once, before anything is known of any response. */
  readonly wantsSecondary: boolean;
  /** The final head of a response. `latencyMs`: since the attempt began or the whole request was sent, whichever was later. */
  onHead(side: Side, head: IncomingResponse, latencyMs: number): void;
  /** Body bytes as framed (`head.body` says how), in memory that is overwritten afterwards. */
  onBody(side: Side, bytes: Buffer, from: number, to: number): void;
  /** The primary's exchange has ended. */
  onPrimaryEnd(end: PrimaryEnd): void;
  /** A copy has ended; it may do so before the primary or after it, and before it began. */
  onCopyEnd(side: CopyRole, outcome: MirrorOutcome): void;
}

/** Asked once for each request and mirror. */
export type TapFactory = (mirror: MirrorTable, shadow: MirrorTarget, copied: CopiedRequest) => ResponseTap | undefined;

/** Tells several as one. */
export class TapGroup implements ResponseTap {
  readonly wantsSecondary: boolean;
  readonly #all: readonly ResponseTap[];

  constructor(all: readonly ResponseTap[]) {
    this.#all = all;
    this.wantsSecondary = all.some((one) => one.wantsSecondary);
  }

  onHead(side: Side, head: IncomingResponse, latencyMs: number): void {
    for (const one of this.#all) one.onHead(side, head, latencyMs);
  }

  onBody(side: Side, bytes: Buffer, from: number, to: number): void {
    for (const one of this.#all) one.onBody(side, bytes, from, to);
  }

  onPrimaryEnd(end: PrimaryEnd): void {
    for (const one of this.#all) one.onPrimaryEnd(end);
  }

  onCopyEnd(side: CopyRole, outcome: MirrorOutcome): void {
    for (const one of this.#all) one.onCopyEnd(side, outcome);
  }
}
