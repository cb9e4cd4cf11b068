// Where the evidence of a rollout lies in shared memory: for each writer a part of its own, in it for each segment and arm a row of cells.
// A cell is one double with one writer, so that plain additions count exactly whatever the others do at the same time.

export const BASELINE = 0;
export const CANARY = 1;
export type Arm = typeof BASELINE | typeof CANARY;

/** Checks of kind `event` of one rollout. */
export const MAX_EVENTS = 8;

/** Cells of a row that count what a check looks at; each at most once per exchange, and once per user and rollout. */
export const ERRORS = 0;
export const SLOW_P50 = 1;
export const SLOW_P90 = 2;
export const SLOW_P99 = 3;
export const GAVE_UP = 4;
export const CLIENT_ERRORS = 5;
export const EVENTS = 6;
/** How many of these there are. */
export const EVENT_CELLS = EVENTS + MAX_EVENTS;

export const ASSIGNED = EVENTS + MAX_EVENTS;
export const FINISHED = ASSIGNED + 1;
/** Drawn for the arm, each request of a user counted. */
export const REQUESTS = FINISHED + 1;

/** Units that were drawn for the arm, each once in the rollout: of the canary those who met it. */
export const MET = REQUESTS + 1;

/** Units of the guards: requests without a key, and of each user the first request that ends in a window of them; and those that failed. */
export const GUARDED = MET + 1;
export const GUARDED_FAILED = GUARDED + 1;

/** Three cache lines: a row begins on one, so two writers never share any. */
const ROW_CELLS = 24;
/** Segments that one buffer has room for. */
export const SEGMENTS = 64;
const PART_CELLS = SEGMENTS * 2 * ROW_CELLS;

/** Parts: one for each worker, by its index, and the last for the control thread. */
export function partsFor(workers: number): number {
  return workers + 1;
}

export function partsIn(cells: Float64Array): number {
  return cells.length / PART_CELLS;
}

export function createCounts(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(partsFor(workers) * PART_CELLS * Float64Array.BYTES_PER_ELEMENT);
}

/** First cell of the row of an arm in a segment (0 to SEGMENTS - 1) of one writer. */
export function rowAt(writer: number, segment: number, arm: Arm): number {
  return writer * PART_CELLS + (segment * 2 + arm) * ROW_CELLS;
}

/** Place of the segment that a row belongs to, in every part. */
export function segmentAt(row: number): number {
  return Math.floor(row / (2 * ROW_CELLS)) % SEGMENTS;
}
