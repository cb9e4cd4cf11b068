// Work that takes long is done in turns, so that a thread keeps doing what else waits. All of it takes its turns one after the other: however
// much there is, what waits does so for one turn.

import { nowMs, soon, threadCpuMs } from './clock.ts';

/** How long one turn may take. */
const TURN_MS = 8;

let turns: Promise<unknown> = Promise.resolve();

export class Pace {
  #beganMs = nowMs();

  /** Call it at every step: it resolves at once until the turn is over, and else when it is this work's turn again. */
  rest(): Promise<void> | undefined {
    return nowMs() - this.#beganMs < TURN_MS ? undefined : this.#wait();
  }

  async #wait(): Promise<void> {
    await (turns = turns.then(() => new Promise<void>(soon)));
    this.#beganMs = nowMs();
  }
}

/** All pieces as one buffer, made in turns. @param onUsed is told the CPU that each turn has used, in ms */
export async function joinInTurns(pieces: Iterable<string>, onUsed: (ms: number) => void = () => undefined): Promise<Buffer> {
  const pace = new Pace();
  const parts: Buffer[] = [];
  let text = '';
  let before = threadCpuMs();
  for (const piece of pieces) {
    text += piece;
    const rest = pace.rest();
    if (rest === undefined) continue;
    parts.push(Buffer.from(text));
    text = '';
    onUsed(threadCpuMs() - before);
    await rest;
    before = threadCpuMs();
  }
  parts.push(Buffer.from(text));
  const joined = Buffer.concat(parts);
  onUsed(threadCpuMs() - before);
  return joined;
}
