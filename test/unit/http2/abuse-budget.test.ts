// Floods are ended in time, and those who work are not taken for one.

import { describe, expect, it } from 'vitest';
import * as abuse from '../../../src/http2/abuse-budget.ts';

const { AbuseBudget, BAD_STREAM, EMPTY_DATA, PING_FRAME, SETTINGS_FRAME, WASTED_FRAME, WINDOW_UPDATE_FRAME } = abuse;
const KINDS = [BAD_STREAM, SETTINGS_FRAME, PING_FRAME, WINDOW_UPDATE_FRAME, EMPTY_DATA, WASTED_FRAME] as const;

/** How many a peer may send that sends so many in a second; -1: all of those of a minute. */
function endsAfter(kind: abuse.Abuse, perSecond: number, work = (_budget: abuse.AbuseBudget, _index: number): void => undefined): number {
  const budget = new AbuseBudget(5000);
  for (let index = 0; index < 60 * perSecond; index++) {
    if (!budget.spend(kind, 5000 + (index * 1000) / perSecond)) return index;
    work(budget, index);
  }
  return -1;
}

describe('a flood', () => {
  it.each(KINDS)('of kind %i ends within a second', (kind) => {
    const after = endsAfter(kind, 100_000);
    expect(after).toBeGreaterThan(0);
    expect(after).toBeLessThan(100_000);
    expect(abuse.ABUSE_REASONS[kind]).toMatch(/^too many /);
  });

  it('of streams that are reset ends within 200 of them and what a second forgives', () => {
    expect(endsAfter(BAD_STREAM, 1_000_000)).toBe(200);
    expect(endsAfter(BAD_STREAM, 1000)).toBeLessThan(220);
  });

  it('of everything together ends as well', () => {
    const budget = new AbuseBudget(0);
    let frames = 0;
    while (budget.spend(KINDS[1 + (frames % 5)]!, 0)) frames++;
    expect(frames).toBeLessThan(200);
  });

  it('is not paid for by going slowly now and then: time before the first one counts for nothing', () => {
    const budget = new AbuseBudget(0);
    for (let index = 0; index < 200; index++) expect(budget.spend(BAD_STREAM, 1_000_000)).toBe(true);
    expect(budget.spend(BAD_STREAM, 1_000_000)).toBe(false);
  });

  it('is judged the same when the clock stands or goes back', () => {
    const budget = new AbuseBudget(1000);
    for (let index = 0; index < 200; index++) expect(budget.spend(BAD_STREAM, 1000 - index)).toBe(true);
    expect(budget.spend(BAD_STREAM, 500)).toBe(false);
  });
});

describe('an honest peer', () => {
  it('may leave a page with a hundred requests, and the next one too', () => {
    const budget = new AbuseBudget(0);
    for (let index = 0; index < 200; index++) expect(budget.spend(BAD_STREAM, 0)).toBe(true);
  });

  it('may give up some of its requests for ever, as long as others end well', () => {
    expect(endsAfter(BAD_STREAM, 1000, (budget) => budget.finished())).toBe(-1);
    expect(endsAfter(BAD_STREAM, 19)).toBe(-1);
  });

  it('may send ten window updates, or two pings, for each frame of content', () => {
    expect(endsAfter(WINDOW_UPDATE_FRAME, 10_000, (budget, index) => index % 10 === 0 && budget.worked())).toBe(-1);
    expect(endsAfter(PING_FRAME, 1000, (budget, index) => index % 2 === 0 && budget.worked())).toBe(-1);
    expect(endsAfter(PING_FRAME, 10)).toBe(-1);
  });

  it('cannot save up for later', () => {
    const budget = new AbuseBudget(0);
    for (let index = 0; index < 1000; index++) {
      budget.worked();
      budget.finished();
    }
    for (let index = 0; index < 200; index++) expect(budget.spend(BAD_STREAM, 0)).toBe(true);
    expect(budget.spend(BAD_STREAM, 0)).toBe(false);
  });
});
