import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nowMs } from '../../../src/lib/clock.ts';
import { Deadline, Deadlines, TICK_MS } from '../../../src/lib/deadlines.ts';

const open: Deadlines[] = [];

function create(): Deadlines {
  const deadlines = new Deadlines();
  open.push(deadlines);
  return deadlines;
}

class Owner {
  readonly fired: Deadline[] = [];
  onFire: () => void = () => undefined;

  onDeadline(deadline: Deadline): void {
    this.fired.push(deadline);
    this.onFire();
  }
}

afterEach(() => {
  for (const deadlines of open.splice(0)) deadlines.close();
});

function block(ms: number): void {
  const endMs = nowMs() + ms;
  while (nowMs() < endMs);
}

describe('Deadlines after a stall', () => {
  // As a client that sends again just when the thread goes on: it has all of its time left.
  it.each([
    ['in the callback that stalled', (arm: () => void) => arm()],
    ['between the late timer and its tick', (arm: () => void) => setTimeout(() => setImmediate(arm), 0)],
  ])('do not fire early what was armed %s', async (_where, after) => {
    const deadlines = create();
    const tookMs = await new Promise<number>((resolve) => {
      const owner = new Owner();
      let armedMs = 0;
      owner.onFire = () => resolve(nowMs() - armedMs);
      const deadline = new Deadline(owner);
      const arm = (): void => {
        armedMs = nowMs();
        deadlines.arm(deadline, 200);
      };
      setImmediate(() => {
        block(300);
        after(arm);
      });
    });
    expect(tookMs).toBeGreaterThanOrEqual(200);
  });
});

describe('Deadlines', () => {
  it('fires once, not early and at most two ticks late', () => {
    const deadlines = create();
    const owner = new Owner();
    const startMs = deadlines.refresh();
    deadlines.arm(new Deadline(owner), 100);
    deadlines.tick(startMs + 99);
    expect(owner.fired).toHaveLength(0);
    deadlines.tick(startMs + 100 + 2 * TICK_MS);
    deadlines.tick(startMs + 1000);
    expect(owner.fired).toHaveLength(1);
  });

  it('never fires for a duration of 0', () => {
    const deadlines = create();
    const owner = new Owner();
    deadlines.arm(new Deadline(owner), 0);
    deadlines.tick(nowMs() + 1e9);
    expect(owner.fired).toHaveLength(0);
  });

  it('counts anew when armed again, also with another duration', () => {
    const deadlines = create();
    const owner = new Owner();
    const deadline = new Deadline(owner);
    const startMs = deadlines.refresh();
    deadlines.arm(deadline, 100);
    deadlines.tick(startMs + 80);
    deadlines.arm(deadline, 100);
    deadlines.tick(startMs + 150);
    expect(owner.fired).toHaveLength(0);
    deadlines.arm(deadline, 5000);
    deadlines.tick(startMs + 1000);
    expect(owner.fired).toHaveLength(0);
    deadlines.tick(startMs + 7000);
    expect(owner.fired).toEqual([deadline]);
  });

  it('forgets what was disarmed, from the head, the middle and the tail of a list', () => {
    const deadlines = create();
    const owner = new Owner();
    const all = Array.from({ length: 5 }, () => new Deadline(owner));
    for (const deadline of all) deadlines.arm(deadline, 50);
    for (const index of [0, 2, 4]) all[index]!.disarm();
    all[2]!.disarm();
    deadlines.tick(nowMs() + 1000);
    expect(owner.fired).toEqual([all[1], all[3]]);
  });

  it('lets an owner arm and disarm deadlines while they fire', () => {
    const deadlines = create();
    const owner = new Owner();
    const [first, second, third] = [new Deadline(owner), new Deadline(owner), new Deadline(owner)] as const;
    for (const deadline of [first, second, third]) deadlines.arm(deadline, 50);
    owner.onFire = () => {
      second.disarm();
      deadlines.arm(first, 50);
    };
    const atMs = nowMs() + 1000;
    deadlines.tick(atMs);
    expect(owner.fired).toEqual([first, third]);
    deadlines.tick(atMs + 500);
    expect(owner.fired).toEqual([first, third, first]);
  });

  it('tells how late a tick was, once', () => {
    const deadlines = create();
    const startMs = deadlines.refresh();
    deadlines.tick(startMs + 5000);
    expect(deadlines.takeLateness()).toBeGreaterThan(4000);
    expect(deadlines.takeLateness()).toBe(0);
  });

  it('fires by its own timer', async () => {
    const deadlines = create();
    const owner = new Owner();
    const startMs = deadlines.refresh();
    const fired = new Promise<void>((resolve) => (owner.onFire = resolve));
    deadlines.arm(new Deadline(owner), 30);
    await fired;
    expect(nowMs() - startMs).toBeGreaterThanOrEqual(30);
  });

  it('hears what came during a stall before it fires what is due', async () => {
    const deadlines = create();
    const owner = new Owner();
    const { port1, port2 } = new MessageChannel();
    const responded = new Deadline(owner);
    const silent = new Deadline(owner);
    deadlines.arm(responded, 100);
    deadlines.arm(silent, 100);
    port1.once('message', () => responded.disarm());
    port2.postMessage('in time');
    for (const end = nowMs() + 300; nowMs() < end;);
    await vi.waitFor(() => expect(owner.fired).toContain(silent));
    port1.close();
    expect(owner.fired).toEqual([silent]);
  });

  describe('rests when nobody has armed anything for a while', () => {
    const rested = async (deadlines: Deadlines): Promise<boolean[]> => {
      const paces: boolean[] = [];
      deadlines.onPace = (awake) => void paces.push(awake);
      await vi.waitFor(() => expect(paces).toEqual([false]), 5000);
      return paces;
    };

    it('and fires what is due later all the same, in time', async () => {
      const deadlines = create();
      const owner = new Owner();
      const startMs = deadlines.refresh();
      deadlines.arm(new Deadline(owner), 1500);
      await rested(deadlines);
      expect(owner.fired).toHaveLength(0);
      await vi.waitFor(() => expect(owner.fired).toHaveLength(1), { timeout: 5000, interval: 5 });
      expect(nowMs() - startMs).toBeGreaterThanOrEqual(1500);
      expect(nowMs() - startMs).toBeLessThan(2000);
    });

    it('and wakes when somebody arms a deadline, which counts from then', async () => {
      const deadlines = create();
      const owner = new Owner();
      const paces = await rested(deadlines);
      await new Promise((resolve) => setTimeout(resolve, 300));
      const startMs = nowMs();
      deadlines.arm(new Deadline(owner), 50);
      expect(paces).toEqual([false, true]);
      await vi.waitFor(() => expect(owner.fired).toHaveLength(1), { timeout: 5000, interval: 5 });
      expect(nowMs() - startMs).toBeGreaterThanOrEqual(50);
      expect(deadlines.takeLateness()).toBeLessThan(250);
    });

    it('although somebody arms one quietly again and again', async () => {
      const deadlines = create();
      const owner = new Owner();
      const deadline = new Deadline(owner);
      owner.onFire = () => deadlines.armQuietly(deadline, 40);
      deadlines.armQuietly(deadline, 40);
      await rested(deadlines);
      const before = owner.fired.length;
      await vi.waitFor(() => expect(owner.fired.length).toBeGreaterThan(before + 1), 5000);
    });

    it('and tells a stall that a socket ends before the overdue timer does', async () => {
      const deadlines = create();
      deadlines.arm(new Deadline(new Owner()), 700);
      await rested(deadlines);
      deadlines.takeLateness();
      for (const end = nowMs() + 900; nowMs() < end;);
      deadlines.refresh();
      await vi.waitFor(() => expect(deadlines.takeLateness()).toBeGreaterThan(200), { timeout: 2000, interval: 5 });
    });
  });
});
