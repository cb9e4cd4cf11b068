// What this worker draws versions and samples from. Streams outlive Tables: a reload that leaves their shares as they are does not begin them
// anew, which would bend these.

import { freshFraction } from '../lib/random.ts';
import { Sfc32 } from '../lib/sfc32.ts';
import { Slots } from '../routing/slots.ts';
import { SplitStream } from '../routing/split-stream.ts';
import type { PoolTable } from '../routing/table.ts';

interface Sampled {
  readonly share: number;
  readonly slots: Slots;
}

export class SplitChance {
  /** Random per worker, lest all workers choose alike. */
  readonly #chance = new Sfc32([freshWord(), freshWord(), freshWord()]);
  readonly #random = (): number => this.#chance.next();
  #streams = new Map<string, SplitStream>();
  #sampled = new Map<string, Sampled>();
  #newStreams = new Map<string, SplitStream>();
  #newSampled = new Map<string, Sampled>();

  /** Before the first call for a Table. */
  begin(): void {
    this.#newStreams = new Map();
    this.#newSampled = new Map();
  }

  /** After the last one: what was not asked for is forgotten. */
  end(): void {
    this.#streams = this.#newStreams;
    this.#sampled = this.#newSampled;
  }

  /** @param names of the pool that it is for, and of its mirror; `pool` is the one that is split */
  stream(names: readonly string[], pool: PoolTable): SplitStream {
    const id = names.join('\n');
    const before = this.#streams.get(id);
    const stream = before?.fits(pool) === true ? before : new SplitStream(pool, this.#random, before);
    this.#newStreams.set(id, stream);
    return stream;
  }

  /** Undefined where a share of 0 or 1 leaves nothing to chance. */
  slots(names: readonly string[], share: number): Slots | undefined {
    if (!(share > 0 && share < 1)) return undefined;
    const id = names.join('\n');
    const before = this.#sampled.get(id);
    const sampled = before?.share === share ? before : { share, slots: new Slots(share, this.#random) };
    this.#newSampled.set(id, sampled);
    return sampled.slots;
  }
}

function freshWord(): number {
  return Math.floor(freshFraction() * 2 ** 32);
}
