// Connections that have something to do at the end of this turn of the event loop: a turn brings the bytes of many clients, and what they have to
// say to one upstream leaves in one write.

import { nextTurn } from '../../../lib/clock.ts';

export interface TurnOwner {
  /** What had arrived when it was asked for is read. It never throws. */
  onTurn(): void;
}

/** Those that are waiting for it; the other list is that of the turn before, and empty. */
let waiting: TurnOwner[] = [];
let running: TurnOwner[] = [];

/** `onTurn` follows. Ask once. */
export function atTurn(owner: TurnOwner): void {
  if (waiting.push(owner) === 1) nextTurn(runAll);
}

function runAll(): void {
  const all = waiting;
  waiting = running;
  running = all;
  for (const owner of all) owner.onTurn();
  all.length = 0;
}
