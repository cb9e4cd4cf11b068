// Whatever is seen and asked for, and wherever the process dies: what a rollout must never do.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shareAt } from '../../../src/rollout/course.ts';
import type { RolloutCommand, RolloutState, SegmentEvidence } from '../../../src/rollout/model.ts';
import type { Seen } from '../../../src/rollout/seen.ts';
import { ENDED } from '../../../src/rollout/model.ts';
import { actionsAt, decidedAt, isStill, occasionOf } from '../../../src/rollout/occasion.ts';
import type { Occasion, OccasionAction } from '../../../src/rollout/occasion.ts';
import { readState } from '../../../src/rollout/read-state.ts';
import { shareOf } from '../../../src/rollout/weights.ts';
import { SEEN, World, arm, begun } from '../../unit/rollout/fakes.ts';

const TEMPLATES: readonly object[] = [
  {
    steps: [
      { weight: '5%', until: 'evidence' },
      { weight: '25%', until: 'evidence' },
      { weight: '100%' },
      { watch: { for: '5s', holdback: '1%' } },
    ],
  },
  {
    steps: [
      { smoke: [{ path: '/' }] },
      { weight: '1%', for: '3s' },
      { approve: {} },
      { weight: '50%', for: '3s', atMost: '6s', onTimeout: 'rollback' },
    ],
  },
  {
    warmup: '2s',
    onFail: 'previous',
    steps: [
      { weight: '10%', for: '2s' },
      { weight: '50%', for: '2s' },
      { weight: '20%', lower: true, until: 'evidence' },
    ],
  },
  {
    onFail: 'hold',
    steps: [{ weight: '5%', for: '2s', atMost: '4s' }, { weight: '100%' }],
    hooks: [{ on: ['start', 'step', 'promote', 'rollback', 'hold', 'end'], url: 'http://a/' }],
  },
];

type Event =
  | { readonly is: 'tick'; readonly ms: number; readonly requests: number; readonly bad: number; readonly badBaseline: number }
  | { readonly is: 'ready'; readonly baseline: number }
  | { readonly is: 'starts'; readonly baseline: number; readonly canary: number; readonly version: number }
  | { readonly is: 'guard'; readonly canary: number; readonly baseline: number }
  | { readonly is: 'frozen'; readonly frozen: boolean }
  | { readonly is: 'effects'; readonly ok: boolean }
  | { readonly is: 'applied' | 'crash' | 'jump' }
  | { readonly is: 'ask'; readonly kind: 'pause' | 'resume' | 'promote' | 'abort' | 'approve' | 'retry' | 'supersede' };

const tick = fc.record({
  is: fc.constant('tick' as const),
  ms: fc.nat(1500),
  requests: fc.constantFrom(0, 10, 200, 5000),
  bad: fc.constantFrom(0, 0, 0, 0.01, 0.5),
  badBaseline: fc.constantFrom(0, 0.01),
});
const rampShare = fc.constantFrom(1, 1, 0.1, 0.37, 0.5, 0.999);
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 10, arbitrary: tick },
  { weight: 5, arbitrary: fc.constantFrom<Event>({ is: 'applied' }, { is: 'effects', ok: true }) },
  {
    weight: 2,
    arbitrary: fc.oneof(
      fc.constantFrom<Event>({ is: 'crash' }, { is: 'jump' }, { is: 'effects', ok: false }),
      fc.record({ is: fc.constant('ready' as const), baseline: fc.nat(4) }),
      fc.record({ is: fc.constant('starts' as const), baseline: rampShare, canary: rampShare, version: rampShare }),
      fc.record({ is: fc.constant('guard' as const), canary: fc.nat(30), baseline: fc.constantFrom(0, 0, 30) }),
      fc.record({ is: fc.constant('frozen' as const), frozen: fc.boolean() }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      is: fc.constant('ask' as const),
      kind: fc.constantFrom('pause', 'resume', 'promote', 'abort', 'approve', 'retry', 'supersede'),
    }),
  },
);

/** Drives a World, counting as the data plane would, and looks after each event. */
class Driver {
  readonly world: World;
  /** By segment and share, as the counters keep it. */
  readonly counts = new Map<string, SegmentEvidence>();
  asked: string | undefined;

  constructor(state: RolloutState) {
    this.world = new World(state);
    this.world.obeys = false;
  }

  run(happens: Event): void {
    const { world } = this;
    this.asked = undefined;
    switch (happens.is) {
      case 'tick':
        this.count(happens);
        world.tick(happens.ms);
        break;
      case 'ready':
        world.see({ readyEndpoints: { ...SEEN.readyEndpoints, baseline: happens.baseline } });
        break;
      case 'starts': {
        const { baseline, canary, version } = happens;
        world.see({ rampShares: { baseline: { endpoints: baseline, version }, canary: { endpoints: canary, version } } });
        break;
      }
      case 'guard': {
        const of = (failures: number) => ({ requests: 30, failures, slow: 0 });
        world.see({ windows: { 'error-rate': { canary: of(happens.canary), baseline: of(happens.baseline), start: 0 } } });
        break;
      }
      case 'frozen':
        world.see({ frozen: happens.frozen });
        break;
      case 'applied':
        if (world.last?.wants.weights !== undefined) world.ask({ kind: 'applied', weights: world.last.wants.weights });
        break;
      case 'effects':
        for (const { name } of world.last?.wants.effects ?? [])
          world.ask({ kind: 'effect', name, result: { ok: happens.ok, sentence: 'so it is' } });
        break;
      case 'crash':
        this.counts.clear();
        world.see({ segments: [] });
        world.nowMs = 10;
        world.ask({ kind: 'taken-up' });
        break;
      case 'jump':
        world.nowMs += 1e9;
        world.wallMs -= 5e8;
        break;
      case 'ask':
        if (world.ask(commandOf(happens.kind)) === undefined) this.asked = happens.kind;
        break;
    }
    const read = readState(JSON.stringify(world.state));
    if ('fault' in read) throw new Error(read.fault);
    expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(world.state)));
    world.state = read;
  }

  private count({ requests, bad, badBaseline }: Extract<Event, { is: 'tick' }>): void {
    const { state } = this.world;
    const share = shareOf(state.applied, state);
    if (!(share > 0 && share < 1) || ENDED.has(state.status)) return;
    const key = `${state.segment} ${share}`;
    const known = this.counts.get(key) ?? { segment: state.segment, share, baseline: arm({}), canary: arm({}) };
    const canary = Math.round(requests * share);
    const add = (before: SegmentEvidence['baseline'], more: number, errors: number) =>
      // The counters know more than a kept state has.
      ({ ...arm({ finished: before.finished + more, errors: before.errors + Math.round(more * errors) }), requests: 9, met: 9 });
    this.counts.set(key, {
      ...known,
      baseline: add(known.baseline, requests - canary, badBaseline),
      canary: add(known.canary, canary, bad),
    });
    this.world.see({ segments: [...this.counts.values()] });
  }
}

function commandOf(kind: Extract<Event, { is: 'ask' }>['kind']): RolloutCommand {
  const said = { author: 'bob', reason: 'so' };
  if (kind === 'retry') return { kind, ...said, salt: 'new' };
  if (kind === 'approve') return { kind, ...said, role: 'operator' };
  return { kind, ...said };
}

/** A weight of the plan, or a tenth of it while endpoints start; all but a thousandth while a version does. */
function isPlanned(share: number, planned: ReadonlySet<number>): boolean {
  const parts = [...planned].flatMap((each) => Array.from({ length: 10 }, (_, part) => (each * (part + 1)) / 10));
  return [0, 0.999, ...parts].some((each) => Math.abs(each - share) < 1e-9);
}

const run = fc.record({ template: fc.constantFrom(...TEMPLATES), events: fc.array(event, { maxLength: 120 }) });

describe('a rollout, whatever happens', () => {
  test('keeps its weights within the plan, its memory within bounds, and what it ended as', () => {
    fc.assert(
      fc.property(run, ({ template, events }) => {
        const driver = new Driver(begun(template));
        const { world } = driver;
        const planned = new Set([0, 1, ...world.state.template.steps.map((_, index) => shareAt(world.state, index))]);
        for (const happens of events) {
          const before = world.state;
          driver.run(happens);
          const { state } = world;
          const { v1 = -1, v2 = -1, v3 } = state.wanted;
          expect([v1 + v2, v3]).toEqual([100, 7]);
          if (state.leaving === undefined) expect(isPlanned(v2 / 100, planned)).toBe(true);
          else expect(v2).toBeLessThanOrEqual(before.wanted['v2']!);
          expect(state.history.length).toBeLessThanOrEqual(200);
          expect(state.evidence.length).toBeLessThanOrEqual(64);
          expect(state.step).toBeLessThanOrEqual(state.template.steps.length);
          if (ENDED.has(before.status) && driver.asked !== 'retry') expect(state.status).toBe(before.status);
          if (state.status === 'rolled-back' || state.status === 'aborted') expect(state.wanted).toEqual(state.before);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('asks each thing once: what was decided for an occasion is never open again, and it is known who decided', () => {
    const hooks = [{ on: ['approve', 'hold'], url: 'http://a/' }];
    const templates = [
      { hooks, steps: [{ approve: { atMost: '500ms' } }, { weight: '5%', for: '1s' }, { approve: {} }, { weight: '50%', for: '1h' }] },
      {
        hooks,
        onFail: 'hold',
        steps: [{ weight: '5%', until: 'evidence', atMost: '500ms' }, { approve: {} }, { weight: '50%', for: '1h' }],
      },
    ];
    const second = fc.constant<Event>({ is: 'tick', ms: 1000, requests: 0, bad: 0, badBaseline: 0 });
    const applied = fc.constant<Event>({ is: 'applied' });
    const happens = fc.oneof(event, { weight: 6, arbitrary: second }, { weight: 3, arbitrary: applied });
    const followed = fc.array(fc.tuple(happens, fc.nat(35)), {
      minLength: 20,
      maxLength: 50,
    });
    const used = new Set<string>();
    fc.assert(
      fc.property(fc.constantFrom(...templates), followed, (template, events) => {
        const driver = new Driver(begun(template));
        const { world } = driver;
        const over: (readonly [Occasion, OccasionAction])[] = [];
        for (const [next, choice] of events) {
          driver.run(next);
          for (const moment of choice % 2 === 0 ? (['approve', 'hold'] as const) : (['hold', 'approve'] as const)) {
            const occasion = occasionOf(world.state, moment);
            if (occasion === undefined || choice > 5) continue;
            const actions = actionsAt(world.state, occasion);
            const action = actions[Math.floor(choice / 2) % actions.length]!;
            expect(world.ask({ ...commandOf(action), author: `link ${over.length}` } as RolloutCommand)).toBeUndefined();
            over.push([occasion, action]);
            used.add(`${moment} ${action}`);
          }
          const { state } = world;
          // What is long ago is forgotten; that it is over is not.
          const isKnown = state.decided.length < 64;
          const found = over.map(([occasion], index) => {
            const { what, author } = decidedAt(state, occasion) ?? {};
            return isStill(state, occasion) || (isKnown && author !== `link ${index}`) ? 'lost' : what;
          });
          if (found.includes('lost')) expect(found).toEqual(over.map(([, what]) => what));
        }
      }),
      { numRuns: 40 },
    );
    // Of the five that there are, by chance.
    expect(used.size).toBeGreaterThan(2);
  });

  test('promotes by evidence alone: each critical check is shown to be harmless at each weight', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), (events) => {
        const driver = new Driver(begun(TEMPLATES[0]!));
        for (const happens of events) {
          const before = driver.world.state;
          driver.run(happens);
          const { state } = driver.world;
          if (state.step <= before.step || driver.asked === 'promote' || before.step > 1) continue;
          expect(happens.is).toBe('tick');
          expect([state.verdicts['errors']?.verdict, state.verdicts['latency']?.verdict]).toEqual(['pass', 'pass']);
          expect(before.begun).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('never promotes without a request', () => {
    fc.assert(
      fc.property(run, ({ template, events }) => {
        const driver = new Driver(begun(template));
        for (const happens of events) {
          if (happens.is === 'ask' && happens.kind === 'promote') continue;
          driver.run(happens.is === 'tick' ? { ...happens, requests: 0 } : happens);
          expect(shareOf(driver.world.state.wanted, driver.world.state)).toBeLessThan(1);
          expect(driver.world.state.status).not.toBe('succeeded');
        }
      }),
      { numRuns: 100 },
    );
  });

  test('goes back to the split from before when it is aborted, from wherever it is', () => {
    fc.assert(
      fc.property(run, ({ template, events }) => {
        const driver = new Driver(begun(template));
        for (const happens of events) driver.run(happens);
        const { world } = driver;
        if (ENDED.has(world.state.status)) return;
        expect(world.ask(commandOf('abort'))).toBeUndefined();
        world.see({ readyEndpoints: SEEN.readyEndpoints, rampShares: SEEN.rampShares });
        world.tick();
        expect(['aborted', 'rolled-back']).toContain(world.state.status);
        expect(world.last!.wants.weights ?? world.state.applied).toEqual(world.state.before);
      }),
      { numRuns: 150 },
    );
  });

  test('looks twice at the same and decides the same', () => {
    fc.assert(
      fc.property(run, ({ template, events }) => {
        const driver = new Driver(begun(template));
        const { world } = driver;
        for (const happens of events) {
          driver.run(happens);
          const twin = new World(world.state);
          [twin.seen, twin.obeys, twin.nowMs, twin.wallMs] = [world.seen, false, world.nowMs, world.wallMs];
          const once = twin.tick(0);
          const evidence = once.evidence;
          const judged = eventsJudged(once);
          twin.tick(0);
          if (twin.state.epoch !== once.epoch || twin.state.judgedSegment !== once.judgedSegment) continue;
          expect(twin.state.evidence).toEqual(evidence);
          expect(eventsJudged(twin.state)).toBe(judged);
        }
      }),
      { numRuns: 40 },
    );
  });
});

test('no evidence is counted twice: as many events are judged as were counted, over crashes too', () => {
  const moment = fc.oneof({ weight: 5, arbitrary: tick }, { weight: 1, arbitrary: fc.constant<Event>({ is: 'crash' }) });
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 200 }), (events) => {
      const driver = new Driver(begun({ steps: [{ weight: '5%', for: '1h' }], checks: [{ name: 'errors', errors: {}, onFail: 'warn' }] }));
      driver.world.obeys = true;
      driver.world.settle();
      driver.world.obeys = false;
      let counted = 0;
      for (const happens of events) {
        const before = sum(driver.world.seen);
        driver.run(happens);
        const after = sum(driver.world.seen);
        counted += happens.is === 'tick' ? after - before : 0;
      }
      const judged = driver.world.state.judged['errors']?.tests[0]?.events ?? 0;
      expect(judged).toBe(counted);
    }),
    { numRuns: 100 },
  );
});

function sum({ segments }: Seen): number {
  return segments.reduce((all, { baseline, canary }) => all + baseline.errors + canary.errors, 0);
}

function eventsJudged({ judged }: RolloutState): number {
  return Object.values(judged)
    .flatMap(({ tests }) => tests)
    .reduce((all, { events }) => all + events, 0);
}
