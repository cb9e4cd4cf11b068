import { describe, expect, it } from 'vitest';
import { after, every, nowMs, wallMs } from '../../../src/lib/clock.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';

describe('clock', () => {
  it('calls once after the delay, and never after stop', async () => {
    const stopped = after(1, () => expect.unreachable());
    stopped.stop();
    stopped.stop();
    const started = nowMs();
    await new Promise<void>((resolve) => after(10, resolve));
    expect(nowMs() - started).toBeGreaterThanOrEqual(9);
  });

  it('repeats until stopped', async () => {
    let count = 0;
    await new Promise<void>((resolve) => {
      const timer = every(1, () => {
        count += 1;
        if (count < 3) return;
        timer.stop();
        resolve();
      });
    });
    expect(count).toBe(3);
  });

  it('does not fire at once when the delay is longer than a timer can hold', async () => {
    const timer = after(2 ** 40, () => expect.unreachable());
    await new Promise<void>((resolve) => after(20, resolve));
    timer.stop();
  });

  it('shows the time since the epoch', () => {
    expect(new Date(wallMs()).getUTCFullYear()).toBeGreaterThan(2024);
  });
});

describe('ManualClock', () => {
  it('fires what falls due in order of time, then of setting', () => {
    const clock = new ManualClock(1000);
    const fired: string[] = [];
    clock.after(20, () => fired.push(`b${clock.nowMs()}`));
    clock.after(10, () => fired.push(`a${clock.nowMs()}`));
    clock.after(20, () => fired.push(`c${clock.nowMs()}`));
    const ticks = clock.every(8, () => fired.push(`t${clock.wallMs()}`));
    clock.advance(20);
    expect(fired).toEqual(['t1008', 'a10', 't1016', 'b20', 'c20']);
    ticks.stop();
    expect(clock.pending).toBe(0);
  });

  it('fires what a callback sets, when it falls due in the same move', () => {
    const clock = new ManualClock();
    let at = 0;
    clock.after(5, () => clock.after(5, () => (at = clock.nowMs())));
    clock.advance(9);
    expect(at).toBe(0);
    clock.advance(1);
    expect(at).toBe(10);
  });

  it('lets the wall jump while the monotonic time goes on', () => {
    const clock = new ManualClock(5000);
    clock.advance(10);
    clock.jumpWall(1);
    clock.advance(10);
    expect([clock.nowMs(), clock.wallMs()]).toEqual([20, 11]);
  });
});
