// Where the counters of one thing lie in a worker's part of shared memory.

/** A block's place can change (`move`), its identity cannot: a holder keeps one object for as long as it likes. */
export class Cells {
  protected cells: Float64Array;
  protected first: number;

  constructor(cells: Float64Array, first: number) {
    this.cells = cells;
    this.first = first;
  }

  move(cells: Float64Array, first: number): void {
    this.cells = cells;
    this.first = first;
  }
}
