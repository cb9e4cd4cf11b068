// Probes one endpoint again and again: one probe at a time, each within its timeout, one interval from start to start.
// A timer of ours that comes late is no fault of the endpoint. One that is well and not in use is left alone for longer.

import type { EndpointConfig, HealthConfig } from '../../config/model.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { DialManner } from './dial.ts';
import type { Probe, ProbeEnd, ProbeResult, Probing } from './probe.ts';
import type { Semaphore } from '../../lib/semaphore.ts';

/** Whose prober it is. */
export interface ProberOwner {
  readonly taken: ProbeEnd;
  /** Whether there is no doubt that it is healthy. */
  readonly certain: () => boolean;
  /** A number that grows while the endpoint's version is in use. */
  readonly activity: () => number;
  /** How it is connected to. */
  readonly manner: () => DialManner;
}

export interface ProberDeps {
  readonly clock: Clock;
  /** 0 <= x < 1. */
  readonly random: () => number;
  readonly probe: Probe;
  readonly turns: Semaphore;
}

/** Share by which intervals differ, so that probes of many endpoints spread out. */
const JITTER = 0.1;
/** The timeout is measured in so many slices: one in which this thread was held up is not counted, the others are. */
const SLICES = 5;
const LATE_MS = 20;
/** Slices that may go uncounted; a thread that is always late must still come to an end. */
const MAX_LATE = SLICES;

export class Prober {
  readonly endpoint: EndpointConfig;
  readonly health: HealthConfig;
  readonly #deps: ProberDeps;
  readonly #owner: ProberOwner;
  readonly #begin = (): void => this.#run();
  /** Waits for the next probe, or for the end of a slice of this one. */
  #timer: Timer | undefined = undefined;
  #running: Probing | undefined = undefined;
  #beganMs = 0;
  /** The owner's activity when the latest probe began. */
  #activity = 0;
  #rounds = 0;
  #stopped = false;

  /** The first probe begins at once, or as soon as it has a turn. */
  constructor(of: Pick<Prober, 'endpoint' | 'health'>, deps: ProberDeps, owner: ProberOwner) {
    this.endpoint = of.endpoint;
    this.health = of.health;
    this.#deps = deps;
    this.#owner = owner;
    deps.turns.take(this.#begin);
  }

  /** No result comes after it. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timer?.stop();
    this.#deps.turns.withdraw(this.#begin);
    if (this.#running === undefined) return;
    this.#running.cancel();
    this.#running = undefined;
    this.#deps.turns.end();
  }

  #run(): void {
    const { probe, clock } = this.#deps;
    this.#beganMs = clock.nowMs();
    this.#activity = this.#owner.activity();
    this.#rounds++;
    this.#running = probe(this.endpoint, this.health, (result, detail) => this.#end(result, detail), this.#owner.manner());
    this.#watch(SLICES, MAX_LATE);
  }

  #watch(slices: number, lateSlices: number): void {
    const { clock } = this.#deps;
    const sliceMs = this.health.timeoutMs / SLICES;
    const dueMs = clock.nowMs() + sliceMs;
    this.#timer = clock.after(sliceMs, () => {
      const late = clock.nowMs() > dueMs + LATE_MS;
      if (late && lateSlices > 0) this.#watch(slices, lateSlices - 1);
      else if (slices > 1) this.#watch(slices - 1, lateSlices);
      else {
        this.#running?.cancel();
        this.#end('timeout', `no response within ${this.health.timeoutMs} ms`);
      }
    });
  }

  #end(result: ProbeResult, detail: string): void {
    if (this.#running === undefined) return;
    this.#running = undefined;
    const { clock, turns } = this.#deps;
    this.#timer?.stop();
    const factor = this.#spread();
    const restsUntilMs = this.#beganMs + this.health.idleIntervalMs * factor;
    this.#timer = clock.after(this.#beganMs + this.health.intervalMs * factor - clock.nowMs(), () => this.#due(restsUntilMs));
    turns.end();
    this.#owner.taken(result, detail);
  }

  /** An interval is over: time for a probe, unless nobody would miss it. Then the next look comes an interval later. */
  #due(restsUntilMs: number): void {
    const { clock, turns } = this.#deps;
    const restMs = restsUntilMs - clock.nowMs();
    const idle = this.#owner.certain() && this.#owner.activity() === this.#activity;
    if (idle && restMs > 0) this.#timer = clock.after(Math.min(this.health.intervalMs, restMs), () => this.#due(restsUntilMs));
    else turns.take(this.#begin);
  }

  /** All first probes begin together; the first interval, shortened by up to a half, drives those that follow apart. */
  #spread(): number {
    const chance = this.#deps.random();
    return this.#rounds === 1 ? 1 - chance / 2 : 1 - JITTER + 2 * JITTER * chance;
  }
}
