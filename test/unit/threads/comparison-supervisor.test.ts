// The real thread that compares, from its beginning to its end. The test is the worker: it gets links, sends exchanges, and reads what comes out.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ComparedCounts } from '../../../src/threads/compared-counts.ts';
import { ComparisonSupervisor } from '../../../src/threads/comparison-supervisor.ts';
import type { CompareLink } from '../../../src/threads/messages.ts';
import type { Config } from '../../../src/config/model.ts';
import type { DatedReport } from '../../../src/compare/mirror-report.ts';
import { systemClock, wallMs } from '../../../src/lib/clock.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import type { Log } from '../../../src/lib/log.ts';
import { ComparisonLoad } from '../../../src/compare/comparison-load.ts';
import type { RecordedExchange } from '../../../src/compare/mirrored-exchange.ts';
import { eventually } from '../../flow/scaffold/eventually.ts';
import { json, ok } from '../compare/scaffold.ts';
import { makeCompare, mirrorsOfShop } from './compared-config.ts';

const COMPARING = mirrorsOfShop({ name: 'dark', compare: makeCompare({ noisePercent: 0 }) });
const PLAIN = mirrorsOfShop({ name: 'dark' });

const threads: Worker[] = [];
const ended: Worker[] = [];
const opened: (() => Promise<void>)[] = [];

function onThread(started: unknown): void {
  const thread = (started as { worker: Worker }).worker;
  threads.push(thread);
  thread.once('exit', () => ended.push(thread));
}

beforeEach(() => void subscribe('worker_threads', onThread));
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
  expect(ended).toHaveLength(threads.length);
  threads.length = 0;
  ended.length = 0;
  unsubscribe('worker_threads', onThread);
});

/** Comparisons between a Config and two workers, which are this test. */
function make(clock: Clock = systemClock) {
  const links: (CompareLink | undefined)[] = [];
  const lines: string[] = [];
  const counts = new ComparedCounts();
  const tell = (_fields: object, message: string): void => void lines.push(message);
  const log: Log = { debug: tell, info: tell, warn: tell, error: tell, fatal: tell };
  const comparisons = new ComparisonSupervisor({
    clock,
    log,
    onCounts: (found) => counts.add(found),
    setLinks: (makeLink) => {
      for (const link of links.splice(0)) link?.port.close();
      links.push(makeLink?.(), makeLink?.());
    },
  });
  opened.push(async () => {
    await comparisons.close();
    for (const link of links) link?.port.close();
  });
  const follow = (config: Config): void => {
    counts.retain(config);
    comparisons.follow(config);
  };
  return { comparisons, follow, links, lines, counts };
}

type Made = ReturnType<typeof make>;

function exchange(price: number, atMs: number = wallMs()): RecordedExchange {
  const responses = { primary: ok(json({ price: 1 })), candidate: ok(json({ price })), secondary: undefined };
  return { pool: 'shop', mirror: 'dark', version: 'v2', exchange: { route: 'all', target: '/items/17', atMs, ...responses } };
}

/** As a worker does. */
function send(link: CompareLink | undefined, recorded: RecordedExchange): void {
  new ComparisonLoad(link!.load).add(recorded);
  link!.port.postMessage(recorded);
}

function waiting(link: CompareLink | undefined): number {
  return new ComparisonLoad(link!.load).waiting;
}

const labels = { pool: 'shop', mirror: 'dark', version: 'v2' };
const comparedBy = ({ counts }: Made): number => [...counts.comparisons()].reduce((sum, [, count]) => sum + count, 0);
const isThere = (report: DatedReport | 'busy'): report is DatedReport => report !== 'busy';

describe('the thread that compares', () => {
  it('is not there before a mirror compares, and ends with the last', async () => {
    const made = make();
    made.follow(PLAIN);
    expect(await made.comparisons.report('shop', 'dark')).toBe('busy');
    expect([threads.length, made.links.length]).toEqual([0, 0]);
    made.follow(COMPARING);
    made.follow({ ...COMPARING, workers: 7 });
    expect(threads).toHaveLength(1);
    expect(made.links.every((link) => link !== undefined)).toBe(true);
    made.follow(PLAIN);
    expect(made.links).toEqual([undefined, undefined]);
    await eventually('it has ended', () => ended.length === 1);
    made.follow(COMPARING);
    expect(threads).toHaveLength(2);
    expect(made.lines.filter((line) => line.includes('lost'))).toEqual([]);
  });

  it('compares what workers send, counts it, and reports it', async () => {
    const made = make();
    made.follow(COMPARING);
    for (let count = 0; count < 10; count += 1) send(made.links[count % 2], exchange(count < 3 ? 2 : 1));
    await eventually('all are compared', () => waiting(made.links[0]) === 0);
    const report = await eventually('a report', async () => {
      const found = await made.comparisons.report('shop', 'dark');
      return isThere(found) && found.verdict.compared === 10 && found;
    });
    expect(report.fields).toMatchObject([{ route: 'all', path: '$.price', kinds: { value: 3 }, differences: { count: 3, of: 10 } }]);
    expect(report.templates).toMatchObject([{ template: '/items/{id}', exchanges: 10 }]);
    expect(JSON.stringify(report)).not.toContain('null');
    await eventually('the counts', () => comparedBy(made) === 10);
    expect([...made.counts.differences()].filter(([, count]) => count > 0)).toEqual([[{ ...labels, kind: 'value' }, 3]]);
    await eventually('what it holds', () => made.comparisons.memoryBytes > 1_000_000);
  });

  it('begins anew with another subject and with another deploy, and not with what is unrelated', async () => {
    const clock = new ManualClock(1000);
    const made = make({ ...systemClock, wallMs: () => clock.wallMs() });
    const since = async (): Promise<number> =>
      (await eventually('a report', async () => {
        const found = await made.comparisons.report('shop', 'dark');
        return isThere(found) && found;
      }))!.sinceMs;
    made.follow(COMPARING);
    expect(await since()).toBe(1000);
    clock.advance(1);
    made.follow({ ...COMPARING, workers: 3 });
    expect(await since()).toBe(1000);
    made.comparisons.setDeploys([{ pool: 'shop', version: 'v1', deploy: 'd1' }]);
    expect(await since()).toBe(1001);
    clock.advance(1);
    made.follow(mirrorsOfShop({ name: 'dark', compare: makeCompare({ ignore: ['$.a'] }) }));
    expect(await since()).toBe(1002);
    send(made.links[0], exchange(2, 1001));
    send(made.links[0], exchange(2, 1002));
    await eventually('both are taken', () => waiting(made.links[0]) === 0);
    await eventually('one counts', () => comparedBy(made) === 1);
    clock.jumpWall(500);
    expect(await since()).toBe(500);
  });

  it('outlives an exchange that makes no sense, and gives its room back', async () => {
    const made = make();
    made.follow(COMPARING);
    const broken = { ...exchange(1), exchange: { ...exchange(1).exchange, target: undefined as unknown as string } };
    send(made.links[0], broken);
    send(made.links[0], exchange(1));
    await eventually('both have left', () => waiting(made.links[0]) === 0);
    await eventually('the good one is compared', () => comparedBy(made) >= 1);
    expect(ended).toEqual([]);
    await eventually('it is told', () => made.lines.includes('exchanges could not be compared'));
  });

  it('lets go of the port of a worker that has gone', async () => {
    const made = make();
    made.follow(COMPARING);
    send(made.links[0], exchange(1));
    made.links[0]!.port.close();
    send(made.links[1], exchange(1));
    await eventually('what was sent before is compared', () => comparedBy(made) === 2);
    expect(waiting(made.links[1])).toBe(0);
  });
});

describe('a thread that dies', () => {
  it('is replaced: other links, other evidence, and the same counters', async () => {
    const made = make();
    made.follow(COMPARING);
    send(made.links[0], exchange(2));
    await eventually('it is compared', () => comparedBy(made) === 1);
    const before = await made.comparisons.report('shop', 'dark');
    const loads = new Set(made.links.map((link) => link!.load));
    void threads[0]!.terminate();
    await eventually('another', () => threads.length === 2 && made.links[0] !== undefined);
    expect(made.links.map((link) => loads.has(link!.load))).toEqual([false, false]);
    expect(made.lines).toContain('what was compared of shadows is lost, comparison begins anew');
    const after = await eventually('a report', async () => {
      const found = await made.comparisons.report('shop', 'dark');
      return isThere(found) && found;
    });
    expect(after.verdict.compared).toBe(0);
    expect(isThere(before) && after.sinceMs > before.sinceMs).toBe(true);
    send(made.links[1], exchange(2));
    await eventually('both lives are counted', () => comparedBy(made) === 2);
  });

  it('leaves no caller waiting: they are told at once', async () => {
    const made = make();
    made.follow(COMPARING);
    // It has not begun to listen yet: it responds to nothing before it dies.
    const asked = [made.comparisons.report('shop', 'dark'), made.comparisons.report('shop', 'dark')];
    void threads[0]!.terminate();
    expect(await Promise.all(asked)).toEqual(['busy', 'busy']);
    expect(await made.comparisons.report('shop', 'dark')).toBe('busy');
  });

  it('is not replaced once nothing is to be compared, or Sluice stops', async () => {
    const clock = new ManualClock();
    const made = make(clock);
    made.follow(COMPARING);
    await threads[0]!.terminate();
    await eventually('it is missed', () => clock.pending === 1);
    expect(made.links).toEqual([undefined, undefined]);
    made.follow(PLAIN);
    expect(clock.pending).toBe(0);
    made.follow(COMPARING);
    expect(threads).toHaveLength(2);
    await threads[1]!.terminate();
    await eventually('it is missed', () => clock.pending === 1);
    await made.comparisons.close();
    expect(clock.pending).toBe(0);
    made.follow(COMPARING);
    expect(threads).toHaveLength(2);
  });

  it('is replaced slowly when it keeps dying', async () => {
    const clock = new ManualClock();
    const made = make(clock);
    made.follow(COMPARING);
    for (let death = 0; death < 6; death += 1) {
      await threads[death]!.terminate();
      await eventually('it is missed', () => clock.pending === 1);
      clock.advance(50);
    }
    expect(threads).toHaveLength(6);
    clock.advance(9949);
    expect(threads).toHaveLength(6);
    clock.advance(1);
    expect(threads).toHaveLength(7);
  });
});

describe('a thread that hangs', () => {
  it('keeps no caller waiting for more than five seconds, is asked once, and is replaced in the end', async () => {
    const clock = new ManualClock();
    const made = make(clock);
    made.follow(COMPARING);
    const posted: unknown[] = [];
    threads[0]!.postMessage = (message: unknown): void => void posted.push(message);
    for (let secondaries = 0; secondaries < 60; secondaries += 5) {
      const asked = made.comparisons.report('shop', 'dark');
      clock.advance(5000);
      expect(await asked).toBe('busy');
    }
    expect(posted).toEqual([{ kind: 'report', pool: 'shop', mirror: 'dark' }]);
    expect(made.lines).toContain('the comparison thread does not respond; another takes its place');
    await eventually('it has ended', () => ended.length === 1);
  });
});
