// The attempts of one exchange: what the one under way holds, and what the next one has to know of those before it. Plain fields; steps change them.

import type { OutgoingRequest } from '../http/request.ts';
import type { UpstreamStream } from '../upstream/protocol/upstream-stream.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { VersionRuntime } from '../upstream/version-runtime.ts';

export class Attempt {
  /** The version that responds. A fallback changes it between two attempts. */
  version: VersionRuntime | undefined = undefined;
  /** Since when `version` is the one that responds. */
  versionSinceMs = 0;
  /** Whether an attempt is under way: a slot of `version` is taken. */
  holdsSlot = false;
  /** The slot is given back before the attempt has ended: it may last for as long as it likes. */
  slotFree = false;
  /** Where the attempt under way is sent. */
  connection: UpstreamStream | undefined = undefined;
  /** Where the latest attempt was sent; it stays when that attempt has ended. */
  endpoint: Endpoint | undefined = undefined;
  /** The upstream has asked for the body by an interim 100. */
  continued = false;
  /** Some of the body went before the upstream had asked for it, where it was to ask: it may take that for another request. */
  unasked = false;
  /** When the attempt began, or had the whole request; 0 while it is held. */
  startedMs = 0;
  /** Attempts begun. */
  count = 0;
  /** Retries decided on; the replacement of a stale connection is none. */
  retries = 0;
  /** How often a request was moved from a connection that went away to another one, which is no retry. */
  moves = 0;
  /** The endpoint that failed the attempt before. */
  failedEndpoint: Endpoint | undefined = undefined;
  /** A reused connection turned out to be closed. It is replaced once, by a new one. */
  wantsFresh = false;
  /** It has been held for as long as it may be. */
  holdOver = false;
}

/** Begins the next attempt; it has no connection yet. */
export function openAttempt(attempt: Attempt): void {
  attempt.count++;
  attempt.holdsSlot = true;
  attempt.slotFree = false;
  attempt.continued = false;
  attempt.unasked = false;
}

/** Takes back an attempt that found no place: it was none. */
export function cancelAttempt(attempt: Attempt): void {
  attempt.count--;
  attempt.holdsSlot = false;
}

/** A client of HTTP/1.0 need not say which host it wants: then it is the endpoint that it gets. */
export function authorityFor({ authority }: OutgoingRequest, { endpoint }: Attempt): string {
  return authority === '' ? endpoint!.authority : authority;
}

/** The attempt is over. What later attempts and the records need of it stays. */
export function closeAttempt(attempt: Attempt): void {
  attempt.holdsSlot = false;
  attempt.connection = undefined;
}

/** Back to the first values, for another exchange. */
export function resetAttempt(attempt: Attempt): void {
  attempt.version = undefined;
  attempt.versionSinceMs = 0;
  attempt.holdsSlot = false;
  attempt.slotFree = false;
  attempt.connection = undefined;
  attempt.endpoint = undefined;
  attempt.continued = false;
  attempt.unasked = false;
  attempt.startedMs = 0;
  attempt.count = 0;
  attempt.retries = 0;
  attempt.moves = 0;
  attempt.failedEndpoint = undefined;
  attempt.wantsFresh = false;
  attempt.holdOver = false;
}
