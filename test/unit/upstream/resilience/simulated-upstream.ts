// An upstream and its callers on a simulated clock: `servers` work on one FIFO queue, requests come as a Poisson stream to one
// AdaptiveLimit per worker, and what a caller has given up is worked on all the same, as real upstreams do. That is what
// makes overload collapse.

import type { AdaptiveLimit } from '../../../../src/upstream/resilience/adaptive-limit.ts';

/** Milliseconds that one server takes for one request. */
export type Service = (random: () => number) => number;

export const deterministic =
  (meanMs: number): Service =>
  () =>
    meanMs;
export const exponential =
  (meanMs: number): Service =>
  (random) =>
    -Math.log(1 - random()) * meanMs;
/** 9 of 10 take 1 part, 1 of 10 takes 10 parts. */
export const bimodal =
  (meanMs: number): Service =>
  (random) =>
    random() < 0.9 ? meanMs / 1.9 : (meanMs * 10) / 1.9;
/** Pareto, shape 2.5: p99 is 3.8 times the mean, and now and then there is one of 50 times. */
export const heavyTailed =
  (meanMs: number): Service =>
  (random) =>
    (meanMs * 0.6) / (1 - random()) ** 0.4;

export interface Simulation {
  readonly servers: number;
  readonly service: Service;
  /** Requests per second over all workers. */
  readonly perSecond: (atMs: number) => number;
  /** Absent: nothing bounds what is in flight. */
  readonly limits: readonly AdaptiveLimit[] | undefined;
  readonly timeoutMs: number;
  readonly durationMs: number;
  readonly random: () => number;
  /** Factor on service times. */
  readonly slowness?: (atMs: number) => number;
  /** How much longer a service takes per request that waits and server: thrashing. */
  readonly thrash?: number;
  /** Share of requests that fail within 1 ms, without a server. */
  readonly failing?: number;
  /** What is before it is left out of the figures. */
  readonly settledMs?: number;
}

export interface Figures {
  /** After `settledMs`, by when they ended. */
  readonly good: number;
  readonly refused: number;
  readonly timedOut: number;
  readonly failed: number;
  readonly offered: number;
  readonly goodPerSecond: number;
  /** Of good responses, sorted. */
  readonly latenciesMs: readonly number[];
  /** Good responses per worker. */
  readonly shares: readonly number[];
  /** Good responses in each second from the start. */
  readonly bySecond: readonly number[];
}

interface Job {
  readonly worker: number;
  readonly startedMs: number;
  gone: boolean;
}

export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function simulate(simulation: Simulation): Figures {
  return new Run(simulation).run();
}

/** Binary heap of times with what happens then. */
class Agenda {
  readonly #times: number[] = [];
  readonly #steps: (() => void)[] = [];

  get nextMs(): number {
    return this.#times[0] ?? Infinity;
  }

  at(timeMs: number, step: () => void): void {
    let hole = this.#times.length;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (this.#times[parent]! <= timeMs) break;
      this.#put(hole, this.#times[parent]!, this.#steps[parent]!);
      hole = parent;
    }
    this.#put(hole, timeMs, step);
  }

  take(): () => void {
    const first = this.#steps[0]!;
    const timeMs = this.#times.pop()!;
    const step = this.#steps.pop()!;
    const size = this.#times.length;
    if (size === 0) return first;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#times[child + 1]! < this.#times[child]!) child++;
      if (this.#times[child]! >= timeMs) break;
      this.#put(hole, this.#times[child]!, this.#steps[child]!);
      hole = child;
    }
    this.#put(hole, timeMs, step);
    return first;
  }

  #put(at: number, timeMs: number, step: () => void): void {
    this.#times[at] = timeMs;
    this.#steps[at] = step;
  }
}

class Run {
  readonly #simulation: Simulation;
  readonly #agenda = new Agenda();
  readonly #inFlight: number[];
  readonly #queue: Job[] = [];
  #queueFrom = 0;
  #busy = 0;
  #nowMs = 0;
  readonly #latenciesMs: number[] = [];
  readonly #shares: number[];
  readonly #bySecond: number[];
  readonly #counts = { good: 0, refused: 0, timedOut: 0, failed: 0, offered: 0 };

  constructor(simulation: Simulation) {
    const workers = simulation.limits?.length ?? 1;
    this.#simulation = simulation;
    this.#inFlight = new Array<number>(workers).fill(0);
    this.#shares = new Array<number>(workers).fill(0);
    this.#bySecond = new Array<number>(Math.ceil(simulation.durationMs / 1000)).fill(0);
  }

  run(): Figures {
    const { durationMs, settledMs = 0 } = this.#simulation;
    this.#planArrival();
    while (this.#agenda.nextMs < durationMs) {
      this.#nowMs = this.#agenda.nextMs;
      this.#agenda.take()();
    }
    const goodPerSecond = (this.#counts.good * 1000) / (durationMs - settledMs);
    this.#latenciesMs.sort((a, b) => a - b);
    return { ...this.#counts, goodPerSecond, latenciesMs: this.#latenciesMs, shares: this.#shares, bySecond: this.#bySecond };
  }

  #planArrival(): void {
    const gapMs = (-Math.log(1 - this.#simulation.random()) * 1000) / this.#simulation.perSecond(this.#nowMs);
    this.#agenda.at(this.#nowMs + gapMs, () => {
      this.#planArrival();
      this.#arrive();
    });
  }

  #arrive(): void {
    const { random, limits, failing = 0, timeoutMs } = this.#simulation;
    const worker = Math.floor(random() * this.#inFlight.length);
    this.#count('offered');
    if (limits?.[worker]!.admits(this.#inFlight[worker]!) === false) {
      this.#count('refused');
      return;
    }
    this.#inFlight[worker]!++;
    const job: Job = { worker, startedMs: this.#nowMs, gone: false };
    if (random() < failing) return this.#agenda.at(this.#nowMs + 1, () => this.#fail(job));
    this.#agenda.at(this.#nowMs + timeoutMs, () => this.#giveUp(job));
    this.#queue.push(job);
    this.#work();
  }

  #work(): void {
    const { servers, service, random, slowness, thrash = 0 } = this.#simulation;
    while (this.#busy < servers && this.#queueFrom < this.#queue.length) {
      const job = this.#queue[this.#queueFrom++]!;
      if (this.#queueFrom > 10_000) this.#queue.splice(0, this.#queueFrom);
      if (this.#queueFrom > 10_000) this.#queueFrom = 0;
      const waiting = this.#queue.length - this.#queueFrom;
      const ms = service(random) * (slowness?.(this.#nowMs) ?? 1) * (1 + (thrash * waiting) / servers);
      this.#busy++;
      this.#agenda.at(this.#nowMs + ms, () => {
        this.#busy--;
        this.#respond(job);
        this.#work();
      });
    }
  }

  #respond(job: Job): void {
    if (job.gone) return;
    job.gone = true;
    const latencyMs = this.#nowMs - job.startedMs;
    this.#simulation.limits?.[job.worker]!.sampled(latencyMs, this.#inFlight[job.worker]!, this.#nowMs);
    this.#inFlight[job.worker]!--;
    this.#bySecond[Math.floor(this.#nowMs / 1000)]!++;
    if (this.#count('good')) {
      this.#latenciesMs.push(latencyMs);
      this.#shares[job.worker]!++;
    }
  }

  #giveUp(job: Job): void {
    if (job.gone) return;
    job.gone = true;
    this.#simulation.limits?.[job.worker]!.timedOut(this.#nowMs - job.startedMs, this.#inFlight[job.worker]!, this.#nowMs);
    this.#inFlight[job.worker]!--;
    this.#count('timedOut');
  }

  #fail(job: Job): void {
    this.#inFlight[job.worker]!--;
    this.#count('failed');
  }

  #count(what: 'good' | 'refused' | 'timedOut' | 'failed' | 'offered'): boolean {
    const settled = this.#nowMs >= (this.#simulation.settledMs ?? 0);
    if (settled) this.#counts[what]++;
    return settled;
  }
}
