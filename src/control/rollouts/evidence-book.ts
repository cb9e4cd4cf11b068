// The counters of all rollouts that run, by id: opened and closed with them, told which segment counts, and each 10 s what is slow and what is small.

import { countedEvents } from '../../rollout/events.ts';
import type { Arming } from '../../rollout/tripwire.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Exposure, RolloutCounts } from '../ports.ts';
import type { RolloutEvidence } from '../rollout-evidence.ts';
import type { Counted, CountedState, Counting } from './ports.ts';

export interface EvidenceBookDeps {
  readonly evidence: Pick<RolloutEvidence, 'open' | 'onNews'>;
  readonly clock: Pick<Clock, 'every'>;
  /** The workers are to hear of what changed, though no config is on its way. */
  readonly onChange: () => void;
}

/** Windows of what is slow; the first ends as soon as it can. */
const BOUNDS_MS = 10_000;
const FIRST_BOUNDS_MS = 500;
/** While there are no bounds a request without a head is slow after this. */
const CEILING_MS = 5_000;
const NOTHING: Counted = { segments: [], saturated: false, topUserShares: {}, lostValues: 0, guarded: undefined, tripped: undefined };

interface Opened {
  readonly pool: string;
  readonly counts: RolloutCounts;
  segment: number;
  /** Milliseconds since its window began; undefined before the first bounds. */
  windowMs: number | undefined;
  /** How long a user counts once for the guards, and until when. */
  readonly unitsMs: number;
  unitsLeftMs: number;
}

export class EvidenceBook implements Counting {
  readonly #deps: EvidenceBookDeps;
  readonly #open = new Map<string, Opened>();
  #timer: Timer | undefined = undefined;

  constructor(deps: EvidenceBookDeps) {
    this.#deps = deps;
  }

  set onEvidence(wake: (pool: string) => void) {
    this.#deps.evidence.onNews = wake;
  }

  open({ id, pool, baseline, canary, segment, template }: CountedState): void {
    this.close(id);
    // Where endpoints are replaced in place nothing is left to chance, and there is nothing to compare.
    if (baseline === canary) return;
    const latency = template.checks.find((check) => check.kind === 'latency');
    const events = countedEvents(template);
    const values = template.checks.flatMap((check) => (check.kind === 'value' ? [{ source: check.source, cap: check.cap }] : []));
    const unitsMs = template.checks.find((check) => check.kind === 'error-rate')?.overMs ?? BOUNDS_MS;
    const pair = { pool, baseline, canary, segment, latencyRatio: latency?.ratio ?? 1, ceilingMs: CEILING_MS, events, values };
    this.#open.set(id, { pool, counts: this.#deps.evidence.open(pair), segment, windowMs: undefined, unitsMs, unitsLeftMs: unitsMs });
    this.#timer ??= this.#deps.clock.every(FIRST_BOUNDS_MS, () => this.#publish(), { unref: true });
  }

  read(id: string): Counted {
    const opened = this.#open.get(id);
    if (opened === undefined) return NOTHING;
    const { counts } = opened;
    const segments = counts.read();
    const { unreadable, lost } = counts.lostValues;
    return {
      segments,
      saturated: counts.saturated,
      topUserShares: counts.topShares(),
      lostValues: unreadable + lost,
      guarded: counts.guarded(),
      tripped: counts.tripped,
    };
  }

  saturated(id: string): boolean {
    return this.#open.get(id)?.counts.saturated === true;
  }

  exposed(id: string): Exposure {
    return this.#open.get(id)?.counts.exposed() ?? { requests: 0, users: 0 };
  }

  segment(id: string, segment: number): void {
    const opened = this.#open.get(id);
    if (opened === undefined || opened.segment === segment) return;
    opened.segment = segment;
    opened.counts.segment(segment);
    this.#deps.onChange();
  }

  halt(id: string): void {
    this.#open.get(id)?.counts.halt();
  }

  halted(id: string): boolean {
    return this.#open.get(id)?.counts.halted === true;
  }

  lift(id: string): void {
    this.#open.get(id)?.counts.lift();
  }

  arm(id: string, arming: Arming | undefined): boolean {
    return this.#open.get(id)?.counts.arm(arming) ?? true;
  }

  /** An event of a user, seen elsewhere; returns the pools in whose rollouts it counts. */
  tell(event: string, key: string, value: number | undefined): readonly string[] {
    return [...this.#open.values()].filter(({ counts }) => counts.tell(event, key, value)).map(({ pool }) => pool);
  }

  close(id: string): void {
    const opened = this.#open.get(id);
    if (opened === undefined) return;
    this.#open.delete(id);
    opened.counts.close();
    this.#deps.onChange();
    if (this.#open.size === 0) this.stop();
  }

  stop(): void {
    this.#timer?.stop();
    this.#timer = undefined;
  }

  #publish(): void {
    for (const opened of this.#open.values()) {
      opened.unitsLeftMs -= FIRST_BOUNDS_MS;
      if (opened.unitsLeftMs <= 0) {
        opened.unitsLeftMs = opened.unitsMs;
        opened.counts.nextWindow();
      }
      opened.counts.learnSizes(FIRST_BOUNDS_MS);
      if (opened.windowMs !== undefined) opened.windowMs += FIRST_BOUNDS_MS;
      if (opened.windowMs !== undefined && opened.windowMs < BOUNDS_MS) continue;
      if (opened.counts.publishBounds() !== undefined) opened.windowMs = 0;
    }
  }
}
