import { beforeEach, describe, expect, it } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { counterKeys } from '../../../src/control/counter-keys.ts';
import type { CountedPair, CountedRollout } from '../../../src/control/ports.ts';
import { RolloutEvidence } from '../../../src/control/rollout-evidence.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../src/telemetry/counter-set.ts';
import { BASELINE, CANARY, ERRORS } from '../../../src/telemetry/evidence-layout.ts';
import { EvidenceNews } from '../../../src/telemetry/evidence-news.ts';
import { SignalsReader } from '../../../src/telemetry/evidence-signals.ts';
import { NO_USER } from '../../../src/telemetry/evidence-users.ts';
import type { EvidenceWriter } from '../../../src/telemetry/evidence-writer.ts';
import { readAmount } from '../../../src/telemetry/evidence-values.ts';
import { EvidenceWriters } from '../../../src/threads/evidence-writers.ts';
import { adoptPlan } from '../../scaffold/adopt-plan.ts';
import { makePool, makePoolTable } from '../routing/make-table.ts';
import { from, open, yaml } from './fakes.ts';

const PAIR: CountedPair = {
  ...{ pool: 'shop', baseline: 'v1', canary: 'v2', segment: 0, latencyRatio: 1.3, ceilingMs: 5000 },
  events: [
    { kind: 'told', event: 'bought' },
    { kind: 'response-header', name: 'X-Purchase' },
    { kind: 'route', route: 'thanks' },
  ],
  values: [
    { source: { kind: 'told', event: 'revenue' }, cap: 50 },
    { source: { kind: 'response-header', name: 'X-Revenue' }, cap: 30 },
  ],
};

let counters: CounterRegistry;
let evidence: RolloutEvidence;
let news: number;

beforeEach(() => {
  counters = new CounterRegistry(2);
  evidence = new RolloutEvidence({ counters, chance: () => 0.5 });
  news = 0;
});

const planFor = (split: Readonly<Record<string, number>>): readonly CountedRollout[] => evidence.plan([makePool(split)]);

function writerOf(
  plan: readonly CountedRollout[],
  split: Readonly<Record<string, number>> = { v1: 95, v2: 5 },
  worker = 0,
): EvidenceWriter {
  return new EvidenceWriters(worker, new EvidenceNews(() => void news++)).writer(makePoolTable(split), structuredClone(plan))!;
}

function failOnce(writer: EvidenceWriter, arm: typeof BASELINE | typeof CANARY = CANARY): void {
  const row = writer.rowOf(arm);
  writer.assigned(row, arm, NO_USER);
  writer.bad(row, arm, NO_USER, ERRORS);
  writer.finished(row, NO_USER);
}

describe('a segment', () => {
  it('has the share of the weights that the workers get with it', () => {
    const counts = evidence.open(PAIR);
    expect(planFor({ v1: 95, v2: 5 })).toMatchObject([{ pool: 'shop', baseline: 'v1', canary: 'v2', segment: 0, share: 0.05, ratio: 1.3 }]);
    counts.segment(1);
    expect(planFor({ v1: 60, v2: 20, v3: 20 })).toMatchObject([{ segment: 1, share: 0.25 }]);
    expect(counts.read().map(({ segment, share }) => [segment, share])).toEqual([
      [0, 0.05],
      [1, 0.25],
    ]);
  });

  it('goes on while weights and number stay, and where they come back; other weights are an entry of their own', () => {
    const counts = evidence.open(PAIR);
    const shown = () => counts.read().map(({ segment, share, canary }) => [segment, share, canary.errors]);
    failOnce(writerOf(planFor({ v1: 95, v2: 5 })));
    failOnce(writerOf(planFor({ v1: 95, v2: 5 }), undefined, 1));
    expect(shown()).toEqual([[0, 0.05, 2]]);
    failOnce(writerOf(planFor({ v1: 90, v2: 10 })));
    expect(shown()).toEqual([
      [0, 0.05, 2],
      [0, 0.1, 1],
    ]);
    failOnce(writerOf(planFor({ v1: 95, v2: 5 })));
    expect(shown()).toEqual([
      [0, 0.05, 3],
      [0, 0.1, 1],
    ]);
  });

  it.each([
    ['the canary has no share', { v1: 100, v2: 0 }],
    ['the baseline has none', { v1: 0, v2: 100 }],
    ['one of the two is gone', { v1: 100, v3: 5 }],
  ])('is none where %s', (_, split) => {
    evidence.open(PAIR);
    expect(planFor(split)).toEqual([]);
  });

  it('after 64 others lies in a buffer of its own, and nothing is lost', () => {
    const counts = evidence.open(PAIR);
    for (let segment = 0; segment < 70; segment++) {
      counts.segment(segment);
      failOnce(writerOf(planFor({ v1: 95, v2: 5 })));
    }
    expect(counts.read().map(({ canary }) => canary.errors)).toEqual(Array.from({ length: 70 }, () => 1));
    expect(counts.read()[69]!.segment).toBe(69);
  });
});

describe('workers', () => {
  it('are told of what has changed, until they are', () => {
    const tell = (): void => evidence.told(evidence.version);
    expect(evidence.changed).toBe(false);
    const counts = evidence.open(PAIR);
    expect(evidence.changed).toBe(true);
    tell();
    expect(evidence.changed).toBe(false);
    counts.segment(1);
    const { version } = evidence;
    counts.close();
    evidence.told(version);
    expect([evidence.changed, planFor({ v1: 95, v2: 5 })]).toEqual([true, []]);
  });

  it('count for the latest rollout of a pool; the one before can still be read', () => {
    const before = evidence.open(PAIR);
    failOnce(writerOf(planFor({ v1: 95, v2: 5 })));
    const after = evidence.open(PAIR);
    failOnce(writerOf(planFor({ v1: 95, v2: 5 })));
    before.close();
    expect(planFor({ v1: 95, v2: 5 })).toHaveLength(1);
    expect([before.read()[0]!.canary.errors, after.read()[0]!.canary.errors]).toEqual([1, 1]);
  });

  it('find events by field and by route, each at its position', () => {
    evidence.open(PAIR);
    const { fields, routes } = writerOf(planFor({ v1: 95, v2: 5 }));
    expect([fields, routes]).toEqual([[{ name: 'x-purchase', position: 1 }], [{ name: 'thanks', position: 2 }]]);
  });

  it('hear of a halt without a message', () => {
    const counts = evidence.open(PAIR);
    const writer = writerOf(planFor({ v1: 95, v2: 5 }));
    expect([counts.halted, writer.signals.halted]).toEqual([false, false]);
    counts.halt();
    expect([counts.halted, writer.signals.halted]).toEqual([true, true]);
  });
});

describe('news', () => {
  it('comes once until the counts are read', () => {
    const counts = evidence.open(PAIR);
    const writer = writerOf(planFor({ v1: 95, v2: 5 }));
    failOnce(writer);
    failOnce(writer);
    expect([news, writer.signals.hasNews]).toEqual([1, true]);
    expect(counts.read()[0]!.canary.errors).toBe(2);
    expect(writer.signals.hasNews).toBe(false);
  });

  it('reaches who asked for it', () => {
    const heard: string[] = [];
    evidence.tell('shop');
    evidence.onNews = (pool) => void heard.push(pool);
    evidence.tell('shop');
    expect(heard).toEqual(['shop']);
  });
});

/** Buckets are so wide. */
const near =
  (wanted: number) =>
  (found: number): boolean =>
    Math.abs(found / wanted - 1) < 0.07;

describe('what is slow', () => {
  const config = decodeText('f.yaml', yaml()).config!;

  /** Responses of each version, by the time until their head. */
  function respond(times: Readonly<Record<string, readonly number[]>>): void {
    const set = new CounterSet(1);
    adoptPlan(set, counters.complete());
    for (const [version, each] of Object.entries(times)) for (const ms of each) set.version('shop', version).ended(ms, ms);
  }

  beforeEach(() => {
    const plan = counters.reserve(counterKeys(config));
    counters.commit(plan, 'some');
  });

  it('follows from what both versions did since the call before', () => {
    respond({ v1: Array.from({ length: 500 }, () => 1000) });
    const counts = evidence.open(PAIR);
    const signals = new SignalsReader(planFor({ v1: 95, v2: 5 })[0]!.signals, 1.3);
    expect(signals.baselineBounds.p50).toSatisfy(near(1000));
    respond({ v1: Array.from({ length: 90 }, () => 10), v2: [...Array.from({ length: 9 }, () => 40), 200, 200] });
    const bounds = counts.publishBounds()!;
    expect(bounds.p50).toSatisfy(near(10));
    expect(bounds.p90).toSatisfy(near(40));
    expect(bounds.p99).toSatisfy(near(200));
    expect(signals.baselineBounds.p50).toBe(bounds.p50);
    expect(signals.canaryBounds.p99).toBeCloseTo(bounds.p99 * 1.3);
  });

  it('waits for enough responses, and stays as it was meanwhile', () => {
    const counts = evidence.open(PAIR);
    const signals = new SignalsReader(planFor({ v1: 95, v2: 5 })[0]!.signals, 1.3);
    expect(signals.baselineBounds).toMatchObject({ p50: Infinity, hangMs: 5000 });
    respond({ v1: Array.from({ length: 60 }, () => 10) });
    expect(counts.publishBounds()).toBeUndefined();
    respond({ v2: Array.from({ length: 60 }, () => 10) });
    expect(counts.publishBounds()!.p50).toSatisfy(near(10));
    expect(counts.publishBounds()).toBeUndefined();
  });
});

describe('what bodies usually are', () => {
  it('is learnt from the baseline of all workers, where a check asks', () => {
    const counts = evidence.open({ ...PAIR, events: [{ kind: 'redirects' }, { kind: 'small-bodies' }] });
    const plan = planFor({ v1: 95, v2: 5 });
    const writers = [0, 1].map((worker) => writerOf(plan, undefined, worker));
    expect(writers[0]!.smallBodies).toEqual([1]);
    for (let each = 0; each < 40; each++) writers[each % 2]!.sizes!.add(3, 4096);
    counts.learnSizes(500);
    expect(writers.map((writer) => [writer.sizes!.boundOf(3), writer.sizes!.boundOf(4)])).toEqual([
      [1024, 0],
      [1024, 0],
    ]);
  });

  it('is not counted where none does', () => {
    const counts = evidence.open(PAIR);
    const plan = planFor({ v1: 95, v2: 5 });
    expect([plan[0]!.sizes, writerOf(plan).sizes, writerOf(plan).smallBodies]).toEqual([undefined, undefined, []]);
    counts.learnSizes(500);
  });
});

describe('an event that is told', () => {
  it('counts for the arm of the user, once, where a check has it', () => {
    const counts = evidence.open(PAIR);
    const writer = writerOf(planFor({ v1: 95, v2: 5 }));
    expect(counts.tell('bought', 'ada', undefined)).toBe(false);
    writer.assigned(writer.rowOf(CANARY), CANARY, writer.users.find('ada', false));
    expect([
      counts.tell('bought', 'ada', undefined),
      counts.tell('bought', 'ada', undefined),
      counts.tell('sold', 'ada', undefined),
    ]).toEqual([true, true, false]);
    const { baseline, canary } = counts.read()[0]!;
    expect([baseline.events[0], canary.events[0]]).toEqual([0, 1]);
  });
});

it('says how many met the canary', () => {
  const counts = evidence.open(PAIR);
  const writer = writerOf(planFor({ v1: 95, v2: 5 }));
  const ada = writer.users.find('ada', false);
  for (let request = 0; request < 3; request++) {
    writer.assigned(writer.rowOf(CANARY), CANARY, ada);
    writer.finished(writer.rowOf(CANARY), ada);
  }
  failOnce(writer, BASELINE);
  failOnce(writer);
  expect(counts.exposed()).toEqual({ requests: 4, users: 2 });
});

it('has room for as many events as a template may have', () => {
  const events = Array.from({ length: 9 }, () => ({ kind: 'told', event: 'bought' }) as const);
  expect(() => evidence.open({ ...PAIR, events })).toThrow('8 events at most, got 9');
});

describe('the workers of an instance', () => {
  async function start() {
    const { controller, dataPlane, deps } = await open();
    const apply = (text: string) => controller.apply(from(decodeText('/etc/sluice.yaml', text)), 'file');
    return { dataPlane, deps, apply, follow: () => controller.submitAny({ kind: 'discovered' }) };
  }

  it('get it with a config, and by itself where something has changed', async () => {
    const { apply, follow, dataPlane, deps } = await start();
    await apply(yaml({ weight: 10 }));
    expect(dataPlane.updates.at(-1)!.rollouts).toEqual([]);
    deps.evidence.open(PAIR);
    await follow();
    await follow();
    expect(dataPlane.rollouts.map((each) => each.map(({ share }) => share))).toEqual([[0.1]]);
    await apply(yaml({ weight: 20 }));
    await follow();
    expect(dataPlane.updates.at(-1)!.rollouts.map(({ share, segment }) => [share, segment])).toEqual([[0.2, 1]]);
    expect(dataPlane.rollouts).toHaveLength(1);
  });

  it('that refuse a config count as before', async () => {
    const { apply, follow, dataPlane, deps } = await start();
    await apply(yaml({ weight: 10 }));
    const counts = deps.evidence.open(PAIR);
    dataPlane.ends.push(() => Promise.reject(new Error('no')));
    await apply(yaml({ weight: 20 }));
    // They have not been told of what was opened before.
    await follow();
    expect(dataPlane.rollouts.at(-1)!.map(({ share }) => share)).toEqual([0.1]);
    await apply(yaml({ weight: 10, route: 'other' }));
    expect(dataPlane.updates.at(-1)!.rollouts.map(({ share }) => share)).toEqual([0.1]);
    expect(counts.read().map(({ share }) => share)).toEqual([0.2, 0.1]);
  });
});

describe('values of users', () => {
  const counted = () => {
    const counts = evidence.open(PAIR);
    const writer = writerOf(planFor({ v1: 95, v2: 5 }));
    const user = (name: string, arm: typeof BASELINE | typeof CANARY = CANARY): number => {
      const slot = writer.users.find(name, false);
      writer.assigned(writer.rowOf(arm), arm, slot);
      return slot;
    };
    const values = (at = 0) => {
      const { baseline, canary } = counts.read()[at]!;
      return { baseline: baseline.values, canary: canary.values };
    };
    return { counts, writer, user, values };
  };

  it('are added up by user, to the cap, whether told or seen in responses', () => {
    const { counts, writer, user, values } = counted();
    const [ada, bob] = [user('ada'), user('bob', BASELINE)];
    expect([20, 20, 20].map((value) => counts.tell('revenue', 'ada', value))).toEqual([true, true, true]);
    writer.value(1, BASELINE, bob, 4);
    writer.value(1, BASELINE, bob, 3.5);
    writer.value(1, CANARY, ada, 1000);
    writer.value(1, CANARY, NO_USER, 2);
    writer.value(1, CANARY, NO_USER, 2);
    expect(values()).toEqual({
      baseline: [
        [0, 0],
        [7.5, 56.25],
      ],
      canary: [
        [50, 2500],
        [34, 908],
      ],
    });
    expect(values()).toEqual(values());
  });

  it('count where the user was first drawn, whatever serves it later', () => {
    const { counts, user, values } = counted();
    const ada = user('ada', BASELINE);
    counts.segment(1);
    const later = writerOf(planFor({ v1: 50, v2: 50 }), { v1: 50, v2: 50 });
    later.assigned(later.rowOf(CANARY), CANARY, ada);
    later.value(1, CANARY, ada, 5);
    expect(values().baseline[1]).toEqual([5, 25]);
    expect(values(1).canary[1]).toEqual([0, 0]);
  });

  it('of nobody who was drawn, of another name and without a number count nowhere; what is no amount is told', () => {
    const { counts, writer, user } = counted();
    user('ada');
    expect(counts.tell('revenue', 'eve', 5)).toBe(false);
    expect(counts.tell('profit', 'ada', 5)).toBe(false);
    expect(counts.tell('revenue', 'ada', undefined)).toBe(false);
    for (const text of ['', '-1', '1e3', 'NaN', '0x10', '1,5', '1'.repeat(16), ' 1']) writer.value(1, CANARY, NO_USER, readAmount(text));
    expect(counts.read()[0]!.canary.values[1]).toEqual([0, 0]);
    expect(counts.lostValues).toEqual({ unreadable: 8, lost: 0 });
    expect([readAmount('19.90'), readAmount('0'), readAmount('999999999999999')]).toEqual([19.9, 0, 999_999_999_999_999]);
  });

  it('wait for the next look in bounded memory; what finds no room is told', () => {
    const { counts, writer, values } = counted();
    for (let i = 0; i < 5000; i++) writer.value(1, CANARY, NO_USER, 1);
    expect(values().canary[1]).toEqual([4096, 4096]);
    expect(counts.lostValues).toEqual({ unreadable: 0, lost: 904 });
    for (let i = 0; i < 10; i++) writer.value(1, CANARY, NO_USER, 1);
    expect(values().canary[1]).toEqual([4106, 4106]);
  });
});

describe('the guards', () => {
  it('count a user once in each window, with what came of its first request there', () => {
    const counts = evidence.open(PAIR);
    const [one, other] = [0, 1].map((worker) => writerOf(planFor({ v1: 95, v2: 5 }), undefined, worker)) as [
      EvidenceWriter,
      EvidenceWriter,
    ];
    const row = one.rowOf(CANARY);
    const [ada, bob] = ['ada', 'bob'].map((name) => one.users.find(name, false)) as [number, number];
    for (let i = 0; i < 300; i++) one.guarded(row, ada, i > 0);
    other.guarded(other.rowOf(CANARY), ada, true);
    one.guarded(row, bob, true);
    for (let i = 0; i < 3; i++) one.guarded(row, NO_USER, i === 0);
    expect(counts.guarded().canary).toEqual({ units: 5, failed: 2 });
    counts.nextWindow();
    one.guarded(row, ada, true);
    expect(counts.guarded()).toEqual({ baseline: { units: 0, failed: 0 }, canary: { units: 6, failed: 3 } });
  });
});

describe('the user with most bad events', () => {
  it('is found among many, over all workers, by kind', () => {
    const counts = evidence.open(PAIR);
    const writers = [0, 1].map((worker) => writerOf(planFor({ v1: 95, v2: 5 }), undefined, worker));
    expect(counts.topShares()).toEqual({ errors: undefined, latency: undefined, 'gave-up': undefined, 'client-errors': undefined });
    const fail = (at: number, name: string): void => {
      const writer = writers[at % 2]!;
      writer.bad(writer.rowOf(CANARY), CANARY, name === '' ? NO_USER : writer.users.find(name, false), ERRORS);
    };
    for (let at = 0; at < 1000; at++) fail(at, at % 5 < 3 ? 'bot' : `user ${at}`);
    // 600 of 1,000: the table says so less a 17th of all at most.
    expect(counts.topShares().errors).toBeGreaterThan(0.6 - 1 / 17);
    expect(counts.topShares().errors).toBeLessThanOrEqual(0.6);
    for (let at = 0; at < 1000; at++) fail(at, '');
    expect(counts.topShares().errors).toBeLessThanOrEqual(0.3);
  });
});
