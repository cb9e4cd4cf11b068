// What is known of one exchange: plain fields, set once by the constructor and put back by `resetExchangeState`. All steps work on it.
// It never acts. A field that the reset forgets would carry one client's bytes into the exchange of another; a property test looks for that.

import { OutgoingRequest } from '../http/request.ts';
import { RequestHead } from '../http1/request-head.ts';
import { Deadline } from '../lib/deadlines.ts';
import type { DeadlineOwner } from '../lib/deadlines.ts';
import { Choice, resetChoice } from '../routing/choice.ts';
import type { RouteMatch } from '../routing/route-table.ts';
import type { Destination } from '../routing/table.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { Outcome } from '../telemetry/outcomes.ts';
import { Assignment, resetAssignment } from './assignment.ts';
import { Attempt, resetAttempt } from './attempt.ts';
import type { Downstream } from './downstream/downstream.ts';
import type { EventStream } from './event-stream.ts';
import type { MirroredRequest } from './mirror/mirrored-request.ts';
import type { ResponseTap } from './mirror/response-tap.ts';
import { RequestBody } from './request-body.ts';
import type { ServingState } from './serving-state.ts';

export class ExchangeState {
  readonly head = new RequestHead();
  readonly choice = new Choice();
  readonly body = new RequestBody();
  /** What every attempt sends; filled by the first. */
  readonly outgoing = new OutgoingRequest();
  readonly attempt = new Attempt();
  readonly assignment = new Assignment();
  readonly exchangeDeadline: Deadline;
  readonly responseDeadline: Deadline;
  readonly holdDeadline: Deadline;
  /** Where a rollout counts: by then the head is to have come. */
  readonly hangDeadline: Deadline;

  /** Begun, and not ended. */
  active = false;
  /** The client's side, from the begin of the exchange to its end. */
  downstream: Downstream | undefined = undefined;
  /** What the exchange is served with, from its first step to its last. */
  serving: ServingState | undefined = undefined;
  match: RouteMatch | undefined = undefined;
  /** Set when the route leads to a pool. */
  destination: Destination | undefined = undefined;
  client = '';
  requestId = '';
  startedMs = 0;
  /** When a byte of a body moved last, in either direction. */
  movedMs = 0;
  outcome: Outcome = OUTCOME.ok;
  /** Why a message of it was refused, for operators. */
  detail = '';

  /** The body's first bytes, when they are few: they are sent with the head. */
  bodyText = '';
  /** Body bytes that wait for a connection. */
  pendingBody: Buffer[] = [];
  /** Body bytes behind those in `bodyText`, in memory of the read that is being passed on: sent before it ends, or kept as a copy. */
  lentBody: Buffer | undefined = undefined;
  /** Whether everything the client sent of this request can be sent again. */
  replayable = true;
  clientPaused = false;

  /** Copies of it have been begun, where its pool has mirrors. */
  mirrored = false;
  /** The first of its copies that it still feeds. */
  shadow: MirroredRequest | undefined = undefined;
  /** What looks at its copies. */
  taps: ResponseTap[] | undefined = undefined;

  /** Set where the response is a stream of events. */
  events: EventStream | undefined = undefined;

  /** A byte of the response may have left: no other response can be given. */
  responded = false;
  responseDone = false;
  /** The response is that of a call of gRPC, whose own status says how it ended. */
  isCall = false;
  /** Since the start of the exchange; -1 before. */
  firstByteMs = -1;
  status = 0;
  /** What came of a response that has failed may be taken for the whole. */
  looksDone = false;
  /** Whether the connection of the client may serve another request, as far as this exchange goes. */
  keep = true;
  bytesOut = 0;
  /** Whether written bytes still lie in the upstream connection's memory. */
  unflushed = false;

  /** @param deadlineOwner told of the deadlines */
  constructor(deadlineOwner: DeadlineOwner) {
    this.exchangeDeadline = new Deadline(deadlineOwner);
    this.responseDeadline = new Deadline(deadlineOwner);
    this.holdDeadline = new Deadline(deadlineOwner);
    this.hangDeadline = new Deadline(deadlineOwner);
    resetChoice(this.choice);
  }
}

/** Back to the first values: nothing of the exchange that has ended stays. */
export function resetExchangeState(state: ExchangeState): void {
  state.head.reset();
  resetChoice(state.choice);
  state.body.reset();
  state.outgoing.reset();
  resetAttempt(state.attempt);
  resetAssignment(state.assignment);
  state.exchangeDeadline.disarm();
  state.responseDeadline.disarm();
  state.holdDeadline.disarm();
  state.hangDeadline.disarm();
  state.active = false;
  state.downstream = undefined;
  state.serving = undefined;
  state.match = undefined;
  state.destination = undefined;
  state.client = '';
  state.requestId = '';
  state.startedMs = 0;
  state.movedMs = 0;
  state.outcome = OUTCOME.ok;
  state.detail = '';
  resetRequestSide(state);
  resetResponseSide(state);
}

function resetRequestSide(state: ExchangeState): void {
  state.bodyText = '';
  if (state.pendingBody.length > 0) state.pendingBody = [];
  state.lentBody = undefined;
  state.replayable = true;
  state.clientPaused = false;
  state.mirrored = false;
  state.shadow = undefined;
  state.taps = undefined;
}

function resetResponseSide(state: ExchangeState): void {
  state.events = undefined;
  state.responded = false;
  state.responseDone = false;
  state.isCall = false;
  state.firstByteMs = -1;
  state.status = 0;
  state.looksDone = false;
  state.keep = true;
  state.bytesOut = 0;
  state.unflushed = false;
}
