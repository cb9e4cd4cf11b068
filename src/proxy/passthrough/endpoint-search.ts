// Looks for an endpoint that takes a connection which is to be passed through. Nothing has been sent by then, so whatever fails may be tried at
// another one: within the retries of the pool, at another version where no endpoint of this one is ready, or later where the pool holds.

import { Deadline } from '../../lib/deadlines.ts';
import type { DeadlineOwner } from '../../lib/deadlines.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import type { Endpoint } from '../../upstream/endpoint.ts';
import type { Introducer, Introduction } from '../../upstream/introduction.ts';
import type { RawStream } from '../../upstream/protocol/upstream-stream.ts';
import { ACQUIRED, NO_ENDPOINT } from '../../upstream/stream-request.ts';
import type { PendingRaw } from '../../upstream/stream-request.ts';
import { cancelAttempt, closeAttempt, openAttempt } from '../attempt.ts';
import type { ProxyContext } from '../context.ts';
import { CONNECT_FAILURE, HALT } from '../retry-reasons.ts';
import { countError } from '../steps/count-evidence.ts';
import { haltBaselineOf } from '../steps/leave-halted.ts';
import { noteUntrusted } from '../steps/note-malformed.ts';
import { mayTryAgain, reasonOf } from '../steps/retry.ts';
import { moveToVersion, readyVersionOf, retryVersionOf } from '../steps/version-fallback.ts';
import type { VersionedControl } from '../versioned.ts';
import type { PassedState } from './passed-state.ts';

export interface SearchOwner extends Introducer {
  /** Whether there may be no further tunnel. */
  readonly isFull: boolean;
  // Told one of both, once.
  /** It is open, and its bytes are the owner's, as is its end. */
  onFound(connection: RawStream): void;
  onNotFound(outcome: Outcome): void;
}

export class EndpointSearch implements PendingRaw, VersionedControl, DeadlineOwner {
  readonly isRaw = true;
  readonly wantsFresh = true;
  readonly state: PassedState;
  readonly context: ProxyContext;
  readonly #owner: SearchOwner;
  /** Of the line for a connection. */
  readonly #waitDeadline = new Deadline(this);
  readonly #holdDeadline = new Deadline(this);
  /** It is being made. */
  #connection: RawStream | undefined = undefined;

  /** @param state with a version chosen */
  constructor(state: PassedState, context: ProxyContext, owner: SearchOwner) {
    this.state = state;
    this.context = context;
    this.#owner = owner;
  }

  get introduction(): Introduction {
    return this.#owner.introduction;
  }

  get affinityKey(): string {
    return this.state.choice.key;
  }

  get failedEndpoint(): Endpoint | undefined {
    return this.state.attempt.failedEndpoint;
  }

  get leavesVersion(): boolean {
    return haltBaselineOf(this.state) >= 0;
  }

  get holdOver(): boolean {
    return this.state.attempt.holdOver;
  }

  /** Begins with the version of the state. Its owner may hear of the end before this returns. */
  begin(): void {
    const { attempt } = this.state;
    const version = attempt.version!;
    openAttempt(attempt);
    if (attempt.count === 1) {
      version.budget.deposit();
      version.fallbackBudget.deposit();
    }
    const acquired = version.acquire(this);
    if (acquired === ACQUIRED) return;
    cancelAttempt(attempt);
    this.#owner.onNotFound(acquired === NO_ENDPOINT ? OUTCOME.no_endpoint : OUTCOME.overload);
  }

  /** Ends it, and what is under way with this outcome. Its owner hears nothing more. */
  end(outcome: Outcome): void {
    this.#holdDeadline.disarm();
    this.#endAttempt(outcome);
  }

  onWaiting(): void {
    this.context.deadlines.arm(this.#waitDeadline, this.state.attempt.version!.settings.connectMs);
  }

  onHeld(): void {
    this.#waitDeadline.disarm();
    if (this.#holdDeadline.list === undefined) this.context.deadlines.arm(this.#holdDeadline, this.state.attempt.version!.settings.holdMs);
  }

  onStillHeld(): boolean {
    const { state } = this;
    const index = readyVersionOf(state);
    if (index < 0 || index === state.choice.version!.index) return false;
    if (haltBaselineOf(state) < 0) countError(state);
    this.#endAttempt(OUTCOME.no_endpoint);
    moveToVersion(state, index);
    this.begin();
    return true;
  }

  onTurnedAway(outcome: Outcome): void {
    this.#owner.onNotFound(outcome);
  }

  onRawConnecting(connection: RawStream, endpoint: Endpoint): void {
    const { attempt } = this.state;
    this.#waitDeadline.disarm();
    attempt.startedMs = this.context.deadlines.refresh();
    attempt.endpoint = endpoint;
    this.#connection = connection;
    endpoint.inFlight++;
    endpoint.counters.began();
  }

  onRawFailure(connection: RawStream, outcome: Outcome): void {
    const { state } = this;
    const { attempt } = state;
    if (outcome === OUTCOME.connect_tls) noteUntrusted(this, connection.fault);
    const reason = this.leavesVersion ? HALT : reasonOf(outcome, false);
    this.#endAttempt(outcome);
    attempt.version!.failed(attempt.endpoint!, outcome);
    if (outcome.source === 'upstream') countError(state);
    if (reason >= 0 && mayTryAgain(state, reason)) this.#retry(reason);
    else if (reason !== CONNECT_FAILURE) this.#owner.onNotFound(outcome);
    else if (!this.#hold()) this.#owner.onNotFound(attempt.holdOver ? OUTCOME.no_endpoint : outcome);
  }

  /** It takes no place of the version any more; how it goes on is the owner's. */
  onRawConnected(connection: RawStream): void {
    if (this.#owner.isFull) return this.#owner.onNotFound(OUTCOME.overload);
    const { attempt } = this.state;
    this.#connection = undefined;
    this.#holdDeadline.disarm();
    closeAttempt(attempt);
    attempt.version!.releaseSlot();
    this.#owner.onFound(connection);
  }

  onDeadline(deadline: Deadline): void {
    if (deadline === this.#waitDeadline) return this.#owner.onNotFound(OUTCOME.overload);
    this.state.attempt.holdOver = true;
    // One that is being made just now may still come through.
    if (this.#connection === undefined) this.#owner.onNotFound(OUTCOME.no_endpoint);
  }

  #retry(reason: number): void {
    const { state } = this;
    const { attempt } = state;
    attempt.version!.counters.retried(reason);
    attempt.retries++;
    attempt.failedEndpoint = attempt.endpoint;
    const other = retryVersionOf(state);
    if (other >= 0) moveToVersion(state, other);
    this.begin();
  }

  /** Waits, after a connection that failed, until an endpoint takes connections again. False: it may not, or has waited long enough. */
  #hold(): boolean {
    const { attempt } = this.state;
    const version = attempt.version!;
    if (version.settings.holdMs === 0 || attempt.holdOver || version.hold(this) !== ACQUIRED) return false;
    openAttempt(attempt);
    return true;
  }

  #endAttempt(outcome: Outcome): void {
    const { attempt } = this.state;
    if (!attempt.holdsSlot) return;
    const { endpoint } = attempt;
    const version = attempt.version!;
    const connection = this.#connection;
    this.#connection = undefined;
    closeAttempt(attempt);
    this.#waitDeadline.disarm();
    version.releaseSlot();
    version.counters.attempted(outcome.index);
    if (connection === undefined) return version.withdraw(this);
    endpoint!.inFlight--;
    endpoint!.counters.ended();
    if (outcome.source === 'upstream') endpoint!.counters.failed();
    connection.destroy();
  }
}
