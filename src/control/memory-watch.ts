// Looks at the memory in use several times a second and tells how hard its limit presses. Before it lets anything be shed it has
// garbage collected: what V8 would collect sooner or later is no reason to turn a client away.

import type { OverloadConfig } from '../config/model.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { NO_LIMIT } from './memory-limit.ts';
import type { MemoryLimit } from './memory-limit.ts';
import { MemoryUse } from './memory-use.ts';
import { Pressure } from './pressure.ts';
import type { PressureLevel } from './pressure.ts';

const LOOK_MS = 250;
/** Below this share of the limit, and while the use stands still, every fourth look is enough. */
const CALM_BELOW = 0.5;
const CALM_TURNS = 4;
/** Change of the use, as a share of the limit, that is no standing still. */
const STIR = 0.01;
/** Share of the limit from which on garbage is collected. */
const COLLECT_AT = 0.88;
/** A collection stops each thread for a moment. While nothing is shed, one that did not help is followed by rarer ones. */
const COLLECT_MS = 2000;
const MAX_COLLECT_MS = 32_000;

export interface MemoryWatchOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** What the Config of now says; asked at each look. */
  readonly overload: () => OverloadConfig;
  /** Asked when that has changed. */
  readonly findLimit: (overload: OverloadConfig) => MemoryLimit;
  /** What the heaps of all threads hold. */
  readonly liveBytes: () => number;
  readonly onPressure: (level: PressureLevel) => void;
  readonly onCollect: () => void;
}

export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  readonly #pressure = new Pressure();
  #looking: Timer;
  #memoryBytes: OverloadConfig['memoryBytes'] = 0;
  #limit = NO_LIMIT;
  #use = new MemoryUse();
  #usedBytes = 0;
  #collectMs = COLLECT_MS;
  #collectAfterMs = 0;
  #share = 0;
  #isCalm = false;
  #closed = false;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
    this.#looking = this.#lookAgain();
  }

  get level(): PressureLevel {
    return this.#pressure.level;
  }

  /** As of the last look. */
  get sample(): { readonly level: PressureLevel; readonly usedBytes: number; readonly limitBytes: number } {
    return { level: this.level, usedBytes: this.#usedBytes, limitBytes: this.#limit.limitBytes };
  }

  close(): void {
    this.#closed = true;
    this.#looking.stop();
  }

  #lookAgain(): Timer {
    const look = (): void => {
      this.#look();
      if (!this.#closed) this.#looking = this.#lookAgain();
    };
    return this.#options.clock.after(this.#isCalm ? CALM_TURNS * LOOK_MS : LOOK_MS, look, { unref: true });
  }

  #look(): void {
    const { clock, liveBytes } = this.#options;
    this.#follow(this.#options.overload());
    const { limitBytes } = this.#limit;
    const processBytes = this.#limit.processBytes();
    const nowMs = clock.nowMs();
    this.#usedBytes = limitBytes === 0 ? 0 : this.#use.estimate(processBytes, liveBytes());
    const share = limitBytes === 0 ? 0 : this.#usedBytes / limitBytes;
    const before = this.level;
    if (this.#pressure.look(share, nowMs) !== before) this.#tell(before, processBytes);
    this.#collect(share, nowMs);
    this.#isCalm = this.level === 0 && share < CALM_BELOW && Math.abs(share - this.#share) < STIR;
    this.#share = share;
  }

  #follow(overload: OverloadConfig): void {
    if (overload.memoryBytes === this.#memoryBytes) return;
    this.#memoryBytes = overload.memoryBytes;
    this.#limit = this.#options.findLimit(overload);
    this.#use = new MemoryUse();
  }

  #tell(before: PressureLevel, processBytes: number): void {
    const { log, onPressure } = this.#options;
    const { level, usedBytes, limitBytes } = this.sample;
    onPressure(level);
    const fields = { pressure: level, usedBytes, processBytes, limitBytes };
    if (level > before) log.warn(fields, 'memory runs short: load is shed');
    else log.info(fields, level === 0 ? 'memory suffices again' : 'memory runs less short: less load is shed');
  }

  #collect(share: number, nowMs: number): void {
    if (share < COLLECT_AT) this.#collectMs = COLLECT_MS;
    if (share < COLLECT_AT || nowMs < this.#collectAfterMs) return;
    this.#collectMs = this.level > 0 ? COLLECT_MS : Math.min(2 * this.#collectMs, MAX_COLLECT_MS);
    this.#collectAfterMs = nowMs + this.#collectMs;
    this.#options.onCollect();
  }
}
