// Rollouts and what they see, to be changed by tests.

import { decodeText } from '../../../src/config/decode.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import type { RolloutTemplate } from '../../../src/config/rollout-model.ts';
import { command } from '../../../src/rollout/command.ts';
import type { ArmCounts, RolloutCommand, RolloutState, SegmentEvidence } from '../../../src/rollout/model.ts';
import type { Seen } from '../../../src/rollout/seen.ts';
import { NO_COUNTS } from '../../../src/rollout/segments.ts';
import { start } from '../../../src/rollout/start.ts';
import type { StartInput } from '../../../src/rollout/start.ts';
import { step } from '../../../src/rollout/step.ts';
import type { Stepped } from '../../../src/rollout/step.ts';
import { commandTogether, stepTogether } from '../../../src/rollout/together.ts';

export function template(written: object): RolloutTemplate {
  const config = {
    listeners: [{ name: 'web', address: '127.0.0.1:8080' }],
    pools: {
      shop: {
        versions: { v1: { endpoints: ['127.0.0.1:1'] }, v2: { endpoints: ['127.0.0.1:2'] } },
        split: { v1: 100, v2: 0 },
        mirrors: [{ name: 'dark', version: 'v2', compare: {} }],
      },
    },
    routes: [{ name: 'thanks', pool: 'shop' }],
    rollouts: { t: { warmup: '0s', ...written } },
  };
  const { config: decoded, problems } = decodeText('a.yaml', JSON.stringify(config));
  if (decoded === undefined) throw new Error(problems.map(formatProblem).join('\n'));
  return decoded.rollouts[0]!;
}

export function startInput(written: object, more: Partial<StartInput> = {}): StartInput {
  return {
    id: 'r1',
    pool: 'shop',
    to: 'v2',
    from: undefined,
    template: template(written),
    weights: { v1: 100, v2: 0, v3: 7 },
    endpoints: { v1: 4, v2: 4, v3: 1 },
    previews: [],
    salt: 'pepper',
    group: undefined,
    forced: false,
    author: 'ann',
    reason: '',
    earlier: [],
    wallMs: 1_000_000,
    ...more,
  };
}

export function begun(written: object, more: Partial<StartInput> = {}): RolloutState {
  const started = start(startInput(written, more));
  if ('refusal' in started) throw new Error(started.refusal);
  return started.state;
}

export const SEEN: Seen = {
  segments: [],
  saturated: false,
  topUserShares: {},
  lostValues: 0,
  windows: {},
  outside: {},
  readyEndpoints: { baseline: 4, canary: 4, baselineTotal: 4, canaryTotal: 4 },
  rampShares: { baseline: { endpoints: 1, version: 1 }, canary: { endpoints: 1, version: 1 } },
  perSecond: 100,
  endpoints: [],
  frozen: false,
};

export function arm(counts: Partial<ArmCounts>): ArmCounts {
  const finished = counts.finished ?? counts.assigned ?? 0;
  return { ...NO_COUNTS, assigned: finished, finished, ...counts };
}

function segment(state: RolloutState, share: number, baseline: Partial<ArmCounts>, canary: Partial<ArmCounts>): SegmentEvidence {
  return { segment: state.segment, share, baseline: arm(baseline), canary: arm(canary) };
}

/** Several pools of one rollout, each with a world of its own that does at once what is wanted. */
export class Together {
  readonly worlds: readonly World[];

  constructor(written: object, pools: Readonly<Record<string, Partial<StartInput>>>) {
    this.worlds = Object.entries(pools).map(([pool, more]) => new World(begun(written, { id: `${pool}-1`, pool, group: 'g-1', ...more })));
  }

  /** Of each pool what `of` says of its state. */
  each<T>(of: (state: RolloutState) => T): readonly T[] {
    return this.worlds.map(({ state }) => of(state));
  }

  tick(ms = 100): this {
    const [first] = this.worlds;
    for (const world of this.worlds) {
      world.nowMs += ms;
      world.wallMs += ms;
    }
    const stepped = stepTogether(this.worlds, { wallMs: first!.wallMs, nowMs: first!.nowMs });
    for (const [index, world] of this.worlds.entries()) {
      world.last = stepped[index]!;
      world.state = world.last.state;
      if (world.obeys) world.obey();
    }
    return this;
  }

  settle(most = 20): this {
    for (let i = 0; i < most; i++) this.tick(0);
    return this;
  }

  pass(ms: number): this {
    for (let left = ms; left > 0; left -= 1000) this.tick(Math.min(left, 1000));
    return this;
  }

  ask(asked: RolloutCommand): string | undefined {
    const [{ wallMs, nowMs }] = this.worlds as [World];
    const done = commandTogether(
      this.worlds.map(({ state }) => state),
      asked,
      { wallMs, nowMs },
    );
    if (typeof done === 'string') return done;
    for (const [index, world] of this.worlds.entries()) world.state = done[index]!;
    return undefined;
  }
}

/** A world that does at once what is wanted, and a clock that is turned by hand. */
export class World {
  state: RolloutState;
  seen: Seen = SEEN;
  nowMs = 5_000;
  wallMs = 2_000_000;
  /** Whether weights that are wanted come into force by themselves, and effects succeed. */
  obeys = true;
  last: Stepped | undefined;

  constructor(state: RolloutState) {
    this.state = state;
  }

  /** One look, after `ms`. */
  tick(ms = 100): RolloutState {
    this.nowMs += ms;
    this.wallMs += ms;
    this.last = step(this.state, this.seen, { wallMs: this.wallMs, nowMs: this.nowMs });
    this.state = this.last.state;
    if (this.obeys) this.obey();
    return this.state;
  }

  /** Looks until it stands still, at most so often. */
  settle(most = 20): RolloutState {
    for (let i = 0; i < most; i++) this.tick(0);
    return this.state;
  }

  /** So long, in looks of at most a second. */
  pass(ms: number): RolloutState {
    for (let left = ms; left > 0; left -= 1000) this.tick(Math.min(left, 1000));
    return this.state;
  }

  obey(): void {
    const { weights, effects } = this.last!.wants;
    if (weights !== undefined) this.ask({ kind: 'applied', weights });
    for (const { name } of effects) this.ask({ kind: 'effect', name, result: { ok: true, sentence: 'done' } });
  }

  ask(asked: RolloutCommand): string | undefined {
    const result = command(this.state, asked, { wallMs: this.wallMs, nowMs: this.nowMs });
    if ('refusal' in result) return result.refusal;
    this.state = result.state;
    return undefined;
  }

  see(seen: Partial<Seen>): this {
    this.seen = { ...this.seen, ...seen };
    return this;
  }

  /** Counts of the segment that runs. */
  count(baseline: Partial<ArmCounts>, canary: Partial<ArmCounts>): this {
    const { v1 = 0, v2 = 0 } = this.state.wanted;
    const others = this.seen.segments.filter((each) => each.segment !== this.state.segment);
    return this.see({ segments: [...others, segment(this.state, v2 / (v1 + v2), baseline, canary)] });
  }
}
