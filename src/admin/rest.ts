// While another process takes over, nothing may change: what is under way ends, and what comes is told to come again.

import type { FastifyReply } from 'fastify';
import { after } from '../lib/clock.ts';
import { HttpProblem } from './problem-reply.ts';

const LOOK_MS = 5;

export class Rest {
  #reason: string | undefined = undefined;
  #underWay = 0;

  /** Changes are refused from now on; undefined: they are carried out again. */
  set(reason: string | undefined): void {
    this.#reason = reason;
  }

  /** A change has come. Throws an HttpProblem while there is to be none. */
  admit({ raw }: Pick<FastifyReply, 'raw'>): void {
    if (this.#reason !== undefined) throw new HttpProblem(503, this.#reason, {}, { 'retry-after': '1' });
    this.#underWay++;
    raw.once('close', () => void this.#underWay--);
  }

  /** Whether all that were under way have ended within that time. */
  async calm(limitMs: number): Promise<boolean> {
    for (let waitedMs = 0; this.#underWay > 0; waitedMs += LOOK_MS) {
      if (waitedMs >= limitMs) return false;
      await new Promise<void>((resolve) => void after(LOOK_MS, resolve));
    }
    return true;
  }
}
