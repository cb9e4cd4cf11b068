// A worker that halts a canary and the judge that hears of it later: whatever comes between, they never disagree.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/control/rollouts/decide.ts';
import type { DecideDeps } from '../../../src/control/rollouts/decide.ts';
import { EvidenceBook } from '../../../src/control/rollouts/evidence-book.ts';
import { RolloutEvidence } from '../../../src/control/rollout-evidence.ts';
import type { PoolConfig } from '../../../src/config/model.ts';
import type { RolloutState } from '../../../src/rollout/model.ts';
import type { Seen } from '../../../src/rollout/seen.ts';
import type { Stepped } from '../../../src/rollout/step.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { BASELINE, CANARY, ERRORS, SLOW_P50, SLOW_P90, SLOW_P99 } from '../../../src/telemetry/evidence-layout.ts';
import type { Arm } from '../../../src/telemetry/evidence-layout.ts';
import { EvidenceNews } from '../../../src/telemetry/evidence-news.ts';
import { NO_USER } from '../../../src/telemetry/evidence-users.ts';
import type { EvidenceWriter } from '../../../src/telemetry/evidence-writer.ts';
import { EvidenceWriters } from '../../../src/threads/evidence-writers.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';
import { begun, SEEN } from '../../unit/rollout/fakes.ts';
import { makePool, makePoolTable } from '../../unit/routing/make-table.ts';

const CHECKS = { checks: [{ name: 'errors', errors: {} }] };

/** A rollout in its step of this weight, that two workers count for. */
function world(written: object, weight = 5) {
  const clock = new ManualClock();
  const evidence = new RolloutEvidence({ counters: new CounterRegistry(2), chance: () => 0.5 });
  const book = new EvidenceBook({ evidence, clock, onChange: () => undefined });
  const steps = [{ weight: `${weight}%`, for: '1h' }, { weight: '60%', for: '1h' }, { weight: '100%' }];
  let state: RolloutState = begun({ steps, ...CHECKS, ...written }, { weights: { v1: 100, v2: 0 } });
  let more: Partial<Seen> = {};
  let workers: readonly EvidenceWriter[] = [];
  let onArmed: () => void = () => undefined;
  book.open(state);
  const counts: DecideDeps['counts'] = {
    halt: (id) => book.halt(id),
    halted: (id) => book.halted(id),
    lift: (id) => book.lift(id),
    arm(id, arming) {
      const done = book.arm(id, arming);
      onArmed();
      return done;
    },
  };
  const look = { seenOf: ({ id }: RolloutState) => ({ ...SEEN, ...book.read(id), ...more }) };
  const self = {
    book,
    get state() {
      return state;
    },
    set state(next: RolloutState) {
      state = next;
    },
    get halted() {
      return book.halted(state.id);
    },
    /** What workers do as soon as something is armed. */
    meanwhile: (does: () => void) => void (onArmed = does),
    see: (seen: Partial<Seen>) => void (more = { ...more, ...seen }),
    judge(): Stepped {
      clock.advance(100);
      const instant = { nowMs: clock.nowMs(), wallMs: clock.wallMs() };
      const has = state.applied['v2'] ?? 0;
      const [decided] = decide({ counts, look }, [{ state, pool: undefined as unknown as PoolConfig, has }], instant) as [Stepped];
      state = decided.state;
      return decided;
    },
    /** The weights that are wanted are in force. */
    obey(): void {
      book.segment(state.id, state.segment);
      const weights = state.wanted;
      const plan = structuredClone(evidence.plan([makePool(weights)]));
      workers = [0, 1].map((worker) =>
        new EvidenceWriters(worker, new EvidenceNews(() => undefined)).writer(makePoolTable(weights), plan)!,
      );
      state = { ...state, applied: weights };
    },
    fail(arm: Arm, worker = 0, cell = ERRORS): void {
      const writer = workers[worker]!;
      const row = writer.rowOf(arm);
      writer.assigned(row, arm, NO_USER);
      writer.bad(row, arm, NO_USER, cell);
      writer.finished(row, NO_USER);
    },
    /** Others that fare well, so that the shares are as they are to be. */
    pass(arm: Arm, count: number): void {
      const writer = workers[0]!;
      for (let request = 0; request < count; request++) {
        writer.assigned(writer.rowOf(arm), arm, NO_USER);
        writer.finished(writer.rowOf(arm), NO_USER);
      }
    },
    writers: () => workers,
  };
  self.judge();
  self.judge();
  self.obey();
  return self;
}

describe('a worker', () => {
  it('halts a canary that fails by itself, and the judge says why', () => {
    const it = world({});
    it.fail(BASELINE, 1);
    let failed = 0;
    for (; !it.halted && failed < 20; failed++) it.fail(CANARY, failed % 2);
    expect(failed).toBeGreaterThan(1);
    expect(failed).toBeLessThan(6);
    expect(it.state.status).toBe('running');
    const { state, told } = it.judge();
    expect(state.status).toBe('rolled-back');
    expect(state.why).toMatch(new RegExp(`v2 failed ${failed} of ${failed} requests .*, v1 1 of 1 .*is shown`));
    expect(told.map(({ what }) => what).join('\n')).not.toContain('gets requests again');
    expect(it.halted).toBe(true);
  });

  it('never halts one that the judge does not take back, whatever is counted and judged in between', () => {
    const event = fc.oneof(
      { weight: 6, arbitrary: fc.record({ does: fc.constant('canary' as const), worker: fc.nat(1) }) },
      { weight: 5, arbitrary: fc.record({ does: fc.constant('baseline' as const), worker: fc.nat(1) }) },
      { weight: 2, arbitrary: fc.record({ does: fc.constant('judge' as const), worker: fc.constant(0) }) },
    );
    let trips = 0;
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.constantFrom(1, 5, 20, 50), fc.nat(12), (events, weight, later) => {
        const it = world({}, weight);
        for (const { does, worker } of events) {
          if (does === 'judge') it.judge();
          else it.fail(does === 'canary' ? CANARY : BASELINE, worker);
          if (does === 'canary') it.pass(BASELINE, 100 / weight - 1);
          if (it.state.status === 'rolled-back') return;
          if (it.halted) break;
        }
        if (!it.halted) return;
        trips++;
        // What comes until the control thread has its turn does not change it.
        for (let more = 0; more < later; more++) it.fail(BASELINE, more % 2);
        const { state } = it.judge();
        expect(state.status).toBe('rolled-back');
        expect(state.why).toContain('is shown');
      }),
      { numRuns: 150 },
    );
    expect(trips).toBeGreaterThan(20);
  });

  it('halts one that is slow beyond the highest bound by that alone, and the judge says why', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('canary', 'baseline', 'judge'), { maxLength: 80 }), fc.constantFrom(5, 20), (events, weight) => {
        const it = world(
          {
            checks: [
              { name: 'latency', latency: {} },
              { name: 'left', gaveUp: {}, onFail: 'rollback' },
            ],
          },
          weight,
        );
        const arms = { canary: CANARY, baseline: BASELINE } as const;
        for (const does of [...events, ...Array<string>(40).fill('canary')]) {
          if (does === 'judge') it.judge();
          else for (const cell of [SLOW_P50, SLOW_P90, SLOW_P99]) it.fail(arms[does as keyof typeof arms], 0, cell);
          if (does === 'canary') it.pass(BASELINE, 3 * (100 / weight - 1));
          if (it.halted) break;
        }
        expect(it.halted).toBe(true);
        const { state } = it.judge();
        expect([state.status, state.why]).toEqual(['rolled-back', expect.stringContaining('check latency failed: v2 was slower')]);
      }),
      { numRuns: 60 },
    );
  });

  it('is told of the weights that come next before they are in force', () => {
    const it = world({ steps: [{ weight: '20%' }, { weight: '60%', for: '1h' }, { weight: '100%' }] });
    it.fail(CANARY);
    it.judge();
    it.state = { ...it.state, step: 1, begun: false };
    it.judge();
    it.obey();
    for (let event = 0; event < 30 && !it.halted; event++) it.fail(CANARY);
    expect(it.halted).toBe(true);
    expect(it.judge().state.status).toBe('rolled-back');
  });

  it('halts nothing by what was counted with other weights, in the warmup, or for a check that only holds', () => {
    const old = world({});
    const [writer] = old.writers();
    old.state = { ...old.state, step: 1, begun: false };
    old.judge();
    old.obey();
    const row = writer!.rowOf(CANARY);
    for (let event = 0; event < 30; event++) writer!.bad(row, CANARY, NO_USER, ERRORS);
    expect(old.halted).toBe(false);
    for (const written of [{ warmup: '30s' }, { checks: [{ name: 'errors', errors: {}, onFail: 'hold' }] }]) {
      const it = world(written);
      for (let event = 0; event < 30; event++) it.fail(CANARY);
      expect(it.halted).toBe(false);
    }
    const cold = world({}, 60);
    cold.see({ readyEndpoints: { ...SEEN.readyEndpoints, baseline: 1 } });
    cold.judge();
    for (let event = 0; event < 30; event++) cold.fail(CANARY);
    expect(cold.halted).toBe(false);
  });

  it('that halts one as soon as it may, while the same look still goes on, is not overruled', () => {
    const it = world({});
    it.meanwhile(() => {
      for (let event = 0; event < 20 && !it.halted; event++) it.fail(CANARY);
    });
    expect(it.judge().state.status).toBe('running');
    expect(it.halted).toBe(true);
    it.meanwhile(() => undefined);
    expect(it.judge().state.status).toBe('rolled-back');
    expect(it.halted).toBe(true);
  });

  it('whose halt the judge does not confirm is told so, and the canary gets requests again', () => {
    const it = world({});
    for (let event = 0; event < 20 && !it.halted; event++) it.fail(CANARY);
    expect(it.halted).toBe(true);
    // Somebody has begun a new epoch meanwhile.
    const next = it.state.segment + 1;
    it.state = {
      ...it.state,
      epoch: 1,
      judged: {},
      evidence: [],
      segment: next,
      epochSegment: next,
      stepSegment: next,
      judgedSegment: next,
    };
    const { state, told } = it.judge();
    expect([state.status, it.halted]).toEqual(['running', false]);
    expect(told.at(-1)!.what).toBe('a worker halted v2 for the check errors; it gets requests again');
    expect(state.history.at(-1)).toEqual(told.at(-1));
    // And it can be halted again.
    it.obey();
    for (let event = 0; event < 20 && !it.halted; event++) it.fail(CANARY);
    expect(it.halted).toBe(true);
    expect(it.judge().state.status).toBe('rolled-back');
  });
});

describe('a canary that goes back by a step', () => {
  it('gets nothing until its lower weight is in force', () => {
    const it = world({ onFail: 'previous' });
    it.state = { ...it.state, step: 1, begun: false };
    it.judge();
    it.obey();
    for (let event = 0; event < 50 && !it.halted; event++) it.fail(CANARY);
    expect(it.halted).toBe(true);
    const { state, wants } = it.judge();
    expect([state.status, state.step, wants.weights!['v2']]).toEqual(['running', 0, 5]);
    it.judge();
    expect(it.halted).toBe(true);
    it.obey();
    const { told } = it.judge();
    expect([it.halted, told]).toEqual([false, []]);
    it.fail(CANARY);
    expect(it.halted).toBe(false);
  });

  it('keeps its users while the baseline is cold', () => {
    const it = world({ onFail: 'previous' });
    it.state = { ...it.state, step: 1, begun: false };
    it.judge();
    it.obey();
    it.judge();
    it.see({ readyEndpoints: { ...SEEN.readyEndpoints, baseline: 1 } });
    for (let event = 0; event < 50 && !it.halted; event++) it.fail(CANARY);
    it.judge();
    expect([it.state.step, it.halted]).toEqual([0, false]);
  });
});
