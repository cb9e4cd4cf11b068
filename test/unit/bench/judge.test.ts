// The bench of judges in small: repeatable, and it sees both kinds of fault of a judge.

import { describe, expect, it } from 'vitest';
import { CELLS } from '../../../bench/judge/cells.ts';
import { ours } from '../../../bench/judge/ours.ts';
import { chiSquare, flagger } from '../../../bench/judge/rivals.ts';
import { runCell } from '../../../bench/judge/run.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';

const JUDGES = [ours('Sluice', 1.5, true), chiSquare, flagger];
const cellOf = (name: string) => CELLS.find((cell) => cell.name === name)!;
const run = (name: string, seed: number, requests: number) => runCell(cellOf(name), JUDGES, requests, seededRandom(seed));

describe('the bench of judges', () => {
  it('has cells of both kinds with names of their own', () => {
    expect(new Set(CELLS.map(({ name }) => name)).size).toBe(CELLS.length);
    expect(CELLS.filter(({ isGood }) => isGood).length).toBeGreaterThan(15);
    expect(CELLS.filter(({ isGood }) => !isGood).length).toBeGreaterThan(8);
  });

  it('repeats a run', () => {
    const name = 'canary fails 5 times as often';
    expect(run(name, 3, 20_000)).toEqual(run(name, 3, 20_000));
    expect(run(name, 3, 20_000)).not.toEqual(run(name, 4, 20_000));
  });

  it('rolls a dead canary back after two or three of its requests, and a rival later', () => {
    const [sluice, , rival] = run('canary fails 1000 times as often', 1, 40_000);
    expect(sluice!.exposed).toBeLessThanOrEqual(3);
    expect(sluice!.failed).toBe(sluice!.exposed);
    expect(rival!.failed).toBeGreaterThan(100);
  });

  it('sees the false alarms of a test that is looked at often, and a promotion by evidence', () => {
    const found = Array.from({ length: 12 }, (_, seed) => run('alike, request 21 of each 21 fails', seed + 1, 60_000));
    expect(found.filter(([sluice]) => sluice!.rolledBackAt >= 0).length).toBe(0);
    expect(found.filter(([, chi]) => chi!.rolledBackAt >= 0).length).toBeGreaterThan(0);
    expect(found.filter(([sluice]) => sluice!.promotedAt > 0).length).toBeGreaterThan(6);
  });

  it('knows users by their keys', () => {
    const [sluice] = run('alike, 2,000 users with keys, 1 % of their clients broken', 2, 40_000);
    expect(sluice!.rolledBackAt).toBe(-1);
  });
});
