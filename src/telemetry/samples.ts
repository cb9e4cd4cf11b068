// Turns blocks of counters into the lines of one metric each, lazily: at most one sample object exists per metric and scrape.
// What the config names has a line from the start, with 0: a rate of errors is 0 before the first one, not absent.

import type { CounterBlock } from './counter-block.ts';
import * as at from './counter-layout.ts';
import { METRICS } from './names.ts';
import { TUNNEL_AGE_BOUNDS_S } from './tunnel-ends.ts';

/** `labels` and `sharedLabels` are never changed: their text is kept by identity. */
export interface Sample {
  value: number;
  labels: Readonly<Record<string, string>>;
  sharedLabels: Readonly<Record<string, string>>;
  metricName: string | undefined;
}

export type Samples = Iterable<Sample>;

export type Lines = Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]>;

/** One line per block from one cell. */
export function* cellSamples(blocks: readonly CounterBlock[], cell: number): Samples {
  const sample = createSample();
  for (const block of blocks) {
    sample.sharedLabels = block.labels;
    sample.value = block.total(cell);
    yield sample;
  }
}

/** What one cell of a row of cells counts. */
export interface Code {
  readonly labels: Readonly<Record<string, string>>;
  /** It can happen where it is counted: then it has a line before it does. */
  readonly isExpected: boolean;
}

/** One line per block and code; the cells of the codes lie in a row from `first`. */
export function* codeSamples(blocks: readonly CounterBlock[], first: number, codes: readonly Code[]): Samples {
  const sample = createSample();
  for (const block of blocks) {
    sample.sharedLabels = block.labels;
    for (let code = 0; code < codes.length; code++) {
      sample.value = block.total(first + code);
      const { labels, isExpected } = codes[code]!;
      if (sample.value === 0 && !isExpected) continue;
      sample.labels = labels;
      yield sample;
    }
  }
}

/** With more routes and versions than this a status has its line when it was counted: a scrape of all of them would take too long. */
const MAX_EXPECTED = 4000;

/** One line per route block and status, what can be expected first; workers met the statuses in different orders. */
export function* statusSamples(blocks: readonly CounterBlock[]): Samples {
  const sample = createSample();
  const areExpected = blocks.length <= MAX_EXPECTED;
  const counts = new Map<number, number>();
  for (const block of blocks) {
    if (areExpected) for (const status of statusesOf(block)) counts.set(status, 0);
    addStatuses(block, counts);
    if (counts.size === 0) continue;
    sample.sharedLabels = block.labels;
    for (const [status, count] of counts) {
      sample.labels = statusLabels(status);
      sample.value = count;
      yield sample;
    }
    counts.clear();
  }
}

/** Buckets, sum and count per version block, in seconds. */
export function* durationSamples(blocks: readonly CounterBlock[]): Samples {
  for (const block of blocks) yield* histogramSamples(block, DURATION);
}

/** The same of tunnels, of versions that have had some. */
export function* tunnelAgeSamples(blocks: readonly CounterBlock[]): Samples {
  for (const block of blocks) if (block.total(at.VERSION_TUNNEL_AGE_SUM_MS) > 0) yield* histogramSamples(block, TUNNEL_AGE);
}

interface Histogram {
  readonly name: string;
  readonly buckets: readonly Readonly<Record<string, string>>[];
  /** Cells: the first bucket, and the sum in milliseconds. */
  readonly first: number;
  readonly sum: number;
}

function* histogramSamples(block: CounterBlock, { name, buckets, first, sum }: Histogram): Samples {
  const sample = createSample();
  sample.sharedLabels = block.labels;
  sample.metricName = `${name}_bucket`;
  for (let bucket = 0; bucket < buckets.length; bucket++) {
    sample.value += block.total(first + bucket);
    sample.labels = buckets[bucket]!;
    yield sample;
  }
  const count = sample.value;
  sample.labels = NO_LABELS;
  sample.metricName = `${name}_sum`;
  sample.value = block.total(sum) / 1000;
  yield sample;
  sample.metricName = `${name}_count`;
  sample.value = count;
  yield sample;
}

/** 1 where no worker holds the endpoint for unready. */
export function* readySamples(blocks: readonly CounterBlock[]): Samples {
  for (const sample of cellSamples(blocks, at.ENDPOINT_NOT_READY)) {
    sample.value = sample.value === 0 ? 1 : 0;
    yield sample;
  }
}

/** 1 where the stamp of an ejection stands. */
export function* ejectedSamples(blocks: readonly CounterBlock[]): Samples {
  for (const sample of cellSamples(blocks, at.ENDPOINT_EJECTED)) {
    sample.value = sample.value === 0 ? 0 : 1;
    yield sample;
  }
}

/** One line per worker from one cell, times `unit`. */
export function* workerSamples(blocks: readonly CounterBlock[], cell: number, unit: number): Samples {
  const sample = createSample();
  for (const block of blocks) {
    for (let worker = 0; worker < block.workers; worker++) {
      sample.labels = { worker: String(worker) };
      sample.value = block.of(worker, cell) * unit;
      yield sample;
    }
  }
}

/** How a name, service or file fares that endpoints come from. */
export interface DiscoverySample {
  /** Pool, version and source. */
  readonly name: Readonly<Record<'pool' | 'version' | 'source', string>>;
  readonly failures: number;
  readonly addresses: number;
  readonly ageMs: number;
}

/** One line per source. */
export function* discoverySamples(sources: Iterable<DiscoverySample>, valueOf: (source: DiscoverySample) => number): Samples {
  const sample = createSample();
  for (const source of sources) {
    sample.labels = source.name;
    sample.value = valueOf(source);
    yield sample;
  }
}

/** Lines whose values are known as they stand. */
export function* plainSamples(lines: Lines): Samples {
  const sample = createSample();
  for (const [labels, value] of lines) {
    sample.labels = labels;
    sample.value = value;
    yield sample;
  }
}

const NO_LABELS: Readonly<Record<string, string>> = {};

function bucketLabels(boundsSeconds: readonly number[]): Histogram['buckets'] {
  return [...boundsSeconds.map((bound) => ({ le: String(bound) })), { le: '+Inf' }];
}

const DURATION: Histogram = {
  name: METRICS.duration.name,
  buckets: bucketLabels(at.DURATION_BOUNDS_MS.map((bound) => bound / 1000)),
  first: at.VERSION_BUCKETS,
  sum: at.VERSION_DURATION_SUM_MS,
};

const TUNNEL_AGE: Histogram = {
  name: METRICS.tunnelAge.name,
  buckets: bucketLabels(TUNNEL_AGE_BOUNDS_S),
  first: at.VERSION_TUNNEL_AGES,
  sum: at.VERSION_TUNNEL_AGE_SUM_MS,
};

const STATUS_LABELS = new Map<number, Readonly<Record<string, string>>>([[0, { status: 'other' }]]);

function statusLabels(status: number): Readonly<Record<string, string>> {
  let labels = STATUS_LABELS.get(status);
  if (labels === undefined) STATUS_LABELS.set(status, (labels = { status: String(status) }));
  return labels;
}

const SERVED = [200, 500];
const UNSERVED = [503];
const FIXED = [500];
const UNROUTED = [404];

/** What a block can be expected to count: requests of a version, of a pool without one, with a fixed response, without a route. */
function statusesOf({ key }: CounterBlock): readonly number[] {
  if (key.kind !== 'route' || key.route === '') return UNROUTED;
  if (key.version !== '') return SERVED;
  return key.pool === '' ? FIXED : UNSERVED;
}

function addStatuses(block: CounterBlock, counts: Map<number, number>): void {
  for (let worker = 0; worker < block.workers; worker++) {
    for (let cell = 0; cell < at.ROUTE_OTHER; cell += 2) {
      const status = block.of(worker, cell);
      if (status === 0) break;
      counts.set(status, (counts.get(status) ?? 0) + block.of(worker, cell + 1));
    }
    const other = block.of(worker, at.ROUTE_OTHER);
    if (other > 0) counts.set(0, (counts.get(0) ?? 0) + other);
  }
}

function createSample(): Sample {
  return { value: 0, labels: NO_LABELS, sharedLabels: NO_LABELS, metricName: undefined };
}
