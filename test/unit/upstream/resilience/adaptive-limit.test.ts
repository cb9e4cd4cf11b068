// What the limit is for, in simulation: full use of an overloaded upstream, nothing refused by a busy one, and all that may mislead it.

import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../scaffold/seeded-random.ts';
import { AdaptiveLimit } from '../../../../src/upstream/resilience/adaptive-limit.ts';
import { bimodal, deterministic, exponential, heavyTailed, quantile, simulate } from './simulated-upstream.ts';
import type { Figures, Service, Simulation } from './simulated-upstream.ts';

const DISTRIBUTIONS = { deterministic, exponential, bimodal, heavyTailed } as const;
const CASES = Object.keys(DISTRIBUTIONS).flatMap((name) =>
  [1, 8, 64].flatMap((servers) => [2, 20, 200].map((meanMs) => ({ name: name as keyof typeof DISTRIBUTIONS, servers, meanMs }))),
);

function limitsOf(workers: number): AdaptiveLimit[] {
  return Array.from({ length: workers }, () => new AdaptiveLimit(workers, 0));
}

/** An upstream of `servers` at `load` times what it can do; further parts replace these. */
function run(servers: number, service: Service, meanMs: number, load: number, more: Partial<Simulation> = {}): Figures {
  const capacity = (servers * 1000) / meanMs;
  const settledMs = 2500 + (150 * meanMs) / Math.min(servers, 3);
  return simulate({
    servers,
    service,
    perSecond: () => capacity * load,
    limits: limitsOf(1),
    timeoutMs: Math.max(500, 50 * meanMs),
    durationMs: settledMs + Math.min(Math.max(20_000 / capacity, 8), 100_000 / capacity) * 1000,
    random: seededRandom(7),
    settledMs,
    ...more,
  });
}

function unqueuedP99(service: Service): number {
  const random = seededRandom(3);
  const times = Array.from({ length: 20_000 }, () => service(random)).sort((a, b) => a - b);
  return quantile(times, 0.99);
}

describe('at 3 times its capacity', () => {
  it.each(CASES)('$name, $servers servers, $meanMs ms: at least 90 % of it are good responses', ({ name, servers, meanMs }) => {
    const service = DISTRIBUTIONS[name](meanMs);
    const figures = run(servers, service, meanMs, 3);
    expect(figures.goodPerSecond).toBeGreaterThan((0.9 * servers * 1000) / meanMs);
    // Of the middle of the good responses hardly any time is spent in the queue; the worst of them wait for few others.
    expect(quantile(figures.latenciesMs, 0.5)).toBeLessThan((servers === 1 ? 4.5 : 2) * meanMs);
    expect(quantile(figures.latenciesMs, 0.99)).toBeLessThan((servers === 1 ? 5 : 2.5) * unqueuedP99(service));
  });

  it('collapses without a limit, and worse so where a queue slows the work down', () => {
    const plain = run(8, exponential(20), 20, 3, { limits: undefined });
    expect(plain.goodPerSecond).toBeLessThan(0.1 * 400);
    const thrashing = { thrash: 0.02 };
    expect(run(8, exponential(20), 20, 3, { limits: undefined, ...thrashing }).goodPerSecond).toBeLessThan(0.1 * 400);
    expect(run(8, exponential(20), 20, 3, thrashing).goodPerSecond).toBeGreaterThan(0.9 * 400);
  });

  it.each([2, 4])('%i workers find the same queue and share it', (workers) => {
    for (const service of [deterministic(20), bimodal(20)]) {
      const figures = run(64, service, 20, 3, { limits: limitsOf(workers) });
      expect(figures.goodPerSecond).toBeGreaterThan(0.9 * 3200);
      expect(Math.min(...figures.shares) / Math.max(...figures.shares)).toBeGreaterThan(0.6);
      expect(quantile(figures.latenciesMs, 0.99)).toBeLessThan(2.5 * unqueuedP99(service));
    }
  });

  it.each([2, 4])('%i workers share the least upstream that there is', (workers) => {
    const figures = run(1, deterministic(20), 20, 3, { limits: limitsOf(workers), settledMs: 20_000, durationMs: 120_000 });
    expect(figures.goodPerSecond).toBeGreaterThan(0.9 * 50);
    expect(Math.min(...figures.shares) / Math.max(...figures.shares)).toBeGreaterThan(0.8);
    // None can go below what it needs to be heard: 4 each.
    expect(quantile(figures.latenciesMs, 0.99)).toBeLessThan((4 * workers + 2) * 20);
  });
});

describe('a busy upstream', () => {
  it.each([0.5, 0.7])('is left alone at %d of its capacity, however its latency scatters', (load) => {
    for (const { name, servers, meanMs } of CASES) {
      // One server with rare requests of 50 times the mean: real queues of 40 and more.
      if (servers === 1 && name === 'heavyTailed') continue;
      const { refused, offered } = run(servers, DISTRIBUTIONS[name](meanMs), meanMs, load);
      expect(refused / offered, `${name}, ${servers} servers, ${meanMs} ms`).toBeLessThan(0.001);
    }
  });

  it('is left alone when 1 in 10 takes 50 ms and the others 5 ms', () => {
    const service: Service = (random) => (random() < 0.9 ? 5 : 50);
    expect(run(8, service, 9.5, 0.7, { durationMs: 60_000 }).refused).toBe(0);
  });

  it('that is asked twice a second is left alone whatever its latency does', () => {
    const limits = limitsOf(1);
    const slowness = (atMs: number): number => (atMs % 20_000 < 10_000 ? 1 : 20);
    const figures = run(8, heavyTailed(20), 20, 2 / 400, { limits, slowness, durationMs: 600_000 });
    expect([figures.refused, limits[0]!.limit]).toEqual([0, 100]);
  });
});

describe('what changes', () => {
  /** Good responses per second from second `from` to before `to`. */
  const rate = (figures: Figures, from: number, to: number): number =>
    figures.bySecond.slice(from, to).reduce((sum, each) => sum + each, 0) / (to - from);

  it('a slow phase is over within two seconds after its end', () => {
    const slowness = (atMs: number): number => (atMs >= 10_000 && atMs < 20_000 ? 10 : 1);
    const figures = run(8, exponential(20), 20, 3, { slowness, durationMs: 40_000 });
    expect(rate(figures, 5, 10)).toBeGreaterThan(0.9 * 400);
    // Slow is at first taken for full; what then fits is still asked for.
    expect(rate(figures, 11, 20)).toBeGreaterThan(0.25 * 40);
    expect(rate(figures, 22, 40)).toBeGreaterThan(0.9 * 400);
  });

  it('a stall is over within two seconds after its end, for a version at moderate load, too', () => {
    const slowness = (atMs: number): number => (atMs >= 10_000 && atMs < 13_000 ? 100 : 1);
    const figures = run(8, exponential(20), 20, 0.6, { slowness, durationMs: 40_000 });
    expect(rate(figures, 16, 40)).toBeGreaterThan(0.95 * 0.6 * 400);
  });

  it.each([
    [3, 3],
    [3, 0.3],
    [3, 0.2],
    [10, 3],
    [10, 0.06],
  ])('a base latency that grows %i times for good is believed: load %d', (growth, load) => {
    const slowness = (atMs: number): number => (atMs >= 20_000 ? growth : 1);
    const figures = run(8, exponential(20), 20, load, { slowness, durationMs: 140_000 });
    const possible = Math.min(400 * load, 400 / growth);
    expect(rate(figures, 80, 140)).toBeGreaterThan(0.88 * possible);
    // Nor does it hunger meanwhile.
    expect(rate(figures, 20, 80)).toBeGreaterThan(0.5 * possible);
  });

  it('an upstream that is faster from now on is used as much', () => {
    const slowness = (atMs: number): number => (atMs >= 20_000 ? 0.25 : 1);
    const figures = run(8, exponential(20), 20, 12, { slowness, durationMs: 40_000 });
    expect(rate(figures, 23, 40)).toBeGreaterThan(0.9 * 1600);
  });

  it('the load goes: nothing is refused a second later', () => {
    const perSecond = (atMs: number): number => (atMs < 10_000 ? 1200 : 240);
    expect(run(8, exponential(20), 20, 3, { perSecond, settledMs: 11_000, durationMs: 60_000 }).refused).toBeLessThan(240 * 49 * 0.001);
  });
});

describe('what is no latency', () => {
  it('failures that come at once do not make good responses look slow', () => {
    const figures = run(8, exponential(20), 20, 1.2, { failing: 0.5, durationMs: 60_000 });
    expect(figures.failed).toBeGreaterThan(10_000);
    expect(figures.refused / figures.offered).toBeLessThan(0.001);
  });

  it('an upstream that responds to nothing in time keeps few requests, and is used again at once when it responds', () => {
    const limits = limitsOf(1);
    let now = 0;
    for (; now < 20_000; now += 500) for (let i = 0; i < 30; i++) limits[0]!.timedOut(500, Math.min(30, limits[0]!.limit), now + i);
    expect(limits[0]!.limit).toBeLessThan(110);
    for (let i = 0; i < 5; i++) limits[0]!.admits(1000);
    for (const end = now + 5000; now < end; now += 500)
      for (let i = 0; i < 30; i++) {
        limits[0]!.admits(1000);
        limits[0]!.timedOut(500, Math.min(30, limits[0]!.limit), now + i);
      }
    expect(limits[0]!.limit).toBeLessThan(20);
  });

  it('callers that give up are told apart: those that waited long met a queue, the others say nothing', () => {
    const counted = (waitedMs: number): number => {
      const limit = new AdaptiveLimit(1, 0);
      for (let i = 0; i < 200; i++) limit.sampled(10, 5, 1000 + i);
      for (let i = 0; i < 2000; i++) {
        limit.admits(1000);
        limit.abandoned(waitedMs, 100, 2000 + i * 2);
      }
      return limit.limit;
    };
    expect(counted(20)).toBe(100);
    expect(counted(400)).toBeLessThan(20);
  });

  it('nonsense is not counted', () => {
    const limit = new AdaptiveLimit(1, 0);
    for (let i = 0; i < 1000; i++) limit.sampled(i % 2 === 0 ? Number.NaN : -1, 1, i * 10);
    expect([limit.limit, limit.unqueuedMs]).toEqual([100, 0]);
  });
});
