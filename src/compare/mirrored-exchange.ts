// One mirrored exchange as the comparison gets it: the responses of the primary, of the candidate and to a second copy. Plain data;
// it passes between threads, and holds what upstreams sent: nothing of it is shown without being masked.

import type { OutcomeCode } from '../telemetry/outcomes.ts';

/** What is known of a body, as it was on the wire, without chunk framing. */
export type RecordedBody =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  /** Too large to keep: `digest` is the lower-case hex SHA-256 of it, `length` its bytes. */
  | { readonly kind: 'digest'; readonly digest: string; readonly length: number }
  /** Read no further than this many bytes; there was more. */
  | { readonly kind: 'cut'; readonly atLeast: number };

export interface RecordedResponse {
  readonly status: number;
  /** The field lines as one latin1 string, each ending in CRLF (`lib/header-block`). */
  readonly fields: string;
  readonly body: RecordedBody;
  /** From when the whole request had been sent, or the attempt began if that was later, until the head of the response came. */
  readonly latencyMs: number;
}

/** How one copy ended. */
export type Attempted = { readonly outcome: 'ok'; readonly response: RecordedResponse } | { readonly outcome: Exclude<OutcomeCode, 'ok'> };

export interface MirroredExchange {
  readonly route: string;
  /** Request target in origin form; only its path is used. */
  readonly target: string;
  /** When the request came: wall time in milliseconds; never goes back by much. */
  readonly atMs: number;
  readonly primary: Attempted;
  /** Undefined where no such copy was made, or where Sluice gave it up for reasons of its own. */
  readonly candidate: Attempted | undefined;
  readonly secondary: Attempted | undefined;
}

/** For the mirror `mirror` of pool `pool`. */
export interface RecordedExchange {
  readonly pool: string;
  readonly mirror: string;
  /** Label of the version that got the copy: `VERSION`, or `POOL/VERSION` of another pool. */
  readonly version: string;
  readonly exchange: MirroredExchange;
}

/** How many more writes were missed than are told of one by one. */
export interface UnlistedWrites {
  readonly pool: string;
  readonly mirror: string;
  readonly count: number;
}

/** A write that the primary took, or may have taken, and the shadow did not. */
export interface MissedWrite {
  readonly pool: string;
  readonly mirror: string;
  readonly version: string;
  /** When the request came: wall time in milliseconds. */
  readonly atMs: number;
  readonly method: string;
  readonly authority: string;
  /** Raw; masked before it is shown. */
  readonly target: string;
  readonly requestId: string;
  /** Of the primary's response; 0 where there was none. */
  readonly primaryStatus: number;
  /** A mirror outcome; `ok` where the shadow responded, with a status that refuses the write. */
  readonly outcome: string;
  /** Of the shadow's response; 0 where there was none. */
  readonly status: number;
}
