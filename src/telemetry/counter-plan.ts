// Where blocks lie, in a form that can be posted to a thread: what is new and what is gone since the plan before, or all of it.

export interface CounterPlan {
  readonly number: number;
  /** Number of the plan that this one continues; 0 = complete, needs nothing before it. */
  readonly follows: number;
  readonly banks: readonly CounterBank[];
  /** Ids (`identify`) of blocks to add. */
  readonly ids: readonly string[];
  /** For each id two entries: the bank's number, and the first cell inside a worker's part of the bank. */
  readonly places: Float64Array;
  /** Ids of blocks that are gone. */
  readonly dropped: readonly string[];
}

/** One shared buffer: for each worker in turn `cellsPerWorker` doubles. */
export interface CounterBank {
  readonly number: number;
  readonly buffer: SharedArrayBuffer;
  readonly cellsPerWorker: number;
}
