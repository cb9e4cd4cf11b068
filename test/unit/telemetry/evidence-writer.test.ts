import { beforeEach, describe, expect, it } from 'vitest';
import {
  BASELINE,
  CANARY,
  CLIENT_ERRORS,
  createCounts,
  ERRORS,
  EVENTS,
  GAVE_UP,
  partsFor,
  SEGMENTS,
  SLOW_P50,
  SLOW_P90,
  SLOW_P99,
} from '../../../src/telemetry/evidence-layout.ts';
import { createSignals, SignalsReader } from '../../../src/telemetry/evidence-signals.ts';
import { sumArm } from '../../../src/telemetry/evidence-sums.ts';
import { createUsers, EvidenceUsers, NO_USER } from '../../../src/telemetry/evidence-users.ts';
import { EvidenceWriter } from '../../../src/telemetry/evidence-writer.ts';

const WORKERS = 2;
let counts: SharedArrayBuffer;
let users: EvidenceUsers;
let news: number;

beforeEach(() => {
  counts = createCounts(WORKERS);
  users = new EvidenceUsers(createUsers(7));
  news = 0;
});

function writer(worker: number, segment: number): EvidenceWriter {
  const signals = new SignalsReader(createSignals(), 1);
  const deps = { baseline: 0, canary: 1, cells: new Float64Array(counts), worker, segment, users, signals, fields: [], routes: [] };
  return new EvidenceWriter({
    ...deps,
    news: { raise: () => void news++ },
    top: { add: () => undefined },
    valueFields: [],
    values: undefined,
    redirects: [],
    emptyBodies: [],
    smallBodies: [],
    sizes: undefined,
  });
}

const sums = (segment: number, arm: typeof BASELINE | typeof CANARY) => sumArm(new Float64Array(counts), partsFor(WORKERS), segment, arm);

describe('what is counted', () => {
  it('is the sum over the workers, of each arm and segment by itself', () => {
    const [one, other] = [writer(0, 3), writer(1, 3)];
    for (const each of [one, other, other]) {
      const row = each.rowOf(CANARY);
      each.assigned(row, CANARY, NO_USER);
      each.finished(row, NO_USER);
      each.bad(row, CANARY, NO_USER, ERRORS);
    }
    one.assigned(one.rowOf(BASELINE), BASELINE, NO_USER);
    one.bad(one.rowOf(BASELINE), BASELINE, NO_USER, GAVE_UP);
    one.good(one.rowOf(BASELINE), NO_USER, EVENTS + 7);
    expect(sums(3, CANARY)).toMatchObject({ assigned: 3, finished: 3, errors: 3, requests: 3, slow: [0, 0, 0], gaveUp: 0 });
    expect(sums(3, BASELINE)).toMatchObject({ assigned: 1, finished: 0, errors: 0, gaveUp: 1, events: [0, 0, 0, 0, 0, 0, 0, 1] });
    expect(sums(2, CANARY)).toMatchObject({ assigned: 0 });
    expect(sums(4, BASELINE)).toMatchObject({ assigned: 0 });
  });

  it('goes on where the worker is replaced', () => {
    writer(1, 0).assigned(writer(1, 0).rowOf(CANARY), CANARY, NO_USER);
    const successor = writer(1, 0);
    successor.assigned(successor.rowOf(CANARY), CANARY, NO_USER);
    expect(sums(0, CANARY).assigned).toBe(2);
  });

  it('has a cell for each check', () => {
    const one = writer(0, 0);
    for (const cell of [SLOW_P50, SLOW_P90, SLOW_P90, SLOW_P99, CLIENT_ERRORS, CLIENT_ERRORS])
      one.bad(one.rowOf(BASELINE), BASELINE, NO_USER, cell);
    expect(sums(0, BASELINE)).toMatchObject({ slow: [1, 2, 1], clientErrors: 2 });
  });
});

describe('a user', () => {
  it('counts once in the rollout for each check, on the arm where it was first; its requests all count', () => {
    const [first, later] = [writer(0, 0), writer(1, 1)];
    const ada = users.find('ada', false);
    for (let request = 0; request < 5; request++) {
      first.assigned(first.rowOf(BASELINE), BASELINE, ada);
      first.bad(first.rowOf(BASELINE), BASELINE, ada, ERRORS);
      first.finished(first.rowOf(BASELINE), ada);
    }
    later.assigned(later.rowOf(CANARY), CANARY, ada);
    later.bad(later.rowOf(CANARY), CANARY, ada, ERRORS);
    later.bad(later.rowOf(CANARY), CANARY, ada, GAVE_UP);
    later.finished(later.rowOf(CANARY), ada);
    expect(sums(0, BASELINE)).toMatchObject({ assigned: 1, finished: 1, errors: 1, requests: 5 });
    // It has failed before: it is not among those who may.
    expect(sums(1, CANARY)).toMatchObject({ assigned: 0, finished: 0, errors: 0, gaveUp: 1, requests: 1, met: 1 });
  });

  it('finishes once in each segment, so that each has a denominator of its own', () => {
    const ada = users.find('ada', false);
    for (const segment of [0, 0, 1, 1]) {
      const each = writer(0, segment);
      each.assigned(each.rowOf(CANARY), CANARY, ada);
      each.finished(each.rowOf(CANARY), ada);
    }
    const last = writer(1, 2);
    last.bad(last.rowOf(CANARY), CANARY, ada, ERRORS);
    last.finished(last.rowOf(CANARY), ada);
    expect([0, 1, 2].map((segment) => [sums(segment, CANARY).finished, sums(segment, CANARY).errors, sums(segment, CANARY).met])).toEqual([
      [1, 0, 1],
      [1, 0, 0],
      [1, 1, 0],
    ]);
  });

  it('that keeps its version counts with the share by which it was drawn', () => {
    const [first, later] = [writer(0, 2), writer(0, 5)];
    const [ada, grace] = [users.find('ada', false), users.find('grace', false)];
    first.assigned(first.rowOf(CANARY), CANARY, ada);
    expect(later.rowOfKept(CANARY, ada)).toBe(first.rowOf(CANARY));
    expect(later.rowOfKept(BASELINE, ada)).toBe(-1);
    expect(later.rowOfKept(CANARY, grace)).toBe(-1);
  });

  it('that was drawn in a buffer that is full by now counts no more', () => {
    const [first, later] = [writer(0, SEGMENTS - 1), writer(0, SEGMENTS)];
    const ada = users.find('ada', false);
    first.assigned(first.rowOf(CANARY), CANARY, ada);
    expect(later.rowOfKept(CANARY, ada)).toBe(-1);
    later.assigned(later.rowOf(CANARY), CANARY, users.find('grace', false));
    expect(later.rowOfKept(CANARY, users.find('grace', false))).toBe(later.rowOf(CANARY));
  });
});

describe('news', () => {
  it('is what is bad of the canary, unless ordinary times are so now and then', () => {
    const one = writer(0, 0);
    for (const cell of [ERRORS, SLOW_P50, SLOW_P90, SLOW_P99, GAVE_UP, CLIENT_ERRORS])
      one.bad(one.rowOf(BASELINE), BASELINE, NO_USER, cell);
    one.good(one.rowOf(CANARY), NO_USER, EVENTS);
    expect(news).toBe(0);
    for (const cell of [ERRORS, SLOW_P50, SLOW_P90, SLOW_P99, GAVE_UP, CLIENT_ERRORS]) one.bad(one.rowOf(CANARY), CANARY, NO_USER, cell);
    expect(news).toBe(4);
  });

  it('is no event that counts for a user already', () => {
    const one = writer(0, 0);
    const ada = users.find('ada', false);
    for (let request = 0; request < 5; request++) one.bad(one.rowOf(CANARY), CANARY, ada, ERRORS);
    expect(news).toBe(1);
  });
});
