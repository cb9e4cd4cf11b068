import { expect, test } from 'vitest';
import { nextTurn, nowMs } from '../../../src/lib/clock.ts';
import { MAX_TURN_REQUESTS, Turns } from '../../../src/proxy/turns.ts';

const turn = (): Promise<void> => new Promise((resolve) => nextTurn(resolve));

/** Serves as many as it may, then waits for its next turn until all of its requests are served. */
class Greedy {
  readonly served: number[] = [];
  readonly #turns: Turns;
  left: number;

  constructor(turns: Turns, left: number) {
    this.#turns = turns;
    this.left = left;
  }

  onTurn(): void {
    let served = 1;
    for (this.left--; this.left > 0 && this.#turns.mayServe(); this.left--) served++;
    this.served.push(served);
    if (this.left > 0) this.#turns.wait(this);
  }
}

test('so many requests are served in one turn of the event loop, and as many in the next', async () => {
  const turns = new Turns();
  for (const _ of [1, 2]) {
    let served = 0;
    while (turns.mayServe()) served++;
    // Fewer on a machine that stops for a moment in between.
    expect(served).toBeLessThanOrEqual(MAX_TURN_REQUESTS);
    expect(served).toBeGreaterThan(0);
    await turn();
  }
});

test('a turn ends after its time, however few were served', async () => {
  const turns = new Turns();
  expect(turns.mayServe()).toBe(true);
  for (const since = nowMs(); nowMs() - since < 1.5;);
  expect(turns.mayServe()).toBe(false);
  await turn();
  expect(turns.mayServe()).toBe(true);
});

test('those who wait have their turns one after the other', async () => {
  const turns = new Turns();
  const greedy = [1, 2, 3].map(() => new Greedy(turns, 100));
  for (const each of greedy) turns.wait(each);
  for (let round = 0; round < 500 && greedy.some(({ left }) => left > 0); round++) {
    const turnsOf = greedy.filter(({ left }) => left > 0).map(({ served }) => served.length);
    // Nobody is more than one turn ahead of another who has waited as long.
    expect(Math.max(...turnsOf) - Math.min(...turnsOf)).toBeLessThanOrEqual(1);
    await turn();
  }
  for (const { left, served } of greedy) {
    expect(left).toBe(0);
    expect(Math.max(...served)).toBeLessThanOrEqual(MAX_TURN_REQUESTS);
  }
});
