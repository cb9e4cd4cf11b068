// What is known of one connection that is passed through. Plain fields; its driver and the steps work on them.

import type { Deadline } from '../../lib/deadlines.ts';
import { Choice, resetChoice } from '../../routing/choice.ts';
import type { Destination } from '../../routing/table.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import { Assignment } from '../assignment.ts';
import { Attempt } from '../attempt.ts';
import type { ServingState } from '../serving-state.ts';
import type { Versioned } from '../versioned.ts';

export class PassedState implements Versioned {
  readonly choice = new Choice();
  readonly attempt = new Attempt();
  readonly assignment = new Assignment();
  readonly hangDeadline: Deadline;
  /** Address of the client. */
  readonly client: string;
  /** The name that it asks for; empty: none, or nobody has looked. */
  readonly serverName: string;
  serving: ServingState | undefined = undefined;
  destination: Destination | undefined = undefined;
  outcome: Outcome = OUTCOME.ok;
  /** For operators: why it could not be passed on, or how it ended. */
  detail = '';
  startedMs = 0;
  /** Until the first byte of the upstream, since the start; -1 before. */
  firstByteMs = -1;
  bytesIn = 0;
  bytesOut = 0;

  constructor(hangDeadline: Deadline, client: string, serverName: string) {
    this.hangDeadline = hangDeadline;
    this.client = client;
    this.serverName = serverName;
    resetChoice(this.choice);
  }
}
