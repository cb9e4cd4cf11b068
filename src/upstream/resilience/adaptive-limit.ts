// How many requests one worker may have in flight at a version, learnt from latency: enough to keep the upstream busy, and hardly any that
// only wait there. No timer, no allocation per request; it must never refuse what a busy but healthy upstream can take.
//
// Little's law turns latency into a queue: throughput x (latency now - latency without a queue) = requests that wait at the upstream. The
// limit is moved to hold a small queue (TCP Vegas counts the same way). Envoy's and Netflix's gradients compare the two latencies as a ratio,
// which sheds at small concurrency, where even a healthy queue doubles latency. The latency without a queue is measured as BBR does it: a
// saturated limit is halved for a moment now and then; all workers do so at the same time, for they share the upstream's queue. Where
// nothing is refused nothing is probed. A queue is worth having for bursts only, so it may be longer while few requests are refused.

import { LatencyWindow } from './latency-window.ts';

const START_LIMIT = 100;
const LEAST_START_LIMIT = 25;
const LEAST_LIMIT = 2;

/** A window ends after that time, with at least so many samples, and when all in flight have changed twice. */
const WINDOW_MS = 100;
const WINDOW_SAMPLES = 20;
const TURNOVERS = 2;

/** Callers who wait so many times longer than a response takes when nothing waits give up because it is slow. */
const PATIENCE = 5;

/** Growth per window where the limit is reached and nearly nothing waits. */
const GROWTH = 1.25;
/** With few refusals the queue may be so many times longer than with `MANY_REFUSED`. */
const BURST = 4;
const MANY_REFUSED = 0.2;

/** Share of the way that the unqueued latency goes to that of a window: to a much lower one, to a near one. */
const FALL = 0.3;
const DRIFT = 0.05;
/** What is lower than this share is much lower, what is higher than its inverse much higher. */
const NEAR = 0.7;
/** Samples with which a dip is believed by half; fewer are needed where it finds much less. */
const DOUBT_LOWER = 10;
const DOUBT = 40;

/**
 * Dips come at multiples of a period, the first of a saturation at those of its `ONSET_PART`, and take its `DIP_PART`: fixed times, so that
 * all workers are in one at once. A period is the least one of which the latency is at most the `LATENCY_PART`.
 */
const PERIODS_MS = [5000, 20_000, 80_000] as const;
const ONSET_PART = 8;
const DIP_PART = 24;
const LATENCY_PART = 50;
/** A limited upstream that takes so many times longer than it should has changed: that is not waited for. */
const SURPRISE = 6;
const DIP_SAMPLES = 12;
const DIP_SAMPLES_LEAST = 5;
/** A dip lets in this part of what the upstream seems to work on. */
const DEPTH = 2;
const FIRST_DEPTH = 8;
/** One that leaves this share of the throughput is followed by a deeper one, and the limit comes down to so many times its own. */
const STILL_BUSY = 0.75;
const STILL_ENOUGH = 1.5;
const DEEPER = 3;

export class AdaptiveLimit {
  /** Requests that may be in flight now; a whole number from 1. */
  limit: number;
  /** Milliseconds that a response takes when nothing waits; 0 = not known yet. */
  unqueuedMs = 0;

  readonly #window = new LatencyWindow();
  readonly #clockOffsetMs: number;
  readonly #alone: boolean;
  /** What `limit` is outside of dips, with its fraction. */
  #steadyLimit: number;
  #refused = 0;
  #dipping = false;
  #dipAtMs = Infinity;
  #dipEndMs = 0;
  #dipMs = 0;
  /** What the dip before found. */
  #foundMs = 0;
  /** Throughput before the dip. */
  #perMs = 0;
  /** Requests that the upstream works on when nothing waits, as last seen. */
  #busy = 1;
  #dippedAtMs = -Infinity;

  /** `workers` share the upstream. `clockOffsetMs` added to this worker's clock makes one that they share. */
  constructor(workers: number, clockOffsetMs: number) {
    this.#steadyLimit = Math.max(LEAST_START_LIMIT, Math.ceil(START_LIMIT / workers));
    this.limit = this.#steadyLimit;
    this.#clockOffsetMs = clockOffsetMs;
    this.#alone = workers === 1;
  }

  /** Whether one more may begin beside `inFlight`; counts the refusal. */
  admits(inFlight: number): boolean {
    if (inFlight < this.limit) return true;
    this.#refused++;
    return false;
  }

  /** An attempt that began `latencyMs` ago has had its response, and no failure. `inFlight` counts it. */
  sampled(latencyMs: number, inFlight: number, atMs: number): void {
    // One NaN would stay in what is learnt for ever.
    if (!(latencyMs >= 0)) return;
    this.#window.add(latencyMs, inFlight, atMs);
    this.#advance(atMs);
  }

  /** An attempt that began `latencyMs` ago has had no response in time. */
  timedOut(latencyMs: number, inFlight: number, atMs: number): void {
    if (!(latencyMs >= 0)) return;
    if (this.#window.add(latencyMs, inFlight, atMs)) this.#window.late++;
    this.#advance(atMs);
  }

  /** The client has gone away before the response to an attempt that began `latencyMs` ago: a timeout of theirs when it took long. */
  abandoned(latencyMs: number, inFlight: number, atMs: number): void {
    if (latencyMs > PATIENCE * this.unqueuedMs) this.timedOut(latencyMs, inFlight, atMs);
  }

  #advance(atMs: number): void {
    const window = this.#window;
    if (this.#dipping) {
      if (atMs >= this.#dipEndMs && (window.samples >= DIP_SAMPLES || atMs >= this.#dipEndMs + this.#dipMs)) this.#endDip(atMs);
    } else if (atMs >= this.#dipAtMs) this.#beginDip(atMs);
    else if (window.samples >= WINDOW_SAMPLES && atMs - window.sinceMs >= WINDOW_MS && window.ended >= TURNOVERS * window.meanInFlight) {
      this.#adjust(atMs);
      this.#restoreLimit(atMs);
    }
  }

  /** What a whole window says. */
  #adjust(atMs: number): void {
    const window = this.#window;
    const inFlight = window.meanInFlight;
    const latencyMs = window.midMeanMs(atMs);
    const perMs = window.ended / (atMs - window.sinceMs);
    const late = window.late * 4 >= window.samples;
    if (!late) this.#learn(latencyMs);
    const queue = late ? inFlight : Math.min(perMs * (latencyMs - this.unqueuedMs), inFlight);
    const room = 1 + 0.5 * Math.sqrt(inFlight) + 0.1 * inFlight;
    const refusedShare = this.#refused / (this.#refused + window.ended);
    const wanted = room * (1 + (BURST - 1) * Math.max(0, 1 - refusedShare / MANY_REFUSED));
    this.#dipAtMs = Infinity;
    if (this.#refused === 0) {
      if (queue > wanted) this.#steadyLimit = Math.min(this.#steadyLimit, window.peakInFlight + room);
      return;
    }
    const unproven = this.#dippedAtMs === -Infinity && refusedShare > MANY_REFUSED;
    if (queue < wanted / 2 && !unproven) {
      this.#steadyLimit = this.#steadyLimit * GROWTH + room;
      return;
    }
    const next = queue > 2 * wanted ? Math.min(this.#steadyLimit, inFlight) + wanted - queue : this.#steadyLimit + (wanted - queue) / 2;
    this.#steadyLimit = Math.max(LEAST_LIMIT, next);
    this.#busy = Math.max(1, inFlight - queue);
    this.#perMs = inFlight / latencyMs;
    this.#planDip(inFlight / perMs, atMs);
  }

  #learn(latencyMs: number): void {
    const gap = latencyMs - this.unqueuedMs;
    if (this.unqueuedMs === 0) this.unqueuedMs = latencyMs;
    else if (latencyMs < NEAR * this.unqueuedMs) this.unqueuedMs += FALL * gap;
    else if (gap < 0 || this.#refused === 0) this.unqueuedMs += DRIFT * gap;
  }

  #planDip(latencyMs: number, atMs: number): void {
    const period = PERIODS_MS.find((each) => each >= latencyMs * LATENCY_PART) ?? PERIODS_MS[PERIODS_MS.length - 1]!;
    this.#dipMs = period / DIP_PART;
    const soon = atMs - this.#dippedAtMs > 2 * period || latencyMs > SURPRISE * this.unqueuedMs;
    const grid = soon ? period / ONSET_PART : period;
    if (this.#dippedAtMs === -Infinity && this.#alone) this.#dipAtMs = atMs;
    else this.#dipAtMs = Math.ceil((atMs + this.#clockOffsetMs) / grid) * grid - this.#clockOffsetMs;
  }

  #beginDip(atMs: number): void {
    // What was seen of an upstream that was overloaded from the start says little: the first dip goes deep.
    this.#dip(Math.floor(this.#busy / (this.#dippedAtMs === -Infinity ? FIRST_DEPTH : DEPTH)), atMs);
    this.#dippedAtMs = atMs;
    this.#dipAtMs = Infinity;
  }

  #dip(limit: number, atMs: number): void {
    this.#dipping = true;
    this.#dipEndMs = atMs + this.#dipMs;
    this.limit = Math.max(1, limit);
    this.#window.restart(atMs);
  }

  #endDip(atMs: number): void {
    const window = this.#window;
    this.#dipping = false;
    const known = window.samples >= DIP_SAMPLES_LEAST && window.late * 4 < window.samples;
    const foundMs = known ? window.midMeanMs(atMs) : Infinity;
    if (known) this.#trust(foundMs, window.samples);
    // Throughput that did not fall with the limit shows that the upstream still had enough to do: its queue was not gone.
    if (known && this.limit > 1 && this.limit / foundMs > STILL_BUSY * this.#perMs) {
      this.#steadyLimit = Math.min(this.#steadyLimit, this.limit * STILL_ENOUGH + LEAST_LIMIT);
      this.#dip(Math.floor(this.limit / DEEPER), atMs);
    } else this.#restoreLimit(atMs);
  }

  /** What a dip found, by so many samples. */
  #trust(foundMs: number, samples: number): void {
    const before = this.unqueuedMs;
    const few = foundMs < NEAR * before ? DOUBT_LOWER : DOUBT;
    if (before === 0) this.unqueuedMs = foundMs;
    // One dip alone may have met the queue of others who were not in it.
    else if (foundMs * NEAR > before) this.unqueuedMs = Math.max(before, Math.min(foundMs, this.#foundMs));
    else this.unqueuedMs += (samples / (samples + few)) * (foundMs - before);
    this.#foundMs = foundMs;
  }

  #restoreLimit(atMs: number): void {
    this.limit = Math.round(this.#steadyLimit);
    this.#refused = 0;
    this.#window.restart(atMs);
  }
}
