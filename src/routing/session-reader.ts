// The sessions of a pool for callers that only ask, such as an explanation: it says what the table says and never writes.

import { Sessions } from './sessions.ts';

/** Which version users have, to be read. */
export interface SessionMemory {
  find(pool: string): SessionReader | undefined;
  wallSeconds(): number;
}

export class SessionReader extends Sessions {
  override diverge(at: number, nowS: number): number {
    return this.divergedFor(at, nowS);
  }

  override agree(): void {
    // It leaves no trace.
  }

  override see(): void {
    // As above.
  }

  override move(): void {
    // As above.
  }

  override add(): void {
    // As above.
  }
}
