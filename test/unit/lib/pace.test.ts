import { describe, expect, it } from 'vitest';
import { after, threadCpuMs } from '../../../src/lib/clock.ts';
import { joinInTurns } from '../../../src/lib/pace.ts';

function* busy(pieces: number, msEach: number): Generator<string> {
  for (let piece = 0; piece < pieces; piece++) {
    const end = threadCpuMs() + msEach;
    while (threadCpuMs() < end);
    yield `${piece} `;
  }
}

describe('joinInTurns', () => {
  it('makes one text, lets others work in between, and says what it used', async () => {
    let turns = 0;
    let isDone = false;
    const tick = (): void => void (isDone || (turns++, after(1, tick)));
    tick();
    let used = 0;
    const before = threadCpuMs();
    const [text, other] = await Promise.all([joinInTurns(busy(100, 1), (ms) => (used += ms)), joinInTurns(busy(100, 1))]);
    isDone = true;
    expect(text.toString()).toBe(Array.from({ length: 100 }, (_, piece) => `${piece} `).join(''));
    expect(other.equals(text)).toBe(true);
    expect(turns).toBeGreaterThan(5);
    // Some systems tell CPU in steps of a few milliseconds: the other text has used as much, and is not counted here.
    expect(used).toBeGreaterThan(95);
    expect(used).toBeLessThan(0.75 * (threadCpuMs() - before));
  });

  it('makes a short one at once', async () => {
    expect((await joinInTurns(['a', 'ü'])).toString()).toBe('aü');
    expect((await joinInTurns([])).length).toBe(0);
  });
});
