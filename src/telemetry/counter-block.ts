// The reading side of one key's counters: adds up what each worker wrote. It writes only to clear a block that no worker writes any more.

import type { CounterKey } from './counter-key.ts';
import { BLOCK_CELLS, GAUGE_CELLS } from './counter-layout.ts';
import type { CounterBank } from './counter-plan.ts';

/** A bank as the registry holds it. */
export interface MappedBank extends CounterBank {
  /** All workers' parts. */
  readonly cells: Float64Array;
  readonly workers: number;
  /** Blocks that are not free. */
  used: number;
}

export class CounterBlock {
  readonly key: CounterKey;
  readonly id: string;
  readonly bank: MappedBank;
  readonly first: number;
  #labels: Readonly<Record<string, string>> | undefined = undefined;

  constructor(key: CounterKey, id: string, bank: MappedBank, first: number) {
    this.key = key;
    this.id = id;
    this.bank = bank;
    this.first = first;
  }

  /** The key's names alone; one object for the life of the block, so that what is derived from it can be kept. Most blocks of routes need none. */
  get labels(): Readonly<Record<string, string>> {
    if (this.#labels === undefined) {
      const { kind: _, ...labels } = this.key;
      this.#labels = labels;
    }
    return this.#labels;
  }

  get workers(): number {
    return this.bank.workers;
  }

  /** What one worker counted. */
  of(worker: number, cell: number): number {
    return this.bank.cells[worker * this.bank.cellsPerWorker + this.first + cell]!;
  }

  /** What all workers counted. */
  total(cell: number): number {
    const { cells, cellsPerWorker } = this.bank;
    let total = 0;
    for (let index = this.first + cell; index < cells.length; index += cellsPerWorker) total += cells[index]!;
    return total;
  }

  /** The greatest that any worker wrote. */
  most(cell: number): number {
    const { cells, cellsPerWorker } = this.bank;
    let most = 0;
    for (let index = this.first + cell; index < cells.length; index += cellsPerWorker) most = Math.max(most, cells[index]!);
    return most;
  }

  /** Only while no worker holds the block. */
  clear(): void {
    for (let worker = 0; worker < this.workers; worker++) {
      const start = worker * this.bank.cellsPerWorker + this.first;
      this.bank.cells.fill(0, start, start + BLOCK_CELLS[this.key.kind]);
    }
  }

  /** Only while the worker is dead. */
  clearGauges(worker: number): void {
    for (const cell of GAUGE_CELLS[this.key.kind]) this.bank.cells[worker * this.bank.cellsPerWorker + this.first + cell] = 0;
  }
}
