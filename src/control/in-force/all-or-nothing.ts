// All or nothing: calls the participants of a change in their order, and in reverse order where one refuses. It knows none of them.

import { Pace } from '../../lib/pace.ts';
import type { Log } from '../../lib/log.ts';
import { CannotGoBack } from './participant.ts';
import type { Participant } from './participant.ts';
import type { Transition } from './transition.ts';

/**
 * First all prepare, then all commit, then all release. Returns why the config is not in force: then everything is as it was.
 * Undefined: it is in force. Never rejects.
 */
export async function allOrNothing(participants: readonly Participant[], next: Transition, log: Log): Promise<Error | undefined> {
  const begun: Participant[] = [];
  // A large config takes each of them some milliseconds.
  const pace = new Pace();
  try {
    for (const participant of participants) {
      begun.push(participant);
      await participant.prepare?.(next);
      await pace.rest();
    }
    for (const participant of participants) await participant.commit?.(next);
  } catch (error) {
    const fault = await undo(begun, next, log, toError(error));
    if (fault !== undefined) return fault;
  }
  for (const participant of participants) {
    try {
      participant.release?.(next);
    } catch (error) {
      log.error({ err: error as Error, participant: participant.name }, 'a config is in force, but not all was done for it');
    }
  }
  return undefined;
}

/** Returns the fault when all is undone; undefined when the config stays, because what is told must be what is served. */
async function undo(begun: readonly Participant[], next: Transition, log: Log, refusal: Error): Promise<Error | undefined> {
  let fault = refusal;
  for (const participant of begun.toReversed()) {
    try {
      await participant.abort?.(next);
    } catch (error) {
      log.error({ err: toError(error), participant: participant.name }, 'a refused config could not be taken back');
      if (!(error instanceof CannotGoBack)) continue;
      const late = commitLate(begun, next);
      if (late === undefined) return undefined;
      fault = late;
    }
  }
  return fault;
}

function commitLate(begun: readonly Participant[], next: Transition): Error | undefined {
  try {
    for (const participant of begun) participant.commitLate?.(next);
    return undefined;
  } catch (error) {
    return toError(error);
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
