// Time per call of single functions. Each file in bench/micro exports `benchmarks`; usage: npm run bench:micro [-- PART-OF-A-NAME].

import { existsSync, readdirSync } from 'node:fs';
import { spread } from './report/statistics.ts';
import { formatNumber, formatTable } from './report/table.ts';

interface Benchmark {
  readonly name: string;
  /** Does its work that many times, synchronously. A result that depends on the work keeps the compiler from dropping it. */
  run(iterations: number): unknown;
}

const FOLDER = new URL('micro/', import.meta.url).pathname;
const ROUND_MS = 100;
const ROUNDS = 9;

const wanted = process.argv[2] ?? '';
const sinks: unknown[] = [];
const rows: string[][] = [];
for (const file of existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith('.ts')) : []) {
  const { benchmarks } = (await import(`${FOLDER}${file}`)) as { readonly benchmarks: readonly Benchmark[] };
  const chosen = benchmarks.map((each) => ({
    ...each,
    name: `${file.slice(0, -3)}: ${each.name}`,
    run: (count: number) => each.run(count),
  }));
  rows.push(...chosen.filter((each) => each.name.includes(wanted)).map(measure));
}
console.log(
  rows.length === 0 ? `No benchmark in ${FOLDER} has "${wanted}" in its name.` : formatTable(['benchmark', 'ns/op', '(min-max)'], rows),
);

/** Nanoseconds per operation: the median of rounds of equal size, after the size was found, which also warms up. */
function measure(benchmark: Benchmark): string[] {
  let iterations = 1;
  for (let elapsed = 0; elapsed < ROUND_MS;) {
    elapsed = time(benchmark, iterations);
    if (elapsed < ROUND_MS) iterations = Math.ceil(iterations * Math.min(10, Math.max(1.2, (1.1 * ROUND_MS) / Math.max(elapsed, 0.001))));
  }
  const perOperation = Array.from({ length: ROUNDS }, () => (time(benchmark, iterations) * 1e6) / iterations);
  const { median, min, max } = spread(perOperation);
  return [benchmark.name, formatNumber(median), `(${formatNumber(min)}-${formatNumber(max)})`];
}

function time(benchmark: Benchmark, iterations: number): number {
  const start = performance.now();
  sinks[0] = benchmark.run(iterations);
  return performance.now() - start;
}
