// Work that takes long is done in turns, so that a thread keeps doing what else waits. All of it takes its turns one after the other: however
// much there is, what waits does so for one turn.

import { nowMs, soon, threadCpuMs } from './clock.ts';
import type { Steps } from './steps.ts';

/** How long one turn may take; on a thread that serves requests. */
const TURN_MS = 8;
export const SERVING_TURN_MS = 3;

let turns: Promise<unknown> = Promise.resolve();

export class Pace {
  readonly #onUsed: ((ms: number) => void) | undefined;
  readonly #turnMs: number;
  #beganMs = nowMs();
  #cpuMs: number;

  /** @param onUsed is told the CPU that each turn has used, in ms; `end` must follow then */
  constructor(onUsed?: (ms: number) => void, turnMs = TURN_MS) {
    this.#onUsed = onUsed;
    this.#turnMs = turnMs;
    this.#cpuMs = onUsed === undefined ? 0 : threadCpuMs();
  }

  /** Call it at every step: it resolves at once until the turn is over, and else when it is this work's turn again. */
  rest(): Promise<void> | undefined {
    return nowMs() - this.#beganMs < this.#turnMs ? undefined : this.#wait();
  }

  /** Begins other work and waits for it: what happens meanwhile belongs to others. */
  async apart<T>(work: () => Promise<T>): Promise<T> {
    const done = work();
    this.end();
    try {
      return await done;
    } finally {
      this.#begin();
    }
  }

  /** Tells what was used since the turn began. */
  end(): void {
    this.#onUsed?.(threadCpuMs() - this.#cpuMs);
  }

  async #wait(): Promise<void> {
    this.end();
    await (turns = turns.then(() => new Promise<void>(soon)));
    this.#begin();
  }

  #begin(): void {
    this.#beganMs = nowMs();
    if (this.#onUsed !== undefined) this.#cpuMs = threadCpuMs();
  }
}

/** What the steps come to; it is their turn. */
export async function finishInTurns<T>(steps: Steps<T>, pace: Pace): Promise<T> {
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
    const rest = pace.rest();
    if (rest !== undefined) await rest;
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

/** The same as text. */
export async function textInTurns(pieces: Iterable<string>): Promise<string> {
  return (await listInTurns(pieces)).join('');
}

/** All pieces, made in turns. */
export async function listInTurns(pieces: Iterable<string>): Promise<readonly string[]> {
  const pace = new Pace();
  const parts: string[] = [];
  for (const piece of pieces) {
    parts.push(piece);
    const rest = pace.rest();
    if (rest !== undefined) await rest;
  }
  return parts;
}
