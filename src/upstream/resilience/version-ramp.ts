// The slow start of a whole version: one that joins others gets its part of the split step by step, from its first ready endpoint on.

import { nowMs } from '../../lib/clock.ts';
import { growingShare } from '../../lib/growing-share.ts';

export class VersionRamp {
  /** 0 = off. */
  windowMs = 0;
  /** When it began; 0 = never, or it is over. */
  #sinceMs = 0;

  begin(): void {
    if (this.windowMs > 0) this.#sinceMs = nowMs();
  }

  /** Share of its part of the split that the version gets at present. */
  get share(): number {
    if (this.#sinceMs === 0) return 1;
    const share = growingShare(nowMs() - this.#sinceMs, this.windowMs);
    if (share === 1) this.#sinceMs = 0;
    return share;
  }
}
