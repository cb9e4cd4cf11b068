// What a step sees of the exchange that it works on: its state, what its worker shares, and the calls that a step makes back to the driver.
// Steps import this and never the driver, so that each can be run with a state and a control made by hand.

import type { Outcome } from '../telemetry/outcomes.ts';
import type { PendingStream } from '../upstream/stream-request.ts';
import type { ProxyContext } from './context.ts';
import type { ExchangeState } from './exchange-state.ts';

export interface ExchangeControl extends PendingStream {
  readonly state: ExchangeState;
  readonly context: ProxyContext;
  /** Ends the attempt under way, if any: its connection goes back to its version, or is closed. */
  endAttempt(outcome: Outcome): void;
  /** Cuts the response short so that the client can see it. */
  abort(outcome: Outcome): void;
  /** The one end of every exchange. The state is that of no exchange, or of the next one, once this returns. */
  finish(): void;
  /** Its connections have become a tunnel, which is recorded by itself: it is over without an end. The state is that of no exchange once this returns. */
  becomeTunnel(): void;
  /** The response is complete; the rest of a request body that nobody read is not waited for. */
  responseEnded(): void;
  /** Lets the client's clock run while it is its turn: to send more of a body, or to take what is written. */
  watchClient(): void;
  /** Reads no more of the request body for now. The client is not the one who is slow. */
  pauseClient(): void;
  resumeClient(): void;
}
