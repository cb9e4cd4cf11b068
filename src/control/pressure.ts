// How hard a limit presses, in levels with hysteresis. Pure: shares and time come as arguments.

/** 0 = none; 1 = client connections are not kept; 2 = new requests are refused; 3 = new connections, too. */
export type PressureLevel = 0 | 1 | 2 | 3;

/** Share of the limit from which on a level holds. */
const ENTER = [0, 0.92, 0.95, 0.98] as const;
/** A level is left this far below where it was entered… */
const SLACK = 0.02;
/** …and not sooner, so that what was shed has time to show. */
const STAY_MS = 1000;

const LEVELS: readonly PressureLevel[] = [0, 1, 2, 3];

export class Pressure {
  #level: PressureLevel = 0;
  #sinceMs = 0;

  get level(): PressureLevel {
    return this.#level;
  }

  /** Rises at once, falls late. @param share used part of the limit, 0 up; @param nowMs monotonic */
  look(share: number, nowMs: number): PressureLevel {
    const risen = highest(share, 0);
    if (risen > this.#level) this.#move(risen, nowMs);
    else if (this.#level > 0 && nowMs - this.#sinceMs >= STAY_MS) {
      const left = highest(share, SLACK);
      if (left < this.#level) this.#move(left, nowMs);
    }
    return this.#level;
  }

  #move(level: PressureLevel, nowMs: number): void {
    this.#level = level;
    this.#sinceMs = nowMs;
  }
}

function highest(share: number, slack: number): PressureLevel {
  return LEVELS.findLast((level) => share >= ENTER[level] - slack) ?? 0;
}
