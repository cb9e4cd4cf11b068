// The main thread's side of the counters: gives each configured key a block in shared memory and reads the blocks.
// A reload reserves, then commits or cancels. A key that stays keeps its block; a block is used again only when no worker can still write to it.

import { CounterBlock } from './counter-block.ts';
import type { MappedBank } from './counter-block.ts';
import { ALWAYS, identify } from './counter-key.ts';
import type { CounterKey, CounterKind } from './counter-key.ts';
import { STEP_COUNT, finish } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import { BLOCK_CELLS } from './counter-layout.ts';
import type { CounterPlan } from './counter-plan.ts';

interface Slot {
  readonly bank: MappedBank;
  readonly first: number;
}

interface Reservation {
  readonly keys: readonly CounterKey[];
  readonly plan: CounterPlan;
  readonly blocks: ReadonlyMap<string, CounterBlock>;
  readonly byKind: PerKind<CounterBlock>;
  readonly added: readonly CounterBlock[];
  readonly dropped: readonly CounterBlock[];
}

type Matched = Pick<Reservation, 'blocks' | 'byKind' | 'added' | 'dropped'>;

type PerKind<T> = Readonly<Record<CounterKind, T[]>>;

export class CounterRegistry {
  readonly workers: number;
  #keys: readonly CounterKey[] | undefined = undefined;
  #blocks: ReadonlyMap<string, CounterBlock> = new Map();
  #byKind: PerKind<CounterBlock> = perKind();
  #free: PerKind<Slot> = perKind();
  /** Blocks of dropped keys that a worker may still write to. */
  #fading: CounterBlock[] = [];
  #lastPlan = 0;
  #lastBank = 0;
  #committed = 0;
  /** Whether every worker has adopted the last plan, so that the next may build on it. */
  #inStep = true;
  #pending: Reservation | undefined = undefined;

  /** @param workers number of data-plane threads, at least 1; worker indices are 0 to workers - 1 */
  constructor(workers: number) {
    this.workers = workers;
    this.commit(this.reserve([]), 'all');
    // No worker has seen that first plan.
    this.#inStep = false;
  }

  /**
   * Makes room for exactly these keys (and those every instance has). Post the plan to all workers, then `commit` or `cancel`;
   * until then scrapes see the old keys. Throws while another reservation is open.
   */
  reserve(keys: readonly CounterKey[]): CounterPlan {
    return finish(this.reserveInSteps(keys));
  }

  /** The same for who has other things to do in between; there may be one at a time, and until its last step nothing has changed. */
  *reserveInSteps(keys: readonly CounterKey[]): Steps<CounterPlan> {
    this.#expectNone();
    const same = { blocks: this.#blocks, byKind: this.#byKind, added: [], dropped: [] };
    const { blocks, byKind, added, dropped } = keys === this.#keys ? same : yield* this.#match(keys);
    this.#expectNone();
    const posted = this.#inStep ? added : [...blocks.values()];
    const follows = this.#inStep ? this.#committed : 0;
    const plan = describe(posted, { number: ++this.#lastPlan, follows, dropped: dropped.map((block) => block.id) });
    this.#pending = { keys, plan, blocks, byKind, added, dropped };
    return plan;
  }

  #expectNone(): void {
    if (this.#pending !== undefined) throw new Error('a counter reservation is open already');
  }

  *#match(keys: readonly CounterKey[]): Steps<Matched> {
    const blocks = new Map<string, CounterBlock>();
    const wanted = new Map<string, CounterKey>();
    for (let index = -ALWAYS.length; index < keys.length; index++) {
      const key = index < 0 ? ALWAYS.at(index)! : keys[index]!;
      const id = identify(key);
      const known = this.#blocks.get(id);
      if (known !== undefined) blocks.set(id, known);
      else wanted.set(id, key);
      if (index % STEP_COUNT === STEP_COUNT - 1) yield;
    }
    const dropped = blocks.size === this.#blocks.size ? [] : yield* this.#missingIn(blocks);
    const added = this.#allocate(wanted);
    for (const block of added) blocks.set(block.id, block);
    const byKind = perKind<CounterBlock>();
    let count = 0;
    for (const block of blocks.values()) {
      byKind[block.key.kind].push(block);
      if (++count % STEP_COUNT === 0) yield;
    }
    return { blocks, byKind, added, dropped };
  }

  *#missingIn(blocks: ReadonlyMap<string, CounterBlock>): Steps<readonly CounterBlock[]> {
    const missing: CounterBlock[] = [];
    let count = 0;
    for (const block of this.#blocks.values()) {
      if (!blocks.has(block.id)) missing.push(block);
      if (++count % STEP_COUNT === 0) yield;
    }
    return missing;
  }

  /** The plan is in force. `some`: a worker that has not adopted it may live; the next plan will be complete. */
  commit(plan: CounterPlan, adoption: 'all' | 'some'): void {
    const { keys, blocks, byKind, dropped } = this.#close(plan);
    this.#keys = keys;
    this.#blocks = blocks;
    this.#byKind = byKind;
    this.#fading = this.#fading.concat(dropped);
    this.#committed = plan.number;
    this.#inStep = adoption === 'all';
    if (adoption === 'all') this.#settle();
  }

  /** The plan is void: the old keys hold, with their numbers. */
  cancel(plan: CounterPlan): void {
    const { added } = this.#close(plan);
    // A worker may have adopted it before it was called off.
    this.#fading = this.#fading.concat(added);
    this.#inStep = false;
  }

  /** A complete plan for a worker that starts now; holds the keys in force and those of an open reservation. */
  complete(): CounterPlan {
    const blocks = new Map([...this.#blocks, ...(this.#pending?.blocks ?? [])]);
    // Should the open one be cancelled, the next plan will be complete again.
    const number = this.#pending?.plan.number ?? this.#committed;
    return describe([...blocks.values()], { number, follows: 0, dropped: [] });
  }

  /** Zeroes what stood for living things of a dead worker. Call it after its thread has ended and before its successor starts. */
  forgetGauges(worker: number): void {
    for (const block of this.#blocks.values()) block.clearGauges(worker);
    for (const block of this.#pending?.added ?? []) block.clearGauges(worker);
  }

  /** Undefined where the key is not counted. */
  find(key: CounterKey): CounterBlock | undefined {
    return this.#blocks.get(identify(key));
  }

  blocks(kind: CounterKind): readonly CounterBlock[] {
    return this.#byKind[kind];
  }

  #close(plan: CounterPlan): Reservation {
    const pending = this.#pending;
    if (pending?.plan.number !== plan.number) throw new Error(`counter plan ${plan.number} is not open`);
    this.#pending = undefined;
    return pending;
  }

  #allocate(wanted: ReadonlyMap<string, CounterKey>): CounterBlock[] {
    const added: CounterBlock[] = [];
    const unplaced: [string, CounterKey][] = [];
    for (const [id, key] of wanted) {
      const slot = this.#free[key.kind].pop();
      if (slot === undefined) {
        unplaced.push([id, key]);
        continue;
      }
      slot.bank.used += 1;
      const block = new CounterBlock(key, id, slot.bank, slot.first);
      block.clear();
      added.push(block);
    }
    if (unplaced.length > 0) this.#fill(unplaced, added);
    return added;
  }

  #fill(unplaced: readonly (readonly [string, CounterKey])[], added: CounterBlock[]): void {
    const cells = unplaced.reduce((sum, [, key]) => sum + BLOCK_CELLS[key.kind], 0);
    const bank = createBank(++this.#lastBank, this.workers, cells);
    bank.used = unplaced.length;
    let first = 0;
    for (const [id, key] of unplaced) {
      added.push(new CounterBlock(key, id, bank, first));
      first += BLOCK_CELLS[key.kind];
    }
  }

  /** No worker holds a faded block any more: its slot is free, and a bank without blocks goes. */
  #settle(): void {
    let emptied = false;
    for (const { bank, first, key } of this.#fading) {
      bank.used -= 1;
      emptied ||= bank.used === 0;
      this.#free[key.kind].push({ bank, first });
    }
    this.#fading = [];
    if (!emptied) return;
    const free = perKind<Slot>();
    for (const kind of Object.keys(free) as CounterKind[]) {
      for (const slot of this.#free[kind]) if (slot.bank.used > 0) free[kind].push(slot);
    }
    this.#free = free;
  }
}

// One cache line, so that two workers never write to the same one.
const LINE_CELLS = 8;

function createBank(number: number, workers: number, cells: number): MappedBank {
  const cellsPerWorker = Math.ceil(cells / LINE_CELLS) * LINE_CELLS;
  const buffer = new SharedArrayBuffer(workers * cellsPerWorker * Float64Array.BYTES_PER_ELEMENT);
  return { number, buffer, cellsPerWorker, cells: new Float64Array(buffer), workers, used: 0 };
}

function describe(blocks: readonly CounterBlock[], plan: Pick<CounterPlan, 'number' | 'follows' | 'dropped'>): CounterPlan {
  const banks = new Set<MappedBank>();
  const ids: string[] = [];
  const places = new Float64Array(blocks.length * 2);
  blocks.forEach((block, index) => {
    banks.add(block.bank);
    ids.push(block.id);
    places[index * 2] = block.bank.number;
    places[index * 2 + 1] = block.first;
  });
  const posted = [...banks].map(({ number, buffer, cellsPerWorker }) => ({ number, buffer, cellsPerWorker }));
  return { ...plan, banks: posted, ids, places };
}

function perKind<T>(): PerKind<T> {
  return { listener: [], route: [], version: [], endpoint: [], mirror: [], worker: [] };
}
