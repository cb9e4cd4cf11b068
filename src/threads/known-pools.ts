// The pools that were read last: those that a text says again stay the same objects, so that what is worked out once for each is not worked
// out again, and nothing of them is sent to the workers.

import type { Config, PoolConfig } from '../config/model.ts';
import type { Plain } from '../lib/plain.ts';
import { sameCloned } from './same-cloned.ts';

/** A pool on its way to the control thread. */
export interface PoolPiece {
  readonly config: PoolConfig;
  /** How it is written. */
  readonly written: unknown;
}

export interface Pools {
  readonly config: Config['pools'];
  readonly written: Plain;
}

export class KnownPools {
  /** Weak: the config in force holds what is written, and nothing else need. */
  #written: WeakRef<Plain> | undefined = undefined;
  readonly #known = new WeakMap<Plain, ReadonlyMap<string, PoolPiece>>();

  /** From now on these are known, in place of those before. */
  remember(pieces: ReadonlyMap<string, PoolPiece>, { written }: Pools): void {
    this.#written = new WeakRef(written);
    this.#known.set(written, pieces);
  }

  /** Begins without any pool. */
  collect(): PoolCollection {
    const written = this.#written?.deref();
    return new PoolCollection((written && this.#known.get(written)) ?? new Map());
  }
}

export class PoolCollection {
  /** By name. */
  readonly pieces = new Map<string, PoolPiece>();
  readonly #known: ReadonlyMap<string, PoolPiece>;

  constructor(known: ReadonlyMap<string, PoolPiece>) {
    this.#known = known;
  }

  get length(): number {
    return this.pieces.size;
  }

  /** The next one. What a pool means follows from its name, from how it is written, and from where files lie that it names. */
  add(piece: PoolPiece): void {
    const { name } = piece.config;
    const known = this.#known.get(name);
    const isSame = known !== undefined && sameCloned(piece.written, known.written) && sameCloned(piece.config, known.config);
    this.pieces.set(name, isSame ? known : piece);
  }

  /** When all have come. */
  get pools(): Pools {
    const pieces = [...this.pieces];
    return {
      config: pieces.map(([, { config }]) => config),
      written: Object.fromEntries(pieces.map(([name, { written }]) => [name, written])),
    };
  }
}
