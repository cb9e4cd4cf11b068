import fc from 'fast-check';
import { expect, it } from 'vitest';
import { VERSION_BYTES_IN } from '../../../src/telemetry/counter-layout.ts';
import type { CounterPlan } from '../../../src/telemetry/counter-plan.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../src/telemetry/counter-set.ts';
import type { VersionCounters } from '../../../src/telemetry/counters.ts';
import { adoptPlan } from '../../scaffold/adopt-plan.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const WORKERS = 3;

interface Worker {
  readonly set: CounterSet;
  /** Of the last plan it adopted. */
  number: number;
  /** Which life of a name this worker's block of it belongs to. */
  lives: Map<string, number>;
  /** Every object it ever got, as exchanges may hold them for ever. */
  held: { readonly name: string; readonly counters: VersionCounters; life: number | undefined }[];
}

/** What the registry must show, kept in plain maps. A name that is dropped and comes back begins another life. */
class Model {
  readonly registry = new CounterRegistry(WORKERS);
  readonly workers: Worker[];
  lives = new Map<string, number>();
  readonly counts = new Map<number, number>();
  #lastLife = 0;

  constructor() {
    this.workers = Array.from({ length: WORKERS }, (_, index) => this.#start(index));
  }

  #start(index: number): Worker {
    const set = new CounterSet(index);
    const plan = structuredClone(this.registry.complete());
    adoptPlan(set, plan);
    return { set, number: plan.number, lives: this.lives, held: [] };
  }

  reload(names: readonly string[], followers: readonly boolean[], end: 'commit' | 'cancel'): void {
    const plan = this.registry.reserve(names.map((version) => ({ kind: 'version', pool: 'p', version })));
    const lives = new Map(names.map((name) => [name, this.lives.get(name) ?? ++this.#lastLife]));
    this.workers.forEach((worker, index) => {
      if (followers[index]! && plan.follows <= worker.number) this.#adopt(worker, plan, lives);
    });
    const all = this.workers.every((worker) => worker.number === plan.number);
    if (end === 'cancel') return this.registry.cancel(plan);
    this.registry.commit(plan, all ? 'all' : 'some');
    this.lives = lives;
  }

  #adopt(worker: Worker, plan: CounterPlan, lives: Map<string, number>): void {
    adoptPlan(worker.set, structuredClone(plan));
    worker.number = plan.number;
    // An object follows its name while that stays; once dropped it is lost for good.
    for (const held of worker.held) if (held.life !== undefined) held.life = lives.get(held.name);
    worker.lives = lives;
  }

  replace(index: number): void {
    this.registry.forgetGauges(index);
    this.workers[index] = this.#start(index);
  }

  count(index: number, name: string): void {
    const worker = this.workers[index]!;
    const life = worker.lives.get(name);
    if (life === undefined) return;
    const counters = worker.set.version('p', name);
    worker.held.push({ name, counters, life });
    counters.received(1);
    this.counts.set(life, (this.counts.get(life) ?? 0) + 1);
  }

  /** Exchanges that began long ago end now. */
  countHeld(index: number): void {
    for (const { counters, life } of this.workers[index]!.held) {
      counters.received(1);
      if (life !== undefined) this.counts.set(life, (this.counts.get(life) ?? 0) + 1);
    }
  }

  check(): void {
    const shown = this.registry.blocks('version').map((block) => [block.labels['version']!, block.total(VERSION_BYTES_IN)]);
    const expected = [...this.lives].map(([name, life]) => [name, this.counts.get(life) ?? 0]);
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(expected));
  }
}

const worker = fc.nat(WORKERS - 1);
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('reload' as const),
      names: fc.subarray(NAMES),
      followers: fc.constant([true, true, true]),
      end: fc.constant('commit' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('reload' as const),
      names: fc.subarray(NAMES),
      followers: fc.array(fc.boolean(), { minLength: WORKERS, maxLength: WORKERS }),
      end: fc.constantFrom('commit' as const, 'commit' as const, 'cancel' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('count' as const), worker, name: fc.constantFrom(...NAMES) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('held' as const), worker }) },
  fc.record({ kind: fc.constant('replace' as const), worker }),
);

it('shows each live key exactly what was counted for it, whatever workers miss, die or hold on to', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), (steps) => {
      const model = new Model();
      for (const one of steps) {
        if (one.kind === 'reload') model.reload(one.names, one.followers, one.end);
        else if (one.kind === 'count') model.count(one.worker, one.name);
        else if (one.kind === 'held') model.countHeld(one.worker);
        else model.replace(one.worker);
        model.check();
      }
    }),
    { numRuns: 300 },
  );
});
