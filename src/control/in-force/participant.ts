// One that takes part when another config is put in force. all-or-nothing.ts calls the participants; none calls another.

import type { Transition } from './transition.ts';

export interface Participant {
  /** For the log. */
  readonly name: string;
  /** Gets ready beside what is in force. Refuses the config by throwing. */
  prepare?(next: Transition): void | Promise<void>;
  /** Takes effect. Refuses the config by throwing; then it changed nothing. */
  commit?(next: Transition): void | Promise<void>;
  /** Makes it as it was before `prepare`, however far that and `commit` came. Throws `CannotGoBack` when the new config has to stay. */
  abort?(next: Transition): void | Promise<void>;
  /** Its own `commit` failed, and another one cannot go back: does what is possible. Throws when even that is not. */
  commitLate?(next: Transition): void;
  /** Nothing can refuse any more: tells, and lets go of what only the config before needs. Must not throw. */
  release?(next: Transition): void;
}

/** The new config is in effect somewhere and cannot be taken back there. */
export class CannotGoBack extends Error {
  override readonly name = 'CannotGoBack';
}

/** Nobody wants the config any more. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}
