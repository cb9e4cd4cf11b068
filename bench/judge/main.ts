// The bench of judges: how often each is wrong while the arms are alike, and what a faulty canary costs until it is found. Seeded: the same command
// prints the same table. `--full` is 2,000 runs of each main cell and 500 of the others, `--runs N` as many as asked, `--only 'TEXT|TEXT'` the
// cells whose names have one of them.

import { parseArgs } from 'node:util';
import { hashString, mix } from '../../src/lib/hash.ts';
import { wilsonInterval } from '../../src/analysis/rate-guard.ts';
import type { Cell } from './cells.ts';
import { CELLS, PER_SECOND, REQUESTS } from './cells.ts';
import type { Judge } from './judge.ts';
import { ours } from './ours.ts';
import { argo, chiSquare, flagger, kayenta } from './rivals.ts';
import type { Outcome } from './run.ts';
import { runCell } from './run.ts';

const RUNS = 60;
const FULL_RUNS = 500;
const FULL_MAIN_RUNS = 2000;
const Z_95 = 1.96;

const JUDGES: readonly Judge[] = [
  ours('Sluice', 1.5, true),
  ours('Sluice, ratio 1, no guard', 1, false),
  ours('sequential, every 60 s', 1, false, 60),
  argo,
  flagger,
  kayenta,
  chiSquare,
];

/** In the second a run is found after so many canary requests, failed ones (users, where they have keys), and seconds, as medians. */
const TABLES = [
  { title: 'Arms alike: rolled back of 100 runs (95 % interval)', isGood: true, say: sayAlarms },
  { title: 'Arms alike: requests until promoted', isGood: true, say: sayPromoted },
  { title: 'Fault: canary requests / users with an error / seconds / missed of 100 runs', isGood: false, say: sayFound },
] as const;

main();

function main(): void {
  const { values } = parseArgs({
    options: {
      full: { type: 'boolean', default: false },
      runs: { type: 'string' },
      only: { type: 'string', default: '' },
      seed: { type: 'string', default: '1' },
    },
  });
  const fewest = values.full ? FULL_RUNS : RUNS;
  const runs = values.runs === undefined ? fewest : Number(values.runs);
  const mainRuns = values.full && values.runs === undefined ? FULL_MAIN_RUNS : runs;
  const seed = Number(values.seed);
  if (!(runs >= 1) || !Number.isInteger(seed)) throw new RangeError('--runs and --seed are whole numbers.');
  console.log(
    `${runs} runs (main cells: ${mainRuns}) of up to ${REQUESTS.toLocaleString('en')} requests per cell, ${PER_SECOND} requests/s, seed ${seed}.`,
  );
  const cells = CELLS.filter(({ name }) => values.only.split('|').some((part) => name.includes(part))).map((cell) => ({
    cell,
    byJudge: runAll(cell, cell.isMain === true ? mainRuns : runs, seed),
  }));
  for (const { title, isGood, say } of TABLES) {
    const shown = cells.filter(({ cell }) => cell.isGood === isGood);
    if (shown.length === 0) continue;
    const rows = shown.map(({ cell, byJudge }) => [cell.name, ...byJudge.map((outcomes) => say(outcomes, cell))]);
    const together =
      say === sayAlarms ? [['all of them', ...JUDGES.map((_, i) => sayAlarms(shown.flatMap(({ byJudge }) => byJudge[i]!)))]] : [];
    print(title, [...rows, ...together]);
  }
}

function runAll(cell: Cell, runs: number, seed: number): readonly (readonly Outcome[])[] {
  const all = Array.from({ length: runs }, (_, run) =>
    runCell(cell, JUDGES, REQUESTS, seededRandom(hashString(`${cell.name} ${run}`, seed))),
  );
  return JUDGES.map((_, judge) => all.map((outcomes) => outcomes[judge]!));
}

function print(title: string, rows: readonly (readonly string[])[]): void {
  const header = [title, ...JUDGES.map(({ name }) => name)];
  const lines = [header, ['---', ...JUDGES.map(() => '---:')], ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  console.log(`\n${lines.join('\n')}`);
}

function sayAlarms(outcomes: readonly Outcome[]): string {
  const differing = outcomes.filter(({ rolledBackAt }) => rolledBackAt >= 0).length;
  const { low, high } = wilsonInterval({ differing, total: outcomes.length }, Z_95);
  const part = (100 * differing) / outcomes.length;
  return `${part.toFixed(1)} (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;
}

function sayPromoted(outcomes: readonly Outcome[]): string {
  const at = outcomes.map(({ promotedAt }) => (promotedAt < 0 ? Infinity : promotedAt));
  return sayCount(median(at));
}

/** Found before it was promoted, or, where the fault comes later, after the fault came. */
function sayFound(outcomes: readonly Outcome[], { faultAt = 0 }: Cell): string {
  const isFound = ({ rolledBackAt, promotedAt }: Outcome): boolean =>
    rolledBackAt > faultAt && (faultAt > 0 || promotedAt < 0 || promotedAt >= rolledBackAt);
  const found = outcomes.filter(isFound);
  const missed = outcomes.filter((outcome) => !isFound(outcome) && !(outcome.rolledBackAt >= 0 && outcome.rolledBackAt <= faultAt));
  const held = missed.filter(({ heldAt, promotedAt }) => heldAt >= 0 && (promotedAt < 0 || promotedAt > heldAt));
  if (held.length > outcomes.length / 2)
    return `held after ${((median(held.map(({ heldAt }) => heldAt)) - faultAt) / PER_SECOND).toFixed(0)} s`;
  const part = `${((100 * missed.length) / outcomes.length).toFixed(0)} missed`;
  if (found.length === 0) return part;
  const middle = (of: (outcome: Outcome) => number): string => sayCount(median(found.map(of)));
  const seconds = median(found.map(({ rolledBackAt }) => (rolledBackAt - faultAt) / PER_SECOND));
  return `${middle(({ exposed }) => exposed)} / ${middle(({ users }) => users)} / ${seconds.toFixed(seconds < 10 ? 1 : 0)} s / ${part}`;
}

function sayCount(count: number): string {
  return Number.isFinite(count) ? Math.round(count).toLocaleString('en') : '-';
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] as number;
}

/** A repeatable source of fractions, 0 <= x < 1 (splitmix32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return (mix(state) >>> 0) / 2 ** 32;
  };
}
