// Work that is done step by step: all at once, or in turns.

import { expect, test } from 'vitest';
import { after, threadCpuMs } from '../../../src/lib/clock.ts';
import { Pace, finishInTurns } from '../../../src/lib/pace.ts';
import { finish } from '../../../src/lib/steps.ts';
import type { Steps } from '../../../src/lib/steps.ts';

function* count(steps: number, msEach = 0): Steps<number> {
  for (let step = 0; step < steps; step++) {
    const end = threadCpuMs() + msEach;
    while (threadCpuMs() < end);
    yield;
  }
  return steps;
}

test('all steps are done at once', () => {
  expect(finish(count(1000))).toBe(1000);
  expect(finish(count(0))).toBe(0);
});

test('others have their turns between steps that take long, and what is short is done at once', async () => {
  let turns = 0;
  let isDone = false;
  const tick = (): void => void (isDone || (turns++, after(1, tick)));
  tick();
  expect(await finishInTurns(count(60, 1), new Pace(undefined, 5))).toBe(60);
  isDone = true;
  expect(turns).toBeGreaterThan(4);
  const order: string[] = [];
  const short = finishInTurns(count(3), new Pace(undefined, 1000)).then(() => order.push('steps'));
  const others = new Promise<void>((resolve) => void after(0, resolve)).then(() => order.push('others'));
  await Promise.all([short, others]);
  expect(order).toEqual(['steps', 'others']);
});

test('what a step throws is thrown', async () => {
  const failing = function* (): Steps<void> {
    yield;
    throw new Error('no such pool');
  };
  expect(() => finish(failing())).toThrow('no such pool');
  await expect(finishInTurns(failing(), new Pace())).rejects.toThrow('no such pool');
});
