import { describe, expect, it } from 'vitest';
import { EvidenceNews, MAX_IN_A_ROW, NEWS_GAP_MS, STEADY_GAP_MS } from '../../../src/telemetry/evidence-news.ts';
import { createSignals, SignalsReader, SignalsWriter } from '../../../src/telemetry/evidence-signals.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';

function start() {
  const clock = new ManualClock();
  const memory = createSignals();
  let posted = 0;
  const news = new EvidenceNews(() => void posted++, clock);
  return { clock, news, signals: new SignalsReader(memory, 1), control: new SignalsWriter(memory, 1000), posted: () => posted };
}

describe('news', () => {
  it('is told at once, and not again while it waits to be read', () => {
    const { news, signals, posted } = start();
    for (let event = 0; event < 1000; event++) news.raise(signals);
    expect(posted()).toBe(1);
  });

  it('that comes right after it was read is told a moment later, once', () => {
    const { clock, news, signals, control, posted } = start();
    news.raise(signals);
    for (let event = 0; event < 10; event++) {
      control.clearNews();
      news.raise(signals);
    }
    expect(posted()).toBe(1);
    clock.advance(NEWS_GAP_MS);
    expect([posted(), signals.hasNews]).toEqual([2, true]);
    clock.advance(1000);
    expect(posted()).toBe(2);
  });

  it('of another worker that waits already is enough', () => {
    const { clock, news, signals, posted } = start();
    signals.raiseNews();
    news.raise(signals);
    clock.advance(1000);
    expect(posted()).toBe(0);
  });

  it('of one rollout does not hold back that of another for longer than the moment', () => {
    const { clock, news, signals, posted } = start();
    const other = new SignalsReader(createSignals(), 1);
    news.raise(signals);
    news.raise(other);
    clock.advance(NEWS_GAP_MS);
    expect([posted(), other.hasNews]).toEqual([2, true]);
  });

  it('comes a few times in a row and then now and then, however fast it is read; after a quiet time at once again', () => {
    const { clock, news, signals, control, posted } = start();
    const during = (ms: number): number => {
      const before = posted();
      for (let passed = 0; passed < ms; passed += 0.25) {
        news.raise(signals);
        control.clearNews();
        clock.advance(0.25);
      }
      return posted() - before;
    };
    expect(during(MAX_IN_A_ROW * NEWS_GAP_MS)).toBeGreaterThanOrEqual(MAX_IN_A_ROW - 1);
    const steady = during(1000);
    expect(steady).toBeLessThanOrEqual(1000 / STEADY_GAP_MS + 1);
    expect(steady).toBeGreaterThanOrEqual(1000 / STEADY_GAP_MS - 1);
    clock.advance(MAX_IN_A_ROW * STEADY_GAP_MS);
    expect(during(MAX_IN_A_ROW * NEWS_GAP_MS)).toBeGreaterThanOrEqual(MAX_IN_A_ROW - 1);
  });
});
