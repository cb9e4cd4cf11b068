// All copies for shadows that are under way in one worker, and the bound on what waits for them together.

import type { Deadlines } from '../../lib/deadlines.ts';
import type { MirrorTable } from '../../routing/table.ts';
import type { MirrorOutcome } from '../../telemetry/mirror-outcomes.ts';
import type { MirrorTarget } from '../../upstream/mirror-target.ts';
import { MirroredRequest } from './mirrored-request.ts';
import type { MirroredRequestOwner } from './mirrored-request.ts';
import type { CopiedRequest, CopyRole, TapFactory, ResponseTap } from './response-tap.ts';

/** Of all bodies that wait for shadows. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
/** Kept for the next copy instead of being collected. */
const MAX_SPARE = 256;

export class MirroredRequests implements MirroredRequestOwner {
  /** Makes what looks at copies; nothing looks by default. */
  createTap: TapFactory | undefined = undefined;
  /** Memory runs short: no copies are made. */
  pressed = false;
  readonly deadlines: Deadlines;
  readonly onFault: (error: unknown) => void;
  readonly #spare: MirroredRequest[] = [];
  readonly #active = new Set<MirroredRequest>();
  #waitingBytes = 0;

  /** @param onFault told of errors that are ours */
  constructor(deadlines: Deadlines, onFault: (error: unknown) => void) {
    this.deadlines = deadlines;
    this.onFault = onFault;
  }

  get isFull(): boolean {
    return this.#waitingBytes > MAX_WAITING_BYTES;
  }

  /** Copies go before anything else does. @param level as of `ProxyContext.setOverloadLevel` */
  press(level: number): void {
    this.pressed = level >= 1;
    if (this.pressed) for (const copy of this.#active) copy.freeMemory();
  }

  take(): MirroredRequest {
    return this.#spare.pop() ?? new MirroredRequest(this);
  }

  put(copy: MirroredRequest): void {
    copy.tap = undefined;
    if (this.#spare.length < MAX_SPARE) this.#spare.push(copy);
  }

  began(copy: MirroredRequest): void {
    this.#active.add(copy);
  }

  ended(copy: MirroredRequest): void {
    this.#active.delete(copy);
  }

  /** Undefined where nothing wants to look. */
  tapOf(mirror: MirrorTable, shadow: MirrorTarget, copied: CopiedRequest): ResponseTap | undefined {
    try {
      return this.createTap?.(mirror, shadow, copied);
    } catch (error) {
      this.onFault(error);
      return undefined;
    }
  }

  tellEnd(tap: ResponseTap, side: CopyRole, outcome: MirrorOutcome): void {
    try {
      tap.onCopyEnd(side, outcome);
    } catch (error) {
      this.onFault(error);
    }
  }

  /** @param bytes more, or fewer, that wait */
  waits(bytes: number): void {
    this.#waitingBytes += bytes;
  }
}
