// The one table of how a copy for a shadow may end.

/** `responded`: the shadow did. `failed`: the shadow's fault. `dropped`: neither; the copy was not made, or not finished. */
type MirrorOutcomeKind = 'responded' | 'failed' | 'dropped';

export interface MirrorOutcome {
  /** Position in `MIRROR_OUTCOMES`; the slot of its counters. */
  readonly index: number;
  readonly code: string;
  readonly kind: MirrorOutcomeKind;
}

const rows = [
  ['ok', 'responded'],
  /** With 500 or above. */
  ['upstream_error', 'responded'],
  /** The response was longer than is read of one. */
  ['response_too_large', 'failed'],
  ['connect_refused', 'failed'],
  ['connect_timeout', 'failed'],
  ['connect_tls', 'failed'],
  ['upstream_reset', 'failed'],
  ['upstream_malformed', 'failed'],
  ['response_timeout', 'failed'],
  /** A connection that had served before was closed by the shadow while it was unused. */
  ['stale', 'dropped'],
  /** No connection at once, or too many copies in flight. */
  ['limit', 'dropped'],
  /** The shadow was slower with a body than the primary, by more than may wait. */
  ['lag', 'dropped'],
  /** All that waits for shadows in this worker is too much, or memory runs short. */
  ['memory', 'dropped'],
  ['breaker', 'dropped'],
  ['no_endpoint', 'dropped'],
  /** The client went away. */
  ['aborted', 'dropped'],
  /** The exchange ended before the whole request had been read. */
  ['incomplete', 'dropped'],
  /** The mirror, or the endpoint, is gone. */
  ['removed', 'dropped'],
  /** This machine has run out of descriptors, ports or memory. */
  ['overload', 'dropped'],
  ['internal', 'dropped'],
] as const;

export type MirrorOutcomeCode = (typeof rows)[number][0];

export const MIRROR_OUTCOMES: readonly MirrorOutcome[] = rows.map(([code, kind], index) => ({ index, code, kind }));

export const MIRRORED = Object.fromEntries(MIRROR_OUTCOMES.map((outcome) => [outcome.code, outcome])) as Readonly<
  Record<MirrorOutcomeCode, MirrorOutcome>
>;
